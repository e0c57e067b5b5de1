# SPDX-License-Identifier: MIT
"""The runner of hooks: one event in, one answer out, whatever the hooks do."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

SECONDS = 20
EVENT = '{"event":"login","user":"alice"}'
LINES_MAX, BYTES_MAX = 256, 65536


@pytest.fixture(autouse=True)
def able():
    if not os.environ.get("AUTHTOKEN_HOOK"):
        pytest.skip("AUTHTOKEN_HOOK does not name what meson built")
    if os.geteuid() != 0:
        pytest.skip("hooks must be root's: needs root")


class Runner:
    def __init__(self, directory):
        self.directory = directory
        self.log = ""
        self.seconds = 0.0

    def hook(self, name, body, mode=0o755, owner=0, shell="#!/bin/sh\n"):
        path = self.directory / name
        path.write_text(shell + body, encoding="utf-8")
        path.chmod(mode)
        os.chown(path, owner, owner)
        return path

    def send(self, packet, directory=None):
        """The answer's text; None when there was none."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        started = time.monotonic()
        with ours, tempfile.TemporaryFile() as log:
            with theirs:
                process = subprocess.Popen(
                    [os.environ["AUTHTOKEN_HOOK"], "--directory", directory or self.directory], stdin=theirs,
                    stdout=subprocess.DEVNULL, stderr=log)
            if packet is not None:
                ours.send(packet)
            ours.settimeout(SECONDS)
            answer = ours.recv(65536).decode() or None
            self.status = process.wait(SECONDS)
            self.seconds = time.monotonic() - started
            log.seek(0)
            self.log = log.read().decode(errors="replace")
        assert "Sanitizer" not in self.log and "runtime error" not in self.log, self.log
        return answer

    def run(self, event="login", seconds=SECONDS, text=EVENT, **options):
        deadline = time.monotonic_ns() // 1000 + int(seconds * 1_000_000)
        return self.send(f"authtoken-hook 1 {event} {deadline}\n{text}".encode(), **options)


@pytest.fixture
def runner():
    # Not tmp_path: every directory above must be root's.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="authtoken-hooks-"))
    directory.chmod(0o755)
    yield Runner(directory)
    shutil.rmtree(directory)


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def wait_gone(pid):
    end = time.monotonic() + SECONDS
    while is_alive(pid):
        assert time.monotonic() < end, f"{pid} is still there"
        time.sleep(0.01)


def test_an_empty_directory_lets_pass(runner):
    assert runner.run() == "allowed"
    assert runner.log == ""


def test_a_missing_directory_has_failed(runner):
    assert runner.run(directory=runner.directory / "none") == "failed"
    assert "No such file" in runner.log


def test_a_hook_reads_the_event(runner):
    seen = runner.directory / "seen.txt"
    runner.hook("10-read", f'cat > {seen}; echo "$AUTHTOKEN_EVENT" >> {seen}; pwd >> {seen}\n')
    assert runner.run() == "allowed"
    event, *rest = seen.read_text(encoding="utf-8").splitlines()
    assert json.loads(event) == json.loads(EVENT)
    assert rest == ["login", "/"]


def test_a_hook_is_told_where_the_credentials_of_its_unit_are(runner, monkeypatch):
    runner.hook("10-env", 'echo "at $CREDENTIALS_DIRECTORY"\n')
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/unit")
    assert runner.run() == "allowed"
    assert "10-env: at /run/credentials/unit\n" in runner.log
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/" + "x" * 10000)
    assert runner.run() == "failed 10-env"
    assert "10-env cannot be run: File name too long" in runner.log


def test_the_environment_is_the_runners_own(runner, monkeypatch):
    monkeypatch.setenv("AUTHTOKEN_TEST_SECRET", "leak")
    runner.hook("10-env", "env\n")
    assert runner.run() == "allowed"
    names = {line.split(": ", 1)[1].split("=")[0] for line in runner.log.splitlines()}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {"PATH", "LANG", "AUTHTOKEN_EVENT"}


