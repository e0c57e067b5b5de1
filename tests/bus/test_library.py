# SPDX-License-Identifier: MIT
"""What another service learns of a token through libauthtoken."""

import os
import select
import signal
import subprocess

import pytest

from deadline import wait_until
from private_bus import OWN_UID, OWN_USER, SECONDS

ALWAYS = 20_000_000
SHORT = 200_000


class Probe:
    """A service that keeps its connection."""

    def __init__(self, path, timeout_usec):
        self.process = subprocess.Popen([os.environ["LIBRARY_PROBE"], path, str(timeout_usec)],
                                        user=OWN_UID, group=OWN_UID, extra_groups=[], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)

    def write(self, token, audience="-"):
        self.process.stdin.write(f"{audience} {token}\n".encode(errors="surrogateescape"))

    def read(self):
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        assert ready, "the library did not come back"
        return self.process.stdout.readline().decode().strip()

    def ask(self, token, audience="-"):
        self.write(token, audience)
        return self.read()

    def ask_in_child(self, token):
        """The child's process id; its answer comes as a line of its own."""
        return int(self.ask(token, "&-"))

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(SECONDS) == 0
        self.process.stdout.close()


@pytest.fixture
def path(daemon):
    (daemon.directory / "socket").chmod(0o755)
    daemon.socket.chmod(0o666)
    return daemon.socket


@pytest.fixture
def probe(path):
    started = Probe(path, ALWAYS)
    yield started
    started.stop()


@pytest.fixture
def token(root):
    text, _ = root.issue(OWN_USER, "{'roles': <['admin']>, 'audience': <['authtoken', 'wiki']>}")
    yield text
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_a_good_token_tells_its_claims(probe, token):
    assert probe.ask(token) == f"0 ok {OWN_USER} claims 1 1"


def test_the_audience_is_the_services_own(probe, token):
    assert probe.ask(token, "wiki") == f"0 ok {OWN_USER} claims 1 1"
    assert probe.ask(token, "shop") == "1 audience-mismatch - - 0 0"


@pytest.mark.parametrize("audience", ["w" * 1025, "wik\udcee"], ids=["long", "no UTF-8"])
def test_what_can_be_no_audience_is_the_callers_mistake(probe, token, audience):
    assert probe.ask(token, audience) == "errno Invalid argument"
    assert probe.ask(token, "w" * 1024) == "1 audience-mismatch - - 0 0"


def test_what_is_no_token_is_refused(probe, token):
    assert probe.ask("secret") == "1 token-malformed - - 0 0"
    assert probe.ask(token + "A") == "1 signature-invalid - - 0 0"
    assert probe.ask("A" * 16385) == "1 token-too-large - - 0 0"
    assert probe.ask("") == "errno Invalid argument"
    assert probe.ask(token) == f"0 ok {OWN_USER} claims 1 1"


def test_a_revoked_token_is_refused_on_the_same_connection(probe, token, root):
    assert probe.ask(token).startswith("0 ok")
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    assert probe.ask(token) == "1 session-revoked - - 0 0"


def test_a_restart_of_the_daemon_goes_unnoticed(probe, token, daemon, root):
    assert probe.ask(token).startswith("0 ok")
    daemon.stop()
    assert probe.ask(token) == "3 daemon-absent - - 0 0"
    daemon.start_again(root)
    daemon.socket.chmod(0o666)
    assert probe.ask(token) == f"0 ok {OWN_USER} claims 1 1"


def test_a_daemon_that_hangs_costs_the_time_out_and_no_wrong_answer(path, token, daemon):
    impatient = Probe(path, SHORT)
    daemon.process.send_signal(signal.SIGSTOP)
    assert impatient.ask(token) == "3 daemon-timeout - - 0 0"
    daemon.process.send_signal(signal.SIGCONT)
    # The late answer to the first question must not be taken for the second's.
    patient = Probe(path, ALWAYS)
    assert patient.ask("secret") == "1 token-malformed - - 0 0"
    impatient.stop()
    patient.stop()


def test_a_time_out_may_be_without_end(path, token):
    for without_end in (2 ** 64 - 1, 2 ** 63):
        patient = Probe(path, without_end)
        assert patient.ask(token) == f"0 ok {OWN_USER} claims 1 1"
        patient.stop()


def is_asleep(pid):
    """As it is in one place only: where it waits for the answer."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def test_a_child_leaves_no_answer_of_its_own_to_its_parent(probe, token, daemon):
    assert probe.ask(token).startswith("0 ok")
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        child = probe.ask_in_child(token)
        wait_until(lambda: is_asleep(child), "the child never asked")
        os.kill(child, signal.SIGKILL)
        probe.write("secret")
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    # That of the good token comes first, and is the child's.
    assert probe.read() == "1 token-malformed - - 0 0"


def test_parent_and_child_ask_by_turns(probe, token):
    assert probe.ask(token).startswith("0 ok")
    for _ in range(3):
        probe.ask_in_child(token)
        assert probe.read() == f"0 ok {OWN_USER} claims 1 1"
        assert probe.ask("secret") == "1 token-malformed - - 0 0"


def test_the_example_says_who_it_is(path, token):
    done = subprocess.run([os.environ["WHOAMI"], path], input=token + "\n", text=True, capture_output=True,
                          timeout=SECONDS, check=True)
    assert done.stdout == f"{OWN_USER}, an admin\n"
    done = subprocess.run([os.environ["WHOAMI"], path], input="e30.e30.e30\n", text=True, capture_output=True,
                          timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("refused: ")
