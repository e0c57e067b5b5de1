# SPDX-License-Identifier: MIT
"""Refresh tokens over D-Bus and by authtokenctl."""

import base64
import concurrent.futures
import json
import os
import random
import re
import stat
import subprocess
import time

import pytest

from command import FAILED, NOT_FOUND, OK, UNREACHABLE, USAGE, check
from private_bus import OTHER_UID, OWN_UID, OWN_USER, SQLITE, CallError, wait_until

GRACE_SECONDS = 5
REFRESH = re.compile(r"atr1\.[\w-]{22}\.[0-9]+\.[\w-]{43}")


@pytest.fixture(scope="module")
def store():
    return f"{SQLITE}[Token]\nRefreshGrace={GRACE_SECONDS}s\n"


@pytest.fixture(autouse=True)
def nothing_left(root):
    yield
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def issue(caller, options="@a{sv} {}"):
    """(access, refresh, session id)"""
    access, refresh, info = caller.call("IssueToken", f"('{OWN_USER}', {options})")
    return access, refresh, info["session"]


def renew(caller, refresh):
    return caller.call("RefreshToken", f"('{refresh}',)")


def claims_of(access):
    payload = access.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def is_good(caller, access):
    try:
        caller.call("ValidateToken", f"('{access}', @a{{sv}} {{}})")
    except CallError as error:
        return error.code
    return True


def refused(caller, refresh):
    with pytest.raises(CallError) as caught:
        renew(caller, refresh)
    return caught.value


def test_a_session_begins_with_both_tokens(root):
    access, refresh, info = root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    assert REFRESH.fullmatch(refresh)
    assert refresh.split(".")[1:3] == info["jti"].split(".") == claims_of(access)["jti"].split(".")
    assert info["session_expires"] - claims_of(access)["iat"] == 7 * 86400


def test_the_next_tokens_differ_in_number_and_time_only(root):
    access, refresh, sid = issue(root, "{'audience': <['authtoken', 'b']>, 'roles': <['r']>, 'platform': <'ssh'>, "
                                       "'device': <'d'>, 'source': <'s'>, 'name': <'n'>, 'data': <'{\"x\":1}'>, "
                                       "'lifetime': <uint64 77>}")
    next_access, next_refresh, info = renew(root, refresh)
    old, new = claims_of(access), claims_of(next_access)
    assert (new.pop("jti"), old.pop("jti")) == (f"{sid}.2", f"{sid}.1")
    assert new["exp"] - new["iat"] == 77 and new["iat"] >= old["iat"]
    for claims in (old, new):
        del claims["exp"], claims["iat"]
    assert new == old
    assert next_refresh.startswith(f"atr1.{sid}.2.") and info["jti"] == f"{sid}.2"
    assert is_good(root, next_access) is True


def test_a_time_before_which_a_token_is_not_valid_stays(root):
    nbf = int(time.time()) + 600
    _, refresh, _ = issue(root, f"{{'not_before': <uint64 {nbf}>}}")
    access, _, _ = renew(root, refresh)
    assert claims_of(access)["nbf"] == nbf
    assert is_good(root, access) == "token-not-yet-valid"


def test_whoever_has_the_token_may_use_it_and_everybody_hears_of_it(root, other, polkit):
    _, refresh, sid = issue(root)
    other.listen()
    _, _, info = renew(other, refresh)
    assert info["session"] == sid
    assert other.signal("SessionRefreshed", sid) == [sid]
    assert polkit.asked() == []


def test_the_same_token_gets_the_same_pair_again_within_the_grace_time(root):
    access, refresh, sid = issue(root)
    first_access, first_refresh, first_info = renew(root, refresh)
    again_access, again_refresh, again_info = renew(root, refresh)
    assert again_refresh == first_refresh
    assert claims_of(again_access) == claims_of(first_access)
    assert again_info == first_info
    # Until then the previous token is good, too.
    assert is_good(root, access) is True
    wait_until(lambda: is_good(root, access) == "generation-old", "the end of the grace time")
    assert is_good(root, again_access) is True
    assert refused(root, refresh).code == "session-reused"
    assert is_good(root, again_access) == "session-reused"
    assert sid not in root.sessions(OWN_USER)


