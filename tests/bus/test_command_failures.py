# SPDX-License-Identifier: MIT
"""authtokenctl where something is wrong: the bus, what it writes to, its arguments."""

import contextlib
import os
import pathlib
import resource
import select
import signal
import socket
import subprocess
import threading
import time

import pytest

from command import FAILED, NOT_FOUND, OK, UNREACHABLE, USAGE, check, rows
from private_bus import OTHER_UID, OWN_USER, wait_until

NOBODYS_SID = "AAAAAAAAAAAAAAAAAAAAAA"
STRANGER = "nosuchuser"
GUID = b"0123456789abcdef0123456789abcdef"
PPOLL = {"271", "73"}  # x86-64, arm64


class FakeBus:
    """Serves each connection with a function of its own, until it is closed."""

    def __init__(self, path, serve):
        self.address = f"unix:path={path}"
        self.serve = serve
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.socket.accept()
                with peer, contextlib.suppress(OSError):
                    self.serve(peer)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture
def fake_bus(tmp_path):
    made = []

    def make(serve):
        made.append(FakeBus(tmp_path / "bus", serve))
        return made[0].address

    yield make
    for one in made:
        one.close()


def until_closed(peer):
    while peer.recv(4096):
        pass


def answers(*data):
    def serve(peer):
        for part in data:
            peer.recv(4096)
            peer.sendall(part)
        until_closed(peer)
    return serve


def breaks_at(bus, word, number, *, nonsense=b""):
    """Passes everything on to the real bus, up to the n-th call that contains the word."""
    def serve(peer):
        left = number
        with socket.socket(socket.AF_UNIX) as real:
            real.connect(bus.address.removeprefix("unix:path="))
            while True:
                for ready in select.select([peer, real], [], [])[0]:
                    data = ready.recv(65536)
                    left -= ready is peer and word in data
                    if not data or left == 0:
                        peer.sendall(nonsense)
                        return
                    (real if ready is peer else peer).sendall(data)
    return serve


# the bus

