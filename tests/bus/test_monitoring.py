# SPDX-License-Identifier: MIT
"""What the daemon tells about itself: status, metrics, live events, and lines for what is refused."""

import json
import os
import re
import signal
import subprocess
import threading

import pytest

from command import OK, UNREACHABLE, USAGE, check
from frames import AUTHENTICATE, DENIED, REASON, SERVICE, TOKEN, USER, ask
from private_bus import (HERE, OTHER_UID, OWN_UID, OWN_USER, SECONDS, CallError, is_served, wait_until)
from token_login import Login

LINES_MAX = 20


def parse(text):
    """{sample name: {labels: value}} by a parser of somebody else, if it is there, and by the form."""
    assert text.endswith("# EOF\n")
    families, samples = {}, {}
    for line in text.splitlines():
        if match := re.fullmatch(r"# TYPE (authtoken_[a-z0-9_]+) (gauge|counter|info|histogram)", line):
            assert match.group(1) not in families, f"{match.group(1)} comes twice"
            families[match.group(1)] = match.group(2)
        elif match := re.fullmatch(r"(authtoken_\w+?)(\{[^}]*\})? (\d+(?:\.\d+)?)", line):
            name, labels, value = match.groups()
            assert any(name == family or name.startswith(family + "_") for family in families), line
            assert labels not in samples.setdefault(name, {}), f"{line} comes twice"
            samples[name][labels] = float(value)
        else:
            assert re.fullmatch(r"# HELP authtoken_\w+ \S.*\.|# EOF", line), line
    for family, kind in families.items():
        if kind == "counter":
            assert all(name.endswith("_total") for name in samples if name.startswith(family + "_t")), family
    try:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
    except ImportError:
        return samples
    parsed = {sample.name for one in text_string_to_metric_families(text) for sample in one.samples}
    assert parsed == set(samples)
    return samples


def metrics(caller):
    (text,) = caller.call("GetMetrics")
    return parse(text)


def login_status(daemon, token, user=OWN_USER):
    _, status, answer = ask(daemon.socket, AUTHENTICATE,
                            {USER: user, SERVICE: "sshd", TOKEN: token})
    return status, answer.get(REASON)


def test_the_metrics_can_be_parsed(root):
    samples = metrics(root)
    assert samples["authtoken_up"] == {None: 1}
    assert samples["authtoken_build_info"] == {'{version="0.1.0"}': 1}
    assert samples["authtoken_store_up"] == {None: 1}
    assert samples["authtoken_signing_key"] == {None: 1}


def test_the_independent_parser_is_there():
    """Else the test above has only looked at lines."""
    pytest.importorskip("prometheus_client.openmetrics.parser")


def test_everybody_may_read_them_and_nobody_is_named(root, other, daemon):
    token, sid = root.issue(OWN_USER)
    login_status(daemon, token)
    root.call("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')")
    (text,) = other.call("GetMetrics")
    assert OWN_USER not in text and sid not in text
    assert not [part for part in token.split(".") if part in text]


def test_what_happens_is_counted(root, daemon):
    before = metrics(root)
    token, sid = root.issue(OWN_USER)
    assert login_status(daemon, token) == (0, None)
    assert login_status(daemon, token, "root") == (DENIED, "user-mismatch")
    root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    root.call("KickSession", f"('{sid}', '')")
    with pytest.raises(CallError):
        root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    after = metrics(root)

    def grown(name, labels=None):
        return after[name].get(labels, 0) - before[name].get(labels, 0)

    assert grown("authtoken_tokens_issued_total") == 1
    assert grown("authtoken_sessions_kicked_total") == 1
    assert grown("authtoken_logins_total", '{result="accepted",reason="ok"}') == 1
    assert grown("authtoken_logins_total", '{result="refused",reason="user-mismatch"}') == 1
    assert grown("authtoken_suspicious_events_total") == 1
    assert grown("authtoken_validations_total", '{result="accepted"}') == 1
    assert grown("authtoken_validations_total", '{result="refused"}') == 1
    assert grown("authtoken_store_operations_total", '{operation="commit",result="ok"}') >= 2
    assert grown("authtoken_store_latency_seconds_count") >= 2