def test_an_older_token_ends_the_session(root, daemon):
    _, first, sid = issue(root)
    _, second, _ = renew(root, first)
    access, third, _ = renew(root, second)
    root.listen()
    error = refused(root, first)
    assert (error.name, error.code) == ("org.authtoken1.Error.Refused", "session-reused")
    assert root.signal("SessionEnded", sid) == [sid, "session-reused"]
    assert is_good(root, access) == "session-reused"
    for token in (first, second, third):
        assert refused(root, token).code == "session-reused"
    assert "token-reuse for " + OWN_USER in daemon.log_text()


@pytest.mark.parametrize("method, code", [("RevokeSession", "session-revoked"), ("KickSession", "session-kicked")])
def test_of_a_session_that_has_ended_the_reason_is_told(root, method, code):
    _, refresh, sid = issue(root)
    root.call(method, f"('{sid}', '')")
    assert refused(root, refresh).code == code


def test_a_token_that_was_not_made_here_is_unknown_to_its_sender(root, daemon):
    access, refresh, sid = issue(root)
    forged = refresh[:-4] + ("AAAA" if refresh[-4:] != "AAAA" else "BAAA")
    error = refused(root, forged)
    assert (error.name, error.code) == ("org.authtoken1.Error.NotFound", "session-unknown")
    # Nor does it harm: the name of a session is known to everybody.
    assert refused(root, f"atr1.{sid}.9.{refresh[-43:]}").code == "session-unknown"
    assert is_good(root, access) is True
    assert renew(root, refresh)[2]["jti"] == f"{sid}.2"
    assert f"refresh for {OWN_USER} refused: the signature is not the key's" in daemon.log_text()


@pytest.mark.parametrize("age", ["the current one", "one that was used"])
def test_a_session_can_be_revoked_by_a_refresh_token(root, daemon, age):
    access, refresh, sid = issue(root)
    if age == "one that was used":
        access, _, _ = renew(root, refresh)
    root.call("RevokeToken", f"('{refresh}', 'lost laptop')")
    assert is_good(root, access) == "session-revoked"
    assert refused(root, refresh).code == "session-revoked"
    with pytest.raises(CallError) as caught:
        root.call("RevokeToken", f"('{refresh}', '')")
    assert caught.value.code == "session-revoked"
    assert refresh not in daemon.log_text()
    assert re.search(f'EVENT="revoke" .*USER="{OWN_USER}" .*SESSION="{sid}".*lost laptop', daemon.log_text())


def revoking_is_refused(caller, refresh):
    with pytest.raises(CallError) as caught:
        caller.call("RevokeToken", f"('{refresh}', '')")
    return caught.value


def test_only_a_genuine_refresh_token_revokes(root):
    access, refresh, sid = issue(root)
    forged = refresh[:-4] + ("AAAA" if refresh[-4:] != "AAAA" else "BAAA")
    for token in (forged, f"atr1.{sid}.2.{refresh[-43:]}"):
        error = revoking_is_refused(root, token)
        assert (error.name, error.code) == ("org.authtoken1.Error.Refused", "signature-invalid")
    for token in (f"atr1.{sid}", f"atr1.{sid}.1", f"atr1.{sid}.1.{refresh[-43:]}=", f"atr1.{sid}.01.{refresh[-43:]}"):
        assert revoking_is_refused(root, token).code in ("token-malformed", "session-unknown")
    unknown = "A" * 22
    assert revoking_is_refused(root, f"atr1.{unknown}.1.{refresh[-43:]}").code == "session-unknown"
    assert is_good(root, access) is True


