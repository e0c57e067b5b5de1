# SPDX-License-Identifier: MIT
"""Login codes, on both stores and of another tenant than the default one: made over the bus, used on the socket, once."""

import concurrent.futures
import re
import subprocess
import sys
import time

import pytest

from bus_fixtures import on_stores
from frames import DENIED, OK
from private_bus import HERE, OTHER_USER, OWN_UID, OWN_USER, SECONDS, CallError, wait_until
from token_login import log_in

EXPIRED = 2
N_PARALLEL = 50
NONE = "@a{sv} {}"
TYPED = r"at-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}"
LONG = r"at-[0-9A-HJKMNP-TV-Z]{26}"
pytestmark = on_stores("sqlite", "tenant", "redis")


@pytest.fixture
def token(root):
    text, _ = root.issue(OWN_USER)
    yield text
    root.call("RevokeUser", f"('{OWN_USER}', '')")


@pytest.fixture
def path(daemon):
    # As systemd makes it: whoever may log in may connect.
    (daemon.directory / "socket").chmod(0o755)
    daemon.socket.chmod(0o666)
    return daemon.socket


def make(caller, token, options=NONE):
    (code,) = caller.call("CreateCode", f"('{token}', {options})")
    return code


def test_a_code_logs_in_once(root, daemon, token):
    code = make(root, token)
    assert re.fullmatch(TYPED, code)
    assert log_in(daemon, code) == (OK, None)
    assert log_in(daemon, code) == (DENIED, "code-unknown")


def test_the_long_form_does_too(root, daemon, token):
    code = make(root, token, "{'long': <true>}")
    assert re.fullmatch(LONG, code)
    assert log_in(daemon, code) == (OK, None)
    assert log_in(daemon, code) == (DENIED, "code-unknown")


@pytest.mark.parametrize("spelling", [
    str.lower, lambda code: code.replace("0", "O").replace("1", "l"),
    lambda code: code.replace("0", "o").replace("1", "I")])
def test_it_is_read_as_people_write(root, daemon, token, spelling):
    code = make(root, token)
    assert log_in(daemon, code[:3] + spelling(code[3:])) == (OK, None)


@pytest.mark.parametrize("code", ["at-", "at-7Q2KD-M4XPT", "at-7Q2KDM4XPT", "at-7Q2KD-M4XPT ", "at-" + "7" * 26,
                                  "at-" + "7" * 8000, "at-a.b.c"])
def test_other_texts_are_refused(daemon, token, code):
    del token
    assert log_in(daemon, code) == (DENIED, "code-unknown")


def test_another_user_cannot_use_it(root, daemon, token):
    code = make(root, token)
    assert log_in(daemon, code, user=OTHER_USER) == (DENIED, "code-unknown")
    assert log_in(daemon, code) == (OK, None)


def test_an_ordinary_program_cannot_use_it(root, path, token, daemon):
    code = make(root, token)
    done = subprocess.run([sys.executable, "-B", HERE / "frames.py", path, "AUTHENTICATE", f"USER={OWN_USER}",
                           "SERVICE=test", f"TOKEN={code}"], user=OWN_UID, group=OWN_UID, extra_groups=[],
                          capture_output=True, text=True, timeout=SECONDS, check=True)
    assert done.stdout.split() == [str(DENIED), "-"]
    assert log_in(daemon, code) == (OK, None)


def test_of_many_at_once_one_gets_in(root, daemon, token):
    for _ in range(4):
        code = make(root, token)
        with concurrent.futures.ThreadPoolExecutor(N_PARALLEL) as pool:
            outcomes = list(pool.map(lambda _: log_in(daemon, code), range(N_PARALLEL)))  # pylint: disable=cell-var-from-loop
        assert outcomes.count((OK, None)) == 1
        assert outcomes.count((DENIED, "code-unknown")) == N_PARALLEL - 1


def test_it_dies_with_its_session(root, daemon, token):
    code = make(root, token)
    root.call("RevokeToken", f"('{token}', '')")
    assert log_in(daemon, code) == (DENIED, "code-unknown")


def test_it_dies_with_its_token(root, daemon, token):
    del token
    short, _ = root.issue(OWN_USER, "{'lifetime': <uint64 2>}")
    code = make(root, short)
    (answer,) = root.call("ValidateToken", f"('{short}', {NONE})")
    wait_until(lambda: time.time() >= answer["expires"], "the end of the token")
    assert log_in(daemon, code) == (EXPIRED, "code-expired")


