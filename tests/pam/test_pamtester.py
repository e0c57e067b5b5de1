# SPDX-License-Identifier: MIT
"""The module and the real authtokend, with pamtester in the place of sshd."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from deadline import SECONDS, wait_until

USER, OTHER, PASSWORD = "alice", "bob", "correct horse"
WRAPPERS = ("libpam_wrapper.so", "libnss_wrapper.so")
FORGED = "AAECAwQFBgcICQoLDA0ODw"

CONFIG = """
[Daemon]
Socket={0}/pam.sock
RuntimeDirectory={0}/logins
StateDirectory={0}/state
Bus=session
LogTarget=stderr
LogLevel=debug
[Token]
Leeway=0s
"""

# As pam-auth-update arranges them, with a script for pam_unix.
STACK = """
auth    [success=1 ignore=ignore default=die] {module} socket={0}/pam.sock {options}
auth    requisite pam_exec.so quiet expose_authtok {0}/check
auth    required pam_permit.so
account [success=ok ignore=ignore default=die] {module} socket={0}/pam.sock
account required pam_permit.so
session required pam_exec.so quiet {0}/gate before
session [success=ok ignore=ignore default=bad] {module} socket={0}/pam.sock
session required pam_exec.so quiet {0}/gate after
session required pam_permit.so
"""

CHECK = """#!/bin/sh
[ "$PAM_TYPE" = auth ] || exit 0
tr -d '\\0' | tee -a {0}/passwords | grep -Fxq 'correct horse'
"""

# The login waits here, if the test asks it to, and says which handle its environment holds.
GATE = """#!/bin/sh
[ "$PAM_TYPE" = open_session ] && [ -e {0}/closed-$1 ] || exit 0
echo "handle $AUTHTOKEN_HANDLE" >{0}/reached
read -r _ <{0}/go
"""


def library(name):
    return next(iter(sorted(map(str, pathlib.Path("/usr/lib").glob(f"*/{name}")))), None)


def missing():
    if missing_variables := [name for name in ("AUTHTOKEND", "PAM_AUTHTOKEN") if not os.environ.get(name)]:
        return f"{' and '.join(missing_variables)} do not name what meson built"
    if os.geteuid() != 0:
        return "only root gets handles from the daemon"
    for tool, package in (("pamtester", "pamtester"), ("dbus-daemon", "dbus"), ("busctl", "systemd")):
        if not shutil.which(tool):
            return f"{tool} is missing: install {package}"
    for name in WRAPPERS:
        if not library(name):
            return f"{name} is missing: install libpam-wrapper and libnss-wrapper"
    return None


pytestmark = pytest.mark.skipif(bool(missing()), reason=str(missing()))


class Login:
    """pamtester at work, with what is typed at its prompts."""

    def __init__(self, host, *steps, user=USER, service="login", answer="", environment=()):
        directory = host.directory
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            ["pamtester", *(part for pair in environment for part in ("-E", pair)), service, user, *steps],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "LD_PRELOAD": ":".join(map(library, WRAPPERS)), "PAM_WRAPPER": "1",
                 "PAM_WRAPPER_SERVICE_DIR": f"{directory}/pam.d",
                 "NSS_WRAPPER_PASSWD": f"{directory}/passwd", "NSS_WRAPPER_GROUP": f"{directory}/group"})
        self.process.stdin.write(answer + "\n")
        self.process.stdin.close()

    def end(self):
        """(did all steps succeed, what was printed, seconds)"""
        with contextlib.closing(self.process.stdout):
            output = self.process.stdout.read()
        assert self.process.wait(SECONDS) in (0, 1), output
        return self.process.returncode == 0, output, time.monotonic() - self.began


class Host:
    """A directory with a daemon, a bus, users and PAM services of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.bus_address = f"unix:path={directory}/bus"
        self.log = directory / "authtokend.log"
        self.processes = []
        for name in ("pam.d", "logins", "state"):
            (directory / name).mkdir(mode=0o700)
        for name in ("reached", "go"):
            os.mkfifo(directory / name)
        self.write("passwd", f"root:x:0:0::/:/bin/sh\n{USER}:x:1001:1001::/:/bin/sh\n"
                   f"{OTHER}:x:1002:1002::/:/bin/sh\n")
        self.write("group", f"root:x:0:\n{USER}:x:1001:\n{OTHER}:x:1002:\n")
        self.write("check", CHECK.format(directory), 0o755)
        self.write("gate", GATE.format(directory), 0o755)
        self.write("authtokend.conf", CONFIG.format(directory))
        self.write("pam.d/other", "auth required pam_deny.so\n")
        for service, options in (("login", ""), ("strict", "token_only")):
            self.write(f"pam.d/{service}", STACK.format(
                directory, module=os.environ["PAM_AUTHTOKEN"], options=options))

    def write(self, name, text, mode=0o644):
        (self.directory / name).write_text(text, encoding="utf-8")
        (self.directory / name).chmod(mode)

    def start_bus(self):
        self.processes.append(subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={self.bus_address}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_until((self.directory / "bus").exists, "the bus")

    def start_daemon(self):
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen(
                [os.environ["AUTHTOKEND"], "--config", self.directory / "authtokend.conf"], stderr=log,
                env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": self.bus_address})
        wait_until(lambda: self.daemon.poll() is not None or self.call("GetStatus", check=False), "authtokend")
        assert self.daemon.poll() is None, self.log_text()

    def stop_daemon(self):
        self.daemon.send_signal(signal.SIGCONT)
        self.daemon.terminate()
        assert self.daemon.wait(SECONDS) == 0, self.log_text()

    def stop(self):
        self.stop_daemon()
        for process in self.processes:
            process.terminate()
            process.wait(SECONDS)
        assert not re.search(r"Sanitizer|runtime error:", self.log_text()), self.log_text()

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def call(self, member, *arguments, check=True):
        done = subprocess.run(
            ["busctl", f"--address={self.bus_address}", "--json=short", "--", "call", "org.authtoken1",
             "/org/authtoken1", "org.authtoken1.Manager", member, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if not check and done.returncode:
            return None
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["data"] if done.stdout.strip() else []

    def issue(self, user=USER, lifetime=900):
        """(token, session)"""
        token, _, info = self.call("IssueToken", "sa{sv}", user, "1", "lifetime", "t", str(lifetime))
        return token, info["session"]["data"]

    def login(self, *steps, **options):
        return Login(self, *steps, **options).end()

    def denied(self, reason, *steps, **options):
        """The login is refused, for this reason, and nobody at the prompt hears which."""
        before = self.log_text().count(reason)
        passed, output, _ = self.login(*steps, **options)
        assert not passed, output
        assert reason not in output
        wait_until(lambda: self.log_text().count(reason) > before, f"{reason} in the log")
        return output

    @contextlib.contextmanager
    def held(self, where, *steps, **options):
        """A login that waits before or after our module opens its session, and goes on after the block."""
        closed = self.directory / f"closed-{where}"
        closed.touch()
        reached, go = (os.open(self.directory / name, os.O_RDWR | os.O_NONBLOCK) for name in ("reached", "go"))
        login = Login(self, *steps, **options)
        try:
            said = wait_until(lambda: login.process.poll() is not None or read_now(reached), "the login")
            assert login.process.poll() is None, login.end()
            login.handle = said.removeprefix("handle").strip()
            closed.unlink()
            yield login
        finally:
            closed.unlink(missing_ok=True)
            os.write(go, b"\n")
            login.process.wait(SECONDS)
            os.close(reached)
            os.close(go)


def read_now(fd):
    try:
        return os.read(fd, 1024).decode().strip()
    except BlockingIOError:
        return None


ALL_STEPS = ("authenticate", "acct_mgmt", "setcred", "open_session", "close_session")


@pytest.fixture(name="host", scope="module")
def fixture_host():
    # Not tmp_path: a socket's path has a limit.
    with tempfile.TemporaryDirectory(prefix="authtoken-pam-") as directory:
        started = Host(pathlib.Path(directory))
        started.start_bus()
        started.start_daemon()
        yield started
        started.stop()


@pytest.fixture(name="lost")
def fixture_lost(host):
    """The daemon is away."""
    host.stop_daemon()
    yield host
    host.start_daemon()


@pytest.fixture(name="hung")
def fixture_hung(host):
    """The daemon is there, and does nothing."""
    host.daemon.send_signal(signal.SIGSTOP)
    yield host
    host.daemon.send_signal(signal.SIGCONT)


def test_a_token_logs_in(host):
    token, session = host.issue()
    passed, output, _ = host.login(*ALL_STEPS, answer=token)
    assert passed, output
    assert session in host.log_text()


def test_a_password_logs_in_at_the_same_prompt(host):
    passed, output, _ = host.login(*ALL_STEPS, answer=PASSWORD)
    assert passed, output
    assert output.count("Password or access token: ") == 1


def test_a_wrong_password_does_not(host):
    passed, output, _ = host.login("authenticate", answer="wrong horse")
    assert not passed, output


def test_a_token_may_be_used_again_until_its_session_ends(host):
    token, session = host.issue()
    for _ in range(2):
        passed, output, _ = host.login(*ALL_STEPS, answer=token)
        assert passed, output
    host.call("RevokeSession", "ss", session, "test")
    host.denied("session-revoked", "authenticate", answer=token)


def test_a_revoked_token_is_refused(host):
    token, _ = host.issue()
    host.call("RevokeToken", "ss", token, "test")
    assert "Access refused." in host.denied("session-revoked", "authenticate", answer=token)


def test_a_changed_token_is_refused(host):
    token, _ = host.issue()
    signature = token.rsplit(".", 1)[1]
    changed = token[: -len(signature)] + ("B" if signature[0] == "A" else "A") + signature[1:]
    host.denied("signature-invalid", "authenticate", answer=changed)


def test_an_expired_token_is_refused(host):
    token, _ = host.issue(lifetime=1)
    wait_until(lambda: host.call("ValidateToken", "sa{sv}", token, "0", check=False) is None, "the end of the token")
    host.denied("token-expired", "authenticate", answer=token)


@pytest.mark.parametrize("user", [OTHER, "root"])
def test_the_token_of_another_user_is_refused(host, user):
    token, _ = host.issue()
    host.denied("user-mismatch", "authenticate", user=user, answer=token)


def test_a_user_who_does_not_exist_is_refused_alike(host):
    token, _ = host.issue()
    passed, output, _ = host.login("authenticate", user="mallory", answer=token)
    assert not passed
    assert "Access refused." in output


def test_a_refused_token_is_not_tried_as_a_password(host):
    token, session = host.issue()
    host.call("RevokeSession", "ss", session, "test")
    host.denied("session-revoked", "authenticate", answer=token)
    passwords = host.directory / "passwords"
    assert not passwords.exists() or token not in passwords.read_text(encoding="utf-8")


def test_where_tokens_are_wanted_only_no_password_passes(host):
    passed, output, _ = host.login("authenticate", service="strict", answer=PASSWORD)
    assert not passed
    assert "Access token: " in output and "Access refused." in output


def test_a_revoke_before_the_session_opens_keeps_it_closed(host):
    token, session = host.issue()
    before = host.log_text().count("session-revoked")
    with host.held("before", "authenticate", "acct_mgmt", "open_session", answer=token) as login:
        host.call("RevokeSession", "ss", session, "test")
    passed, output, _ = login.end()
    assert not passed
    assert host.log_text().count("session-revoked") > before
    assert "Access refused." in output


def test_a_kick_ends_the_account_of_an_open_login(host):
    token, _ = host.issue()
    with host.held("after", "authenticate", "open_session", "acct_mgmt", answer=token) as login:
        assert not login.handle, "the user's shell would see it"
        host.call("KickUser", "sa{sv}s", USER, "0", "test")
    passed, output, _ = login.end()
    assert not passed
    assert "Access refused." in output
    host.denied("session-kicked", "authenticate", answer=token)


def test_a_handle_is_good_for_one_session(host):
    token, _ = host.issue()
    host.denied("handle-used", "authenticate", "open_session", "open_session", answer=token)


def test_a_forged_handle_opens_nothing(host):
    output = host.denied("handle-unknown", "open_session", environment=[f"AUTHTOKEN_HANDLE={FORGED}"])
    assert "Access refused." in output


def test_a_forged_handle_does_not_survive_authentication(host):
    before = host.log_text().count("handle-unknown")
    passed, output, _ = host.login(*ALL_STEPS, answer=PASSWORD, environment=[f"AUTHTOKEN_HANDLE={FORGED}"])
    assert passed, output
    assert host.log_text().count("handle-unknown") == before


def test_the_handle_of_another_login_opens_nothing(host):
    token, _ = host.issue()
    with host.held("before", "authenticate", "open_session", answer=token) as login:
        stolen = [f"AUTHTOKEN_HANDLE={login.handle}"]
        host.denied("handle-mismatch", "open_session", user=OTHER, environment=stolen)
        host.denied("handle-mismatch", "open_session", service="strict", environment=stolen)
    passed, output, _ = login.end()
    assert passed, output


def test_without_the_daemon_a_password_logs_in_at_once(lost):
    passed, output, seconds = lost.login(*ALL_STEPS, answer=PASSWORD)
    assert passed, output
    assert seconds < 1


def test_without_the_daemon_a_token_is_refused_at_once(lost):
    passed, output, seconds = lost.login("authenticate", answer="eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.AAAA")
    assert not passed
    assert "Access cannot be checked at the moment." in output
    assert seconds < 1


def test_while_the_daemon_hangs_a_password_logs_in_within_a_second(hung):
    # What we wait for is bounded by time-outs; a busy machine only adds to it, and not each time.
    taken = []
    for _ in range(3):
        passed, output, seconds = hung.login(*ALL_STEPS, answer=PASSWORD)
        assert passed, output
        taken.append(seconds)
    assert min(taken) < 1, taken


def test_while_the_daemon_hangs_a_token_waits_for_the_time_out(hung):
    passed, output, seconds = hung.login("authenticate", answer="eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.AAAA")
    assert not passed
    assert "Access cannot be checked at the moment." in output
    assert 1.9 < seconds < 2.7


def test_no_token_is_left_anywhere(host):
    token, _ = host.issue()
    _, output, _ = host.login(*ALL_STEPS, answer=token)
    signature = token.rsplit(".", 1)[1]
    assert signature not in output
    for path in sorted(host.directory.rglob("*")):
        if path.is_file():
            assert signature.encode() not in path.read_bytes(), path