def test_whose_refresh_token_it_is_decides_who_may_revoke_by_it(root, own, other, polkit):
    polkit.answers("no")
    access, refresh, _ = issue(root)
    forged = refresh[:-4] + ("AAAA" if refresh[-4:] != "AAAA" else "BAAA")
    unknown = f"atr1.{'A' * 22}.1.{refresh[-43:]}"
    errors = [revoking_is_refused(other, token) for token in (refresh, forged, unknown)]
    assert {(error.name, error.message) for error in errors} == {(errors[0].name, errors[0].message)}
    assert errors[0].code == "not-authorised"
    assert is_good(root, access) is True
    own.call("RevokeToken", f"('{refresh}', '')")
    assert is_good(root, access) == "session-revoked"


@pytest.mark.parametrize("token", ["", "x", "atr1.", "atr1.AAAAAAAAAAAAAAAAAAAAAA.1.", "eyJh.eyJh.c2ln"])
def test_other_texts_are_no_refresh_tokens(root, token):
    assert refused(root, token).code == "token-malformed"


def test_a_longer_text_than_any_token_is_not_copied(root):
    assert refused(root, "a" * 8193).code == "token-too-large"


def test_what_cannot_be_signed_is_not_refreshed(root, daemon):
    """Without a grace time a token that was used up for nothing would be a theft."""
    text = daemon.config.read_text().replace("[Token]\n", "[Token]\nMaxSize=%d\n")
    text = text.replace(f"RefreshGrace={GRACE_SECONDS}s", "RefreshGrace=0")
    before = daemon.config.read_text()
    try:
        daemon.config.write_text(text % 8192)
        root.call("Reload")
        access, refresh, sid = issue(root, f"{{'data': <'{json.dumps({'x': 'y' * 2000})}'>}}")
        daemon.config.write_text(text % 1024)
        root.call("Reload")
        assert refused(root, refresh).code == "token-too-large"
        daemon.config.write_text(text % 8192)
        root.call("Reload")
        assert is_good(root, access) is True
        assert renew(root, refresh)[2]["jti"] == f"{sid}.2"
    finally:
        daemon.config.write_text(before)
        root.call("Reload")


def test_no_refresh_token_for_who_wants_none(root):
    _, refresh, _ = issue(root, "{'no_refresh': <true>}")
    assert refresh == ""


def test_no_token_reaches_the_log_or_the_store(root, daemon):
    _, refresh, _ = issue(root)
    _, later, _ = renew(root, refresh)
    for token in (refresh, later):
        mac = token[-43:]
        assert mac not in daemon.log_text()
        for file in (daemon.directory / "state").rglob("*"):
            assert not file.is_file() or mac.encode() not in file.read_bytes(), file


def test_a_refresh_token_that_is_not_used_ends_with_its_session(root, daemon):
    text = daemon.config.read_text()
    try:
        daemon.config.write_text(text.replace("[Token]\n", "[Token]\nRefreshLifetime=2s\nLifetime=1s\nLeeway=0\n"))
        root.call("Reload")
        _, refresh, sid = issue(root)
        _, refresh, info = renew(root, refresh)
        assert info["session_expires"] <= time.time() + 2
        wait_until(lambda: time.time() >= info["session_expires"], "the end of the session")
        assert refused(root, refresh).code == "session-expired"
    finally:
        daemon.config.write_text(text)
        root.call("Reload")


# authtokenctl

@pytest.fixture
def pair(ctl, tmp_path):
    tmp_path.chmod(0o777)
    path = tmp_path / "pair"
    done = check(ctl("issue", "--pair", "--output", path, OWN_USER), OK)
    assert done.stdout == ""
    return path


def test_a_pair_is_written_for_its_owner_alone(pair):
    assert stat.S_IMODE(pair.stat().st_mode) == 0o600
    written = json.loads(pair.read_text())
    assert set(written) == {"access", "refresh", "session", "expires", "session_expires"}
    assert claims_of(written["access"])["exp"] == written["expires"]