def test_the_histogram_adds_up(root):
    samples = metrics(root)
    bounds = [(float(re.search(r'le="([^"]+)"', labels).group(1)), count)
              for labels, count in samples["authtoken_store_latency_seconds_bucket"].items()]
    counts = [count for _, count in sorted(bounds)]
    assert counts == sorted(counts)
    assert max(bounds)[0] == float("inf")
    assert [counts[-1]] == list(samples["authtoken_store_latency_seconds_count"].values())


def test_live_sessions_are_counted_at_the_start(root, daemon):
    root.issue(OWN_USER)
    root.issue(OWN_USER)
    daemon.restart(root)
    samples = wait_until(lambda: "authtoken_live_sessions" in (found := metrics(root)) and found, "the census")
    assert samples["authtoken_live_sessions"] == {None: 2}
    assert samples["authtoken_users"] == {None: 1}
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_the_command_prints_them(ctl):
    parse(check(ctl("metrics", uid=OTHER_UID), OK).stdout)


def test_the_command_replaces_a_file(ctl, tmp_path):
    path = tmp_path / "authtoken.prom"
    path.write_text("old", encoding="utf-8")
    done = check(ctl("metrics", "--output", str(path)), OK)
    assert not done.stdout
    parse(path.read_text(encoding="utf-8"))
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_left_alone(ctl, tmp_path):
    (tmp_path / "here").mkdir()
    done = ctl("metrics", "--output", str(tmp_path / "here"))
    assert done.returncode == 1 and "cannot write" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    check(ctl("metrics", "--output", str(tmp_path / "no" / "such")), 1, "cannot write")


def test_what_is_no_file_is_not_replaced_by_one(ctl, tmp_path):
    """As root that would be /dev/null and /dev/stdout, for every program of the host."""
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "elsewhere")
    for path in (pipe, link):
        check(ctl("metrics", "--output", str(path)), 1, "no regular file")
    assert pipe.is_fifo() and link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, pipe]


def test_without_a_daemon_the_metrics_say_so(ctl, tmp_path):
    path = tmp_path / "authtoken.prom"
    done = ctl("metrics", "--output", str(path), address=f"unix:path={tmp_path}/nobody")
    assert done.returncode == UNREACHABLE
    assert parse(path.read_text(encoding="utf-8")) == {"authtoken_up": {None: 0}}


@pytest.mark.parametrize("arguments", [("metrics", "x"), ("metrics", "--json"), ("monitor", "x"), ("status", "x"),
                                       ("metrics", "--output", "a", "--output", "b")])
def test_what_cannot_be_is_refused(ctl, arguments):
    assert ctl(*arguments).returncode == USAGE


def test_the_status_tells_the_last_refusal(root, ctl, daemon):
    assert login_status(daemon, "a.b.c")[0] == DENIED
    (row,) = json.loads(check(ctl("status", "--json"), OK).stdout)["status"]
    assert row["last_refusal_event"] == "authenticate"
    assert row["last_refusal_time"] >= row["started"] > 1_600_000_000
    plain = check(ctl("status", uid=OWN_UID), OK).stdout
    assert re.search(r"^ +Last refusal: [a-z-]+$", plain, re.MULTILINE)
    assert re.search(r"^ +Hooks: off$", plain, re.MULTILINE)
    assert re.search(r"^ +99 % within \(us\): \d+$", plain, re.MULTILINE)
    # Synchronous=off, as the tests have it, does not survive a power cut.
    assert re.search(r"^ +Warning: store: ", plain, re.MULTILINE)
    assert row["warnings"] == re.findall(r"^ +Warning: (.*)$", plain, re.MULTILINE)