BROKEN = {
    "closes": lambda peer: None,
    "rejects": answers(b"REJECTED EXTERNAL\r\n"),
    "talks nonsense": answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "closes after the authentication": lambda peer: (peer.recv(4096), peer.sendall(b"OK " + GUID + b"\r\n")),
    "talks nonsense after the authentication":
        answers(b"DATA\r\nOK " + GUID + b"\r\nAGREE_UNIX_FD\r\n" + b"nonsense" * 64),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_bus_that_cannot_be_used_is_unreachable(ctl, fake_bus, what):
    check(ctl("status", address=fake_bus(BROKEN[what])), UNREACHABLE, "Is the bus running?")


def test_a_bus_that_says_nothing_is_not_waited_for_long(ctl, fake_bus):
    begin = time.monotonic()
    check(ctl("status", address=fake_bus(until_closed)), UNREACHABLE, "Is the bus running?")
    assert 8 < time.monotonic() - begin < 15


@pytest.mark.parametrize("nonsense", [b"", b"nonsense" * 64], ids=["closes", "talks nonsense"])
def test_a_bus_that_breaks_during_a_call_is_unreachable(ctl, bus, fake_bus, nonsense):
    address = fake_bus(breaks_at(bus, b"GetStatus", 1, nonsense=nonsense))
    check(ctl("status", address=address), UNREACHABLE, "Is the daemon running?")


@pytest.mark.parametrize("subject", ["user", "session"])
def test_a_kick_waits_for_as_long_as_it_takes(bus, daemon, root, subject):
    _, sid = root.issue(OWN_USER)
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        with subprocess.Popen([os.environ["AUTHTOKENCTL"], f"--bus={bus.address}", "kick",
                               *([OWN_USER] if subject == "user" else ["--session", sid])],
                              stdout=subprocess.PIPE, text=True) as kick:
            def waits_for_ever():
                call = pathlib.Path(f"/proc/{kick.pid}/syscall").read_text(encoding="ascii").split()
                return call[0] in PPOLL and call[3] == "0x0"

            try:
                wait_until(waits_for_ever, "a wait without an end", 5)
            finally:
                daemon.process.send_signal(signal.SIGCONT)
            assert kick.communicate(timeout=10)[0] == "0 logins ended\n"
            assert kick.returncode == OK
    finally:
        daemon.process.send_signal(signal.SIGCONT)


# standard input, output and error

def shell(redirections):
    """Options of ctl() for streams that only a shell can make."""
    return ["sh", "-c", f'exec "$0" "$@" {redirections}', os.environ["AUTHTOKENCTL"]]


def run_with(bus, redirections, *arguments):
    return subprocess.run([*shell(redirections), f"--bus={bus.address}", *arguments], capture_output=True,
                          text=True, timeout=20, check=False)


def test_a_warning_never_goes_into_the_token_file(bus, root, tmp_path):
    path = tmp_path / "token"
    done = run_with(bus, "2>&-", "issue", "--output", path, STRANGER)
    assert done.returncode == OK
    (word,) = path.read_text(encoding="utf-8").split()
    assert word.startswith("eyJ")
    root.call("RevokeUser", f"('{STRANGER}', '')")


def test_standard_input_that_is_closed_is_no_token(bus):
    done = run_with(bus, "<&-", "revoke", "--token-file=-")
    check(done, FAILED, "cannot read a token from -")


@pytest.mark.parametrize("json", [[], ["--json"]], ids=["plain", "json"])
@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
def test_a_token_that_is_not_delivered_has_no_session(bus, root, where, json):
    check(run_with(bus, where, "issue", *json, OWN_USER), FAILED, "its session was revoked")
    assert root.sessions(OWN_USER) == set()


def test_a_token_for_a_reader_that_has_gone_has_no_session(ctl, root):
    ours, theirs = os.pipe()
    os.close(ours)
    done = ctl("issue", OWN_USER, stdout=theirs)
    os.close(theirs)
    assert done.returncode == FAILED and "its session was revoked" in done.stderr
    assert root.sessions(OWN_USER) == set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_gives_up_waiting_for_a_token_leaves_no_file(bus, daemon, root, tmp_path, number):
    """As with ^C when polkit asks for a password; otherwise the repeated command would find its own file there."""
    path = tmp_path / "token"
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        with subprocess.Popen([os.environ["AUTHTOKENCTL"], f"--bus={bus.address}", "issue", "--output", path, OWN_USER]) as issue:
            wait_until(path.exists, "the file")
            issue.send_signal(number)
            assert issue.wait(10) == -number
        assert not path.exists()
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def no_room():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))


def test_a_token_without_room_in_its_file_has_no_session_and_no_file(ctl, root, tmp_path):
    path = tmp_path / "token"
    check(ctl("issue", "--output", path, OWN_USER, preexec_fn=no_room), FAILED, "its session was revoked")
    assert root.sessions(OWN_USER) == set()
    assert not path.exists()


def test_a_file_without_its_json_has_no_session(bus, root, tmp_path):
    path = tmp_path / "token"
    check(run_with(bus, ">/dev/full", "issue", "--json", "--output", path, OWN_USER), FAILED,
          "its session was revoked")
    assert root.sessions(OWN_USER) == set()
    assert not path.exists()


def test_json_beside_a_file_has_no_token(ctl, root, tmp_path):
    path = tmp_path / "token"
    (row,) = rows(ctl("issue", "--json", "--output", path, OWN_USER), "issue")
    assert set(row) == {"session", "jti", "kid", "expires"}
    assert root.sessions(OWN_USER) == {row["session"]}
    assert path.read_text(encoding="utf-8").startswith("eyJ")


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
@pytest.mark.parametrize("arguments", [
    ["--help"], ["--version"], ["issue", "--help"], ["verify", "--help"], ["verify", "--jwks"]], ids=" ".join)
def test_what_cannot_be_written_is_said(bus, ctl, tmp_path, where, arguments):
    if arguments[-1] == "--jwks":
        path = tmp_path / "jwks"
        path.write_text(check(ctl("keys", "jwks"), OK).stdout, encoding="utf-8")
        arguments = [*arguments, path]
    done = run_with(bus, f"{where} </dev/null", *arguments)
    check(done, FAILED, "standard output: ")