def test_the_oldest_of_many_makes_room(root, daemon, token):
    codes = [make(root, token) for _ in range(9)]
    outcomes = [log_in(daemon, code)[0] for code in codes]
    assert outcomes.count(OK) == 8
    assert outcomes.count(DENIED) == 1


def test_it_is_for_the_hosts_that_its_token_is_for(root, daemon, token):
    del token
    foreign, _ = root.issue(OWN_USER, "{'audience': <['elsewhere']>}")
    assert log_in(daemon, make(root, foreign)) == (DENIED, "audience-mismatch")


def test_it_opens_the_session_of_its_token(root, daemon):
    token, sid = root.issue(OWN_USER)
    assert log_in(daemon, make(root, token)) == (OK, None)
    wait_until(lambda: re.search(f"login code used up for {OWN_USER}", daemon.log_text()), "the event in the log")

    def used():
        (rows,) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
        return [row["session"] for row in rows if "last_seen" in row]

    assert wait_until(used, "the session's last use") == [sid]
    root.call("RevokeUser", f"('{OWN_USER}', '')")


@pytest.mark.parametrize("bad, reason", [
    ("hello", "session-unknown"), ("a.b.c", "token-malformed"), ("{sid}", "token-malformed"),
    ("{token}x", "token-malformed")])
def test_only_a_token_gets_one(root, token, bad, reason):
    (answer,) = root.call("ValidateToken", f"('{token}', {NONE})")
    with pytest.raises(CallError) as refusal:
        make(root, bad.format(token=token, sid=answer["session"]))
    assert refusal.value.code == reason


def test_a_revoked_token_gets_none(root, token):
    root.call("RevokeToken", f"('{token}', '')")
    with pytest.raises(CallError) as refusal:
        make(root, token)
    assert refusal.value.code == "session-revoked"


def test_it_can_be_asked_for_one_user_only(root, daemon, token):
    with pytest.raises(CallError) as refusal:
        make(root, token, f"{{'user': <'{OTHER_USER}'>}}")
    assert refusal.value.code == "user-mismatch"
    assert log_in(daemon, make(root, token, f"{{'user': <'{OWN_USER}'>}}")) == (OK, None)


def test_whose_user_is_named_decides_nothing(other, polkit, token):
    """The name of the caller, given as the user, must not make the token theirs."""
    with pytest.raises(CallError) as refusal:
        make(other, token, f"{{'user': <'{OTHER_USER}'>}}")
    assert refusal.value.code == "not-authorised"
    assert [question["action"] for question in polkit.asked()] == ["org.authtoken1.issue"]


def test_it_survives_a_restart_of_the_daemon(root, path, token, daemon):
    code = make(root, token)
    daemon.restart(root)
    path.chmod(0o666)
    assert log_in(daemon, code) == (OK, None)


def test_neither_log_nor_store_have_it(bus, root, daemon):
    token, _ = root.issue(OWN_USER)
    used, kept = make(root, token), make(root, token, "{'long': <true>}")
    assert log_in(daemon, used) == (OK, None)
    wait_until(lambda: re.search("login code made", daemon.log_text()), "the event in the log")
    if (bus.directory / "redis.sock").exists():
        redis = subprocess.run(["redis-cli", "-s", bus.directory / "redis.sock", "HGETALL",
                                f"authtoken:default:u:{OWN_USER}"], capture_output=True, check=True, timeout=SECONDS)
        held = redis.stdout
    else:
        held = b"".join(file.read_bytes() for file in (bus.directory / "state").iterdir() if file.is_file())
    assert b'"t":' in held and b"c:" in held
    held += daemon.log.read_bytes()
    for code in (used, kept):
        for text in (code, code[3:], code[3:].replace("-", "")):
            assert text.encode() not in held
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_the_command_prints_it_alone(ctl, daemon, token, tmp_path):
    file = tmp_path / "token"
    file.write_text(token + "\n")
    for words, stdin, form in (([], token, TYPED), (["--long", "-"], token, LONG),
                               (["--user", OWN_USER, str(file)], "", TYPED)):
        done = ctl("code", *words, stdin=stdin)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.fullmatch(form + "\n", done.stdout)
        assert log_in(daemon, done.stdout.strip()) == (OK, None)


def test_the_command_takes_no_token_as_argument(ctl, token):
    done = ctl("code", token)
    assert done.returncode == 2
    assert "every user of this host can read arguments" in done.stderr


def test_the_command_says_whose_it_is_not(ctl, token):
    done = ctl("code", "--user", OTHER_USER, stdin=token)
    assert (done.returncode, done.stdout) == (1, "")
    assert "user-mismatch" in done.stderr