def test_hooks_run_in_the_order_of_their_names(runner):
    seen = runner.directory / "seen.txt"
    for name in ("B", "a", "10", "9", "C.sh"):
        runner.hook(name, f"echo {name} >> {seen}\n")
    assert runner.run() == "allowed"
    assert seen.read_text(encoding="utf-8").split() == ["10", "9", "B", "C.sh", "a"]


@pytest.mark.parametrize("status", [1, 2, 77, 126, 127, 255])
def test_another_status_than_0_vetoes_a_login(runner, status):
    seen = runner.directory / "seen.txt"
    runner.hook("10-no", f"exit {status}\n")
    runner.hook("20-late", f"touch {seen}\n")
    assert runner.run() == "vetoed 10-no"
    assert f"hook 10-no ended with status {status}" in runner.log
    assert not seen.exists(), "a hook behind the veto ran"


@pytest.mark.parametrize("event", ["logout", "refresh", "kick"])
def test_what_has_happened_is_told_to_all_hooks(runner, event):
    seen = runner.directory / "seen.txt"
    runner.hook("10-no", "exit 1\n")
    runner.hook("20-late", f"touch {seen}\n")
    assert runner.run(event) == "failed 10-no"
    assert seen.exists()


def test_a_hook_that_hangs_is_killed_in_time(runner):
    pid = runner.directory / "pid.txt"
    runner.hook("10-hang", f"trap '' TERM INT HUP; echo $$ > {pid}; while :; do sleep 1; done\n")
    assert runner.run(seconds=0.5) == "failed 10-hang"
    assert 0.4 < runner.seconds < 5
    assert "was not done in time" in runner.log
    wait_gone(int(pid.read_text(encoding="utf-8")))


def test_a_hook_that_is_late_already_is_not_waited_for(runner):
    runner.hook("10-hang", "sleep 100\n")
    assert runner.run(seconds=-5) == "failed 10-hang"
    assert runner.seconds < 5


def test_what_a_hook_leaves_running_goes_with_it(runner):
    pid = runner.directory / "pid.txt"
    runner.hook("10-fork", f"sleep 1000 & echo $! > {pid}\n")
    assert runner.run() == "allowed"
    assert runner.seconds < 5
    wait_gone(int(pid.read_text(encoding="utf-8")))


def test_many_children_go_with_it(runner):
    pids = runner.directory / "pids.txt"
    runner.hook("10-fork", f"for i in 1 2 3 4 5 6 7 8; do (trap '' TERM; sleep 1000) & echo $! >> {pids}; done\nwait\n")
    assert runner.run(seconds=0.5) == "failed 10-fork"
    for pid in pids.read_text(encoding="utf-8").split():
        wait_gone(int(pid))


@pytest.mark.parametrize("name", ["KILL", "SEGV", "TERM"])
def test_a_hook_that_dies_has_failed(runner, name):
    runner.hook("10-die", f"kill -{name} $$\n")
    assert runner.run() == "failed 10-die"
    assert "was killed by signal" in runner.log


@pytest.mark.parametrize("redirect", ["", " >&2"])
def test_a_flood_is_bounded_and_counted(runner, redirect):
    runner.hook("10-flood", f"head -c 104857600 /dev/zero | tr '\\0' 'x'{redirect}\n")
    assert runner.run() == "allowed"
    assert len(runner.log) < 2 * BYTES_MAX
    assert f"the last {104857600 - BYTES_MAX} bytes are left out" in runner.log


def test_a_flood_of_lines_is_bounded(runner):
    runner.hook("10-lines", "yes | head -n 100000\n")
    assert runner.run() == "allowed"
    assert runner.log.count("10-lines: y\n") == LINES_MAX
    assert "are left out" in runner.log


def test_a_flood_without_end_ends_in_time(runner):
    runner.hook("10-yes", "exec yes\n")
    assert runner.run(seconds=0.5) == "failed 10-yes"
    assert runner.seconds < 5