def test_a_pair_is_printed(ctl, root):
    written = json.loads(check(ctl("issue", "--pair", OWN_USER), OK).stdout)
    assert renew(root, written["refresh"])[2]["session"] == written["session"]


def test_without_a_pair_there_is_no_refresh_token(ctl, root):
    access = check(ctl("issue", OWN_USER), OK).stdout.strip()
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", access)


def test_refresh_takes_a_token_from_standard_input(ctl, root):
    _, refresh, sid = issue(root)
    written = json.loads(check(ctl("refresh", stdin=f" {refresh}\n"), OK).stdout)
    assert written["session"] == sid and written["refresh"].startswith(f"atr1.{sid}.2.")
    check(ctl("refresh", stdin=f"{refresh}x"), FAILED, "token-malformed")
    check(ctl("refresh", refresh), USAGE, "seen by")
    check(ctl("revoke", refresh), USAGE, "that is a token")


def test_refresh_replaces_the_pair_in_a_file(ctl, root, pair):
    old = json.loads(pair.read_text())
    done = check(ctl("refresh", "--file", pair), OK)
    new = json.loads(pair.read_text())
    assert done.stdout.strip() == new["access"] != old["access"]
    assert new["refresh"].startswith(f"atr1.{old['session']}.2.")
    assert stat.S_IMODE(pair.stat().st_mode) == 0o600
    assert list(pair.parent.iterdir()) == [pair]


def test_what_killed_clients_leave_behind_goes_with_the_next(ctl, bus, pair):
    for _ in range(60):
        client = subprocess.Popen([os.environ["AUTHTOKENCTL"], f"--bus={bus.address}", "refresh", "--file", pair],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.05))
        client.kill()
        client.wait()
        json.loads(pair.read_text())
    (pair.parent / f".{pair.name}.new").write_text("of one more")
    check(ctl("refresh", "--file", pair), OK)
    assert list(pair.parent.iterdir()) == [pair]


def test_a_lost_answer_is_asked_for_again(ctl, root, pair):
    old = json.loads(pair.read_text())
    _, taken, _ = renew(root, old["refresh"])
    check(ctl("refresh", "--file", pair), OK)
    assert json.loads(pair.read_text())["refresh"] == taken


def test_a_refused_refresh_leaves_the_file(ctl, root, pair):
    text = pair.read_text()
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    check(ctl("refresh", "--file", pair), FAILED, "session-revoked")
    assert pair.read_text() == text
    assert list(pair.parent.iterdir()) == [pair]


@pytest.mark.parametrize("command", ["refresh", "ensure-fresh"])
def test_a_pair_that_could_not_be_kept_is_not_asked_for(bus, daemon, pair, command):
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("a full disk needs a mount of its own: not allowed here")
    old = json.loads(pair.read_text())
    fill = ('mount -t tmpfs -o size=8k none "$1" && cat > "$1/pair" && chmod 600 "$1/pair" && '
            '{ cat /dev/zero > "$1/rest" 2> /dev/null || :; } && shift && exec "$@" < /dev/null')
    margin = ["--margin=1h"] if command == "ensure-fresh" else []
    done = subprocess.run(["unshare", "--mount", "sh", "-c", fill, "sh", pair.parent, os.environ["AUTHTOKENCTL"],
                           f"--bus={bus.address}", command, "--file", pair, *margin], input=pair.read_text(),
                          capture_output=True, text=True, timeout=60, check=False)
    assert "No space left on device" in done.stderr, done
    if command == "refresh":
        assert (done.returncode, done.stdout) == (FAILED, "")
    else:
        assert (done.returncode, done.stdout.strip()) == (OK, old["access"])
    told = [line for line in daemon.log_text().splitlines() if old["session"] in line]
    assert told and not [line for line in told if 'EVENT="refresh"' in line]