class Monitor:
    """authtokenctl monitor, with its lines."""

    def __init__(self, bus, *arguments, uid=0):
        self.process = subprocess.Popen(
            [os.environ["AUTHTOKENCTL"], f"--bus={bus.address}", "monitor", *arguments], user=uid, group=uid,
            extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def find(self, condition):
        with self.changed:
            def found():
                return next((line for line in self.lines if condition(line)), None)

            assert self.changed.wait_for(lambda: found() is not None, SECONDS), self.lines
            return found()

    def event(self, name, **members):
        def fits(line):
            row = json.loads(line)
            return row["event"] == name and all(row.get(key) == value for key, value in members.items())

        return json.loads(self.find(fits))

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        self.reader.join()
        said = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return status, said


@pytest.fixture
def monitor(bus):
    made = []

    def make(*arguments, **options):
        made.append(Monitor(bus, *arguments, **options))
        return made[-1]

    yield make
    for one in made:
        if one.process.returncode is None:
            one.stop()


def test_root_sees_whose_login_it_is(root, daemon, monitor):
    seen = monitor("--json")
    seen.event("Daemon", reason="running")
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    row = seen.event("SessionOpened", session=sid)
    assert (row["user"], row["service"], row["rhost"], row["reason"]) == (OWN_USER, "test", "192.0.2.1", "login")
    number = root.send("KickSession", f"('{sid}', '')")
    row = seen.event("SessionEnding", session=sid)
    assert (row["user"], row["reason"]) == (OWN_USER, "session-kicked") and row["deadline_usec"] > 0
    login.leave()
    root.result(number)
    assert seen.event("SessionEnded", session=sid)["user"] == OWN_USER
    assert seen.stop() == (0, "")


def test_lines_for_people(root, daemon, monitor):
    seen = monitor()
    seen.find(lambda line: line.endswith("daemon    running"))
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    line = seen.find(lambda line: " opened " in line)
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d opened    {sid} login user={OWN_USER} service=test .*", line)
    login.leave()
    root.call("RevokeSession", f"('{sid}', '')")
    seen.find(lambda line: f" ended     {sid} session-revoked" in line)
    assert seen.stop(signal.SIGTERM) == (0, "")


def test_nothing_of_a_line_is_an_order_to_the_terminal(root, daemon, monitor):
    """ESC, CSI as one character of C1, which takes two bytes in UTF-8, and what has a line read backwards."""
    seen = monitor()
    seen.find(lambda line: line.endswith("daemon    running"))
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token, rhost="a\x1b[2Jb\x9b2Jc\u00a0é\u202ed\u2067")
    line = seen.find(lambda line: f" opened    {sid}" in line)
    assert " rhost=a?[2Jb?2Jc\u00a0é?d?" in line
    login.leave()
    root.call("RevokeSession", f"('{sid}', '')")
    assert seen.stop() == (0, "")


def test_others_see_that_something_happens_and_not_whose(root, daemon, monitor, polkit):
    polkit.answers("no")
    own, other = monitor("--json", uid=OWN_UID), monitor("--json", uid=OTHER_UID)
    for seen in (own, other):
        seen.event("Daemon", reason="running")
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    assert own.event("SessionOpened", session=sid)["user"] == OWN_USER
    row = other.event("SessionOpened", session=sid)
    assert set(row) == {"time_usec", "event", "session", "reason"}
    login.leave()
    root.call("RevokeSession", f"('{sid}', '')")


def test_it_survives_a_restart_of_the_daemon(root, daemon, monitor):
    seen = monitor("--json")
    seen.event("Daemon", reason="running")
    daemon.stop()
    seen.event("Daemon", reason="stopped")
    seen.lines.clear()
    daemon.start()
    seen.event("Daemon", reason="running")
    wait_until(lambda: is_served(root), "authtokend on the bus")
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    assert seen.event("SessionOpened", session=sid)["user"] == OWN_USER
    login.leave()
    root.call("RevokeSession", f"('{sid}', '')")
    assert seen.stop() == (0, "")