# arguments

@pytest.mark.parametrize("arguments", [
    ["revoke", "--session", "a", "--session", "b"], ["revoke", "--user=a", "--user=a"],
    ["revoke", "--token-file=a", "--token-file=b"], ["revoke", "--reason=a", "--reason=b", "--user=a"],
    ["kick", "--user=a", "--user=b"], ["kick", "--session=a", "--session=b"],
    ["kick", "--device=a", "--device=b", "a"], ["kick", "--reason=", "--reason=b", "a"],
    *(["issue", f"--{name}=1", f"--{name}=2", "a"] for name in (
        "platform", "device", "source", "name", "data", "lifetime", "output")),
    *(["verify", f"--{name}=1", f"--{name}=2"] for name in (
        "jwks", "issuer", "audience", "user", "max-lifetime", "max-size", "now")),
    ["verify", "--alg=ES256", "--alg=RS256"], ["--bus=a", "status"]], ids=" ".join)
def test_an_option_of_one_value_is_not_taken_twice(ctl, arguments):
    name = next(word for word in arguments if word.startswith("--")).split("=")[0]
    check(ctl(*arguments), USAGE, f"{name} is given twice")


@pytest.mark.parametrize("arguments", [
    ["issue", b"--name=\xff", "root"], ["issue", b"--role=\xff", "root"], ["issue", b"\xff"], ["list", b"\xff"],
    ["revoke", b"--user=\xff"], ["revoke", b"\xff"], ["kick", b"--reason=\xff", "root"], ["kick", b"\xff"],
    ["kick", b"--platform=\xff", "root"]], ids=repr)
def test_what_is_not_utf8_is_named(ctl, arguments):
    culprit = next(word for word in arguments if isinstance(word, bytes))
    name = culprit.split(b"=")[0].decode() if b"=" in culprit else ""
    check(ctl(*arguments), USAGE, f"{name} is not UTF-8")


@pytest.mark.parametrize("platform", ["", "a\nb", "x" * 257], ids=repr)
def test_a_kick_checks_all_platforms_before_it_begins(ctl, root, platform):
    _, sid = root.issue(OWN_USER, "{'platform': <'p1'>}")
    check(ctl("kick", "--platform=p1", "--platform", platform, OWN_USER), USAGE, "--platform")
    assert root.sessions(OWN_USER) == {sid}


def test_a_kick_that_breaks_off_says_how_far_it_came(ctl, bus, fake_bus, root):
    _, sid = root.issue(OWN_USER, "{'platform': <'p2'>}")
    root.issue(OWN_USER, "{'platform': <'p1'>}")
    done = ctl("kick", "--platform=p1", "--platform=p2", OWN_USER,
               address=fake_bus(breaks_at(bus, b"KickUser", 2)))
    assert (done.returncode, done.stdout) == (UNREACHABLE, "0 logins ended\n")
    assert root.sessions(OWN_USER) == {sid}


@pytest.mark.parametrize("command", [["kick"], ["revoke", "--user"]], ids=" ".join)
def test_a_user_whom_nobody_knows_is_not_found(ctl, root, command):
    words = f"this host does not know the user {STRANGER}"
    check(ctl(*command, STRANGER), NOT_FOUND, words)
    root.issue(STRANGER)
    check(ctl(*command, STRANGER), OK, words)
    assert root.sessions(STRANGER) == set()
    assert check(ctl(*command, OWN_USER), OK).stderr == ""


@pytest.mark.parametrize("form", [[], ["--count"], ["--json"], ["--platform=p1"]], ids=" ".join)
def test_a_list_of_a_user_whom_nobody_knows_is_not_found(ctl, root, form):
    words = f"this host does not know the user {STRANGER}"
    check(ctl("list", *form, STRANGER), NOT_FOUND, words)
    assert check(ctl("list", *form, OWN_USER), OK).stderr == ""
    root.issue(STRANGER, "{'platform': <'p1'>}")
    assert check(ctl("list", *form, STRANGER), OK).stderr == ""
    root.call("RevokeUser", f"('{STRANGER}', '')")