def test_a_session_is_revoked_by_the_refresh_token_in_a_file(ctl, root, tmp_path):
    for command in ("revoke", "logout"):
        access, refresh, _ = issue(root)
        check(ctl("revoke", refresh), USAGE, "that is a token")
        file = tmp_path / "refresh"
        file.write_text(refresh + "\n", encoding="ascii")
        assert check(ctl(command, "--token-file", file), OK).stdout.startswith("1 session ")
        assert is_good(root, access) == "session-revoked"


def test_ensure_fresh_refreshes_only_when_little_is_left(ctl, root, pair):
    old = json.loads(pair.read_text())
    assert check(ctl("ensure-fresh", "--file", pair), OK).stdout.strip() == old["access"]
    assert json.loads(pair.read_text()) == old
    access = check(ctl("ensure-fresh", "--file", pair, "--margin=1h"), OK).stdout.strip()
    assert claims_of(access)["jti"] == f"{old['session']}.2"
    assert json.loads(pair.read_text())["access"] == access


def test_many_at_once_share_a_pair(ctl, root, pair):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        runs = [pool.submit(ctl, "ensure-fresh", "--file", pair, "--margin=1h") for _ in range(20)]
        tokens = [check(run.result(), OK).stdout.strip() for run in runs]
    # One after the other, none of them with a token that another one had used before.
    assert {claims_of(token)["jti"].split(".")[1] for token in tokens} == {str(n) for n in range(2, 22)}
    assert list(pair.parent.iterdir()) == [pair]


def test_ensure_fresh_without_the_daemon_takes_what_is_still_good(ctl, pair):
    old = json.loads(pair.read_text())
    away = f"unix:path={pair}.absent"
    done = ctl("ensure-fresh", "--file", pair, "--margin=1h", address=away)
    assert (done.returncode, done.stdout.strip()) == (OK, old["access"]) and "cannot connect" in done.stderr
    pair.write_text(json.dumps({**old, "expires": int(time.time()) - 1}))
    check(ctl("ensure-fresh", "--file", pair, address=away), UNREACHABLE, "cannot connect")


@pytest.mark.parametrize("what", ["others can read it", "somebody else's", "a symbolic link", "absent", "empty",
                                  "no pair", "a directory"])
def test_a_file_that_cannot_hold_a_pair_is_refused(ctl, pair, what):
    uid = 0
    if what == "others can read it":
        pair.chmod(0o640)
    elif what == "somebody else's":
        os.chown(pair, OWN_UID, OWN_UID)
    elif what == "a symbolic link":
        pair.rename(pair.with_name("target"))
        pair.symlink_to("target")
    elif what == "absent":
        pair.unlink()
    elif what == "empty":
        pair.write_text("")
    elif what == "no pair":
        pair.write_text('{"access": "x", "refresh": 1}')
    else:
        pair.unlink()
        pair.mkdir()
    for command in ("refresh", "ensure-fresh"):
        check(ctl(command, "--file", pair, uid=uid), FAILED)


def test_usage(ctl, pair):
    for arguments in (["ensure-fresh"], ["ensure-fresh", "--file", pair, "x"], ["refresh", "--file=a", "--file=b"],
                      ["ensure-fresh", "--file", pair, "--margin=x"], ["ensure-fresh", "--file", pair, "--margin=1", "--margin=1"],
                      ["issue", "--pair", "--json", OWN_USER]):
        check(ctl(*arguments), USAGE)
    for command in ("refresh", "ensure-fresh"):
        assert check(ctl(command, "--help"), OK).stdout.startswith(f"Usage: authtokenctl {command}")


def test_an_unknown_session_is_not_found(ctl, root):
    _, refresh, _ = issue(root)
    check(ctl("refresh", stdin="atr1.AAAAAAAAAAAAAAAAAAAAAA.1." + refresh[-43:], uid=OTHER_UID), NOT_FOUND,
          "session-unknown")


def test_an_access_token_is_told_to_be_no_refresh_token(ctl, root):
    access, _ = root.issue(OWN_USER)
    check(ctl("refresh", stdin=access), FAILED, "token-malformed: not the form of a refresh token")