def test_it_waits_for_a_daemon_that_hangs_no_longer_than_needed(root, daemon, monitor):
    """The list of sessions does not come, the events do."""
    seen = monitor("--json")
    seen.event("Daemon", reason="running")
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        assert seen.stop() == (0, "")
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)
    wait_until(lambda: is_served(root), "authtokend on the bus")


def rubbish(daemon, uid, count):
    """So many connections of a uid, each with a packet that is none."""
    subprocess.run(
        ["/usr/bin/python3", "-B", "-c",
         "import sys; sys.path.insert(0, sys.argv[1]); from frames import connect\n"
         "for _ in range(int(sys.argv[3])):\n"
         "    with connect(sys.argv[2]) as peer:\n"
         "        peer.send(b'rubbish'); peer.recv(1)\n",
         str(HERE), str(daemon.socket), str(count)], user=uid, group=uid, extra_groups=[],
        check=True, timeout=SECONDS)


@pytest.fixture
def open_socket(daemon):
    """Others than root reach the socket, as on a host."""
    (daemon.directory / "socket").chmod(0o755)
    yield
    (daemon.directory / "socket").chmod(0o700)


def test_a_packet_that_is_none_has_its_line(daemon, open_socket):
    rubbish(daemon, OTHER_UID, 1)
    wait_until(lambda: re.search(r"request for unknown user refused: .*\(bad-request\)", daemon.log_text()), "the line")


def test_a_request_that_is_roots_has_its_line(daemon, open_socket):
    subprocess.run(["/usr/bin/python3", "-B", HERE / "frames.py", daemon.socket, "OPEN_SESSION",
                    f"USER={OWN_USER}", "SERVICE=sshd", "HANDLE=AAAAAAAAAAAAAAAAAAAAAA"], user=OWN_UID, group=OWN_UID,
                   extra_groups=[], check=True, timeout=SECONDS)
    wait_until(lambda: re.search(r"request for unknown user refused: .*\(not-authorised\)", daemon.log_text()), "the line")


def test_a_flood_of_refusals_is_counted_and_not_dropped_silently(root, daemon, open_socket):
    before = metrics(root)["authtoken_refusals_left_out_total"][None]
    seen = daemon.log_text().count("(bad-request)")
    rubbish(daemon, OWN_UID, 300)
    left_out = metrics(root)["authtoken_refusals_left_out_total"][None] - before
    lines = daemon.log_text().count("(bad-request)") - seen
    assert lines + left_out == 300
    assert lines <= 3 * LINES_MAX
    # root's are all written, whatever others do.
    for _ in range(2 * LINES_MAX):
        login_status(daemon, "a.b.c", "root")
    wait_until(lambda: daemon.log_text().count("authenticate for root refused") >= 2 * LINES_MAX, "root's lines")


@pytest.mark.parametrize("member, arguments, code", [
    ("RevokeSession", "('AAAAAAAAAAAAAAAAAAAAAA', '')", "session-unknown"),
    ("KickSession", "('AAAAAAAAAAAAAAAAAAAAAA', '')", "session-unknown"),
])
def test_a_call_that_finds_nothing_has_its_line(root, daemon, member, arguments, code):
    seen = daemon.log_text().count(f"bus-call for unknown user refused: no session of the user has this id ({code})")
    with pytest.raises(CallError):
        root.call(member, arguments)
    wait_until(lambda: daemon.log_text().count(f"({code})") > seen, "the line")


def test_a_call_that_polkit_refuses_has_its_line(other, daemon, polkit):
    with pytest.raises(CallError):
        other.call("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')")
    wait_until(lambda: f"bus-call for {OWN_USER} refused: the caller may not ask for this" in daemon.log_text(), "the line")


def test_a_call_that_cannot_be_is_counted(root, other):
    key = '{event="bus-call",reason="bad-request"}'
    before = metrics(root)["authtoken_events_total"].get(key, 0)
    with pytest.raises(CallError):
        other.call("KickUser", f"('{OWN_USER}', {{'nonsense': <true>}}, '')")
    assert metrics(root)["authtoken_events_total"][key] == before + 1