def test_who_may_kick_but_not_list_is_not_asked_twice(ctl, root, polkit):
    root.issue(STRANGER)
    polkit.answers("no")
    done = ctl("kick", STRANGER, uid=OTHER_UID)
    assert done.returncode not in (OK, NOT_FOUND)
    assert [check["action"].rsplit(".", 1)[1] for check in polkit.asked()] == ["list", "kick"]
    root.call("RevokeUser", f"('{STRANGER}', '')")


@pytest.mark.parametrize("option, words", [
    (["--data", "[1]"], "JSON object"), (["--data", "{"], "JSON object"), (["--lifetime", "2d"], "MaxLifetime="),
], ids=repr)
def test_what_cannot_be_in_a_token_is_named(ctl, root, option, words):
    check(ctl("issue", *option, OWN_USER), USAGE, words)
    assert root.sessions(OWN_USER) == set()


@pytest.mark.parametrize("word", [OWN_USER, f"{OWN_USER}.1", f"{NOBODYS_SID}.", f"{NOBODYS_SID}.x", ".1"])
def test_a_user_or_a_session_is_not_taken_for_a_token(ctl, word):
    """`kick alice` and `ban alice` name a user; `revoke alice` would look for a token of that name."""
    check(ctl("revoke", word), USAGE, "--user")


@pytest.mark.parametrize("word", [NOBODYS_SID, f"{NOBODYS_SID}.1"])
def test_what_could_be_a_token_is_looked_for(ctl, word):
    check(ctl("revoke", word), NOT_FOUND, "session-unknown")


# tokens in files

@pytest.mark.parametrize("form", ["{}\r\n", " \t{}\n\n", "\n{} \r\n\r\n"], ids=repr)
def test_white_space_around_a_token_does_not_matter(ctl, root, tmp_path, form):
    token, _ = root.issue(OWN_USER)
    path = tmp_path / "token"
    path.write_bytes(form.format(token).encode())
    check(ctl("revoke", "--token-file", path), OK)
    assert root.sessions(OWN_USER) == set()


@pytest.mark.parametrize("command", [["revoke", "--token-file"], ["logout", "--token-file"], ["code"]], ids=" ".join)
def test_a_pair_stands_for_its_access_token(ctl, root, tmp_path, command):
    pair = tmp_path / "pair"
    check(ctl("issue", "--pair", "--output", pair, OWN_USER), OK)
    assert root.sessions(OWN_USER)
    check(ctl(*command, pair), OK)
    assert root.sessions(OWN_USER) == set() or command == ["code"]


@pytest.mark.parametrize("content", ["{", "{}", '{"access":1,"refresh":"a"}'])
def test_half_a_pair_is_no_token(ctl, tmp_path, content):
    path = tmp_path / "pair"
    path.write_text(content)
    check(ctl("revoke", "--token-file", path), FAILED, "is no token")


@pytest.mark.parametrize("command", [["revoke", "--token-file"], ["logout", "--token-file"], ["code"]], ids=" ".join)
def test_a_file_without_an_end_is_no_token(ctl, command):
    check(ctl(*command, "/dev/zero"), FAILED, "/dev/zero")


@pytest.mark.parametrize("content", ["a.b\n.c", "a. b.c", " \r\n"], ids=repr)
def test_white_space_within_a_token_does(ctl, tmp_path, content):
    path = tmp_path / "token"
    path.write_bytes(content.encode())
    check(ctl("revoke", "--token-file", path), FAILED, str(path))


def core_limits(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
        (core,) = (line.split() for line in limits if line.startswith("Max core file size"))
    return core[4:6]


def test_no_core_has_a_token_in_it():
    """It waits for one here; keys go through the same program."""
    options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "disable_coredump=0"]))
    with subprocess.Popen([os.environ["AUTHTOKENCTL"], "refresh"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={**os.environ, "ASAN_OPTIONS": options}) as waiting:
        wait_until(lambda: core_limits(waiting.pid) == ["0", "0"], "a limit of 0")
        waiting.stdin.close()