def test_output_cannot_pretend_to_be_the_runners(runner):
    runner.hook("10-fake", r"printf '<0>panic\n\033[2Jx\001\377\n'; printf 'no end'" + "\n")
    assert runner.run() == "allowed"
    assert runner.log.splitlines() == ["<6>10-fake: <0>panic", "<6>10-fake: ?[2Jx??", "<6>10-fake: no end"]


def test_a_hook_that_reads_nothing_and_closes_everything(runner):
    runner.hook("10-closed", "exec <&- >&- 2>&-\nexit 0\n")
    assert runner.run() == "allowed"


@pytest.mark.parametrize("name", ["README", "10-off"])
def test_what_is_not_executable_is_left_out(runner, name):
    runner.hook(name, "exit 1\n", mode=0o644)
    assert runner.run() == "allowed"


@pytest.mark.parametrize("name", [".hidden", "10-x~", "10-x.dpkg-dist", "10-x.bak", "10 x"])
def test_other_names_are_no_hooks(runner, name):
    runner.hook(name, "exit 1\n")
    assert runner.run() == "allowed"


@pytest.mark.parametrize("mode, owner, words", [
    (0o775, 0, "others than root may write to it"),
    (0o757, 0, "others than root may write to it"),
    (0o755, 65534, "its owner is not root"),
])
def test_a_hook_that_others_could_have_written_has_failed(runner, mode, owner, words):
    seen = runner.directory / "seen.txt"
    runner.hook("10-open", f"touch {seen}\n", mode=mode, owner=owner)
    assert runner.run() == "failed 10-open"
    assert words in runner.log
    assert not seen.exists()


def test_a_link_is_not_followed(runner):
    (runner.directory / "10-link").symlink_to("/bin/true")
    assert runner.run() == "failed 10-link"
    assert "symbolic link" in runner.log


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
def test_a_directory_that_others_may_write_to_has_failed(runner, mode):
    runner.hook("10-yes", "exit 0\n")
    runner.directory.chmod(mode)
    assert runner.run() == "failed"
    assert "others than root may write there" in runner.log


def test_a_directory_above_that_others_may_write_to_has_failed(runner):
    below = runner.directory / "hooks.d"
    below.mkdir(mode=0o755)
    assert runner.run(directory=below) == "allowed"
    runner.directory.chmod(0o777)
    assert runner.run(directory=below) == "failed"


def test_a_directory_that_is_a_link_has_failed(runner):
    below, link = runner.directory / "hooks.d", runner.directory / "link"
    below.mkdir(mode=0o755)
    link.symlink_to(below)
    assert runner.run(directory=link) == "failed"


@pytest.mark.parametrize("shell", ["", "#!/no/such/interpreter\n", "\x7fELF"])
def test_what_cannot_be_executed_has_failed(runner, shell):
    runner.hook("10-broken", "exit 0\n", shell=shell)
    assert runner.run() == "failed 10-broken"
    assert "cannot be run" in runner.log


def test_a_hook_cannot_answer_for_the_runner(runner):
    """The connection is not among what a hook inherits."""
    runner.hook("10-fds", "ls -l /proc/self/fd\nexit 1\n")
    assert runner.run() == "vetoed 10-fds"
    assert "socket:" not in runner.log


@pytest.mark.parametrize("packet", [b"x", b"authtoken-hook 1 login 1\n[]", b"authtoken-hook 1 login 1\n{" + b"a" * 40000 + b"}"])
def test_a_packet_that_is_none_runs_nothing(runner, packet):
    seen = runner.directory / "seen.txt"
    runner.hook("10-yes", f"touch {seen}\n")
    assert runner.send(packet) is None
    assert runner.status == 1
    assert not seen.exists()


def test_more_hooks_than_may_be_have_failed(runner):
    for number in range(65):
        runner.hook(f"{number}", "exit 0\n")
    assert runner.run() == "failed"
    assert "more than 64" in runner.log
