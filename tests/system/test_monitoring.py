# SPDX-License-Identifier: MIT
"""What an administrator sees of a host: status, metrics, live events, and the journal's explanations."""

import json
import queue
import re
import subprocess
import threading

import pytest

from authtoken import CallFailed
from deadline import SECONDS, wait_until
from host import SERVICE


class Monitor:
    """authtokenctl monitor --json inside."""

    def __init__(self, host, user=None):
        self.host = host
        words = ["authtokenctl", "monitor", "--json"]
        if user:
            words = ["runuser", "-u", user, "--", *words]
        self.process = subprocess.Popen(host.bed.command(*words), text=True, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.next("Daemon")

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def next(self, event, **members):
        while True:
            row = json.loads(self.lines.get(timeout=SECONDS))
            if row["event"] == event and members.items() <= row.items():
                return row

    def stop(self):
        """Interrupt it inside; a signal out here would meet the program that went in."""
        if self.process.poll() is None:
            self.host.bed.run("pkill", "-INT", "-f", "authtokenctl monitor --json", check=False)
        return self.process.wait(SECONDS)


@pytest.fixture
def monitor(host):
    made = []

    def make(user=None):
        made.append(Monitor(host, user))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def status(host):
    (row,) = json.loads(host.bed.output("authtokenctl", "status", "--json"))["status"]
    return row


def samples(host):
    text = host.bed.run("authtokenctl", "metrics").stdout
    assert text.endswith("# EOF\n")
    parser = pytest.importorskip("prometheus_client.openmetrics.parser")
    return {(sample.name, *sorted(sample.labels.values())): sample.value
            for family in parser.text_string_to_metric_families(text) for sample in family.samples}


def test_the_monitor_shows_a_login_and_its_end(host, monitor):
    seen = monitor()
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    row = seen.next("SessionOpened", session=token.session)
    assert (row["user"], row["service"], row["rhost"]) == ("alice", "sshd", "127.0.0.1")
    assert host.authtoken.kick_session(token) == (1, 0)
    assert seen.next("SessionEnding", session=token.session)["user"] == "alice"
    assert seen.next("SessionEnded", session=token.session)["reason"] == "session-kicked"
    shell.wait_closed()
    assert seen.stop() == 0


def test_the_monitor_names_nobody_to_others(host, monitor):
    seen = monitor("bob")
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    assert "user" not in seen.next("SessionOpened", session=token.session)
    shell.logout()


def test_the_monitor_outlives_the_daemon(host, monitor):
    seen = monitor()
    host.bed.systemctl("restart", SERVICE)
    seen.next("Daemon", reason="stopped")
    seen.next("Daemon", reason="running")
    host.authtoken.wait_ready()
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    assert seen.next("SessionOpened", session=token.session)["user"] == "alice"
    shell.logout()


def test_metrics_count_what_happens(host):
    before = samples(host)
    token = host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    host.ssh.refusal("alice", token.with_broken_signature())
    during = samples(host)
    assert during[("authtoken_live_logins",)] == 1
    assert host.authtoken.kick_session(token) == (1, 0)
    shell.wait_closed()
    after = samples(host)

    def grown(*key):
        return after.get(key, 0) - before.get(key, 0)

    assert grown("authtoken_logins_total", "accepted", "ok") == 1
    assert grown("authtoken_logins_total", "refused", "signature-invalid") == 1
    assert grown("authtoken_suspicious_events_total") == 1
    assert grown("authtoken_sessions_kicked_total") == 1
    assert grown("authtoken_tokens_issued_total") == 1
    assert after[("authtoken_live_logins",)] == 0


def test_the_status_answers_for_the_store(host):
    row = status(host)
    assert (row["store_type"], row["store_online"]) == (host.store, True)
    assert row["store_p99_usec"] >= row["store_p50_usec"] > 0
    wait_until(lambda: status(host)["sessions"] is not None, "the sessions are counted")


@pytest.mark.store("redis")
def test_status_and_metrics_answer_while_the_store_hangs(host):
    with host.bed.paused("redis-server"):
        with pytest.raises(CallFailed):
            host.authtoken.issue("alice")
        assert status(host)["store_type"] == "redis"
        assert ("authtoken_up",) in samples(host)
        wait_until(lambda: status(host)["warnings"], "the warning that the store does not answer")
    wait_until(lambda: status(host)["store_online"], "the store is back")


def test_what_is_suspicious_is_marked(host):
    token = host.authtoken.issue("alice")
    host.ssh.refusal("alice", token.with_broken_signature())
    host.ssh.refusal("bob", token.text)
    for user, reason in (("alice", "signature-invalid"), ("bob", "user-mismatch")):
        entry = host.journal.wait_for(AUTHTOKEN_SUSPICIOUS="1", AUTHTOKEN_REASON=reason)
        assert entry["AUTHTOKEN_USER"] == user and int(entry["PRIORITY"]) <= 4
    host.ssh.refusal("alice", "a.b.c")
    assert len(host.journal.entries(AUTHTOKEN_SUSPICIOUS="1")) == 2


def test_the_journal_explains_each_event(host):
    token = host.authtoken.issue("alice")
    host.ssh.refusal("alice", token.with_broken_signature())
    host.journal.wait_for(AUTHTOKEN_REASON="signature-invalid")
    text = host.bed.output("journalctl", "--quiet", "--catalog", "--lines=50", "AUTHTOKEN_REASON=signature-invalid")
    assert re.search(r"Subject: Login with an access token as alice", text)


def test_an_ordinary_user_cannot_drown_the_journal(host):
    """A flood of calls that are refused, by somebody who may not."""
    script = ("for i in $(seq 60); do busctl call org.authtoken1 /org/authtoken1 org.authtoken1.Manager "
              "KickUser 'sa{sv}s' alice 0 '' 2>/dev/null; done; true")
    host.bed.run("sh", "-c", script, user="bob")
    uid = host.bed.output("id", "--user", "bob")
    lines = [entry for entry in host.journal.entries(AUTHTOKEN_EVENT="bus-call", AUTHTOKEN_PEER_UID=uid)
             if entry["AUTHTOKEN_REASON"] == "not-authorised"]
    assert 20 <= len(lines) < 60
    token = host.authtoken.issue("alice")
    host.ssh.refusal("alice", token.with_broken_signature())
    host.journal.wait_for(AUTHTOKEN_REASON="signature-invalid", AUTHTOKEN_USER="alice")
