# SPDX-License-Identifier: MIT
"""What another service learns of a token through libauthtoken."""

import os
import select
import signal
import subprocess

import pytest

from private_bus import OWN_UID, OWN_USER, SECONDS

ALWAYS = 20_000_000
SHORT = 200_000


class Probe:
    """A service that keeps its connection."""

    def __init__(self, path, timeout_usec):
        self.process = subprocess.Popen([os.environ["LIBRARY_PROBE"], path, str(timeout_usec)],
                                        user=OWN_UID, group=OWN_UID, extra_groups=[], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, token, audience="-"):
        self.process.stdin.write(f"{audience} {token}\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        assert ready, "the library did not come back"
        return self.process.stdout.readline().strip()

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


def test_the_example_says_who_it_is(path, token):
    done = subprocess.run([os.environ["WHOAMI"], path], input=token + "\n", text=True, capture_output=True,
                          timeout=SECONDS, check=True)
    assert done.stdout == f"{OWN_USER}, an admin\n"
    done = subprocess.run([os.environ["WHOAMI"], path], input="e30.e30.e30\n", text=True, capture_output=True,
                          timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("refused: ")
