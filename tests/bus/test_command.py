# SPDX-License-Identifier: MIT
"""authtokenctl: what it prints, what it refuses, and its exit statuses."""

import calendar
import json
import re
import stat
import subprocess
import time

import pytest

from command import DENIED, FAILED, NOT_FOUND, OK, UNREACHABLE, USAGE, check, rows
from private_bus import OTHER_UID, OTHER_USER, OWN_UID, OWN_USER

NOBODYS_SID = "AAAAAAAAAAAAAAAAAAAAAA"
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
SESSION = re.compile(r"[\w-]{22}")


# issue

def test_issue_prints_the_token_alone(ctl, root):
    done = check(ctl("issue", OWN_USER), OK)
    assert TOKEN.fullmatch(done.stdout.rstrip("\n"))
    assert done.stderr == ""
    (answer,) = root.call("ValidateToken", f"('{done.stdout.strip()}', @a{{sv}} {{}})")
    assert answer["user"] == OWN_USER


def test_issue_takes_every_option(ctl, root):
    (row,) = rows(ctl("issue", "--audience", "authtoken", "--audience=other", "--role=a", "--role=b",
                      "--platform=ssh", "--device=d1", "--source=ci", "--name=Ä B", "--data={\"x\":[1]}",
                      "--lifetime=1min 30s", "--json", OWN_USER), "issue")
    (answer,) = root.call("ValidateToken", f"('{row['token']}', @a{{sv}} {{}})")
    claims = json.loads(answer["claims"])
    assert claims["aud"] == ["authtoken", "other"] and claims["roles"] == ["a", "b"]
    assert (claims["plat"], claims["did"], claims["src"]) == ("ssh", "d1", "ci")
    assert (claims["name"], claims["data"]) == ("Ä B", {"x": [1]})
    assert claims["exp"] - claims["iat"] == 90
    assert (row["jti"], row["session"]) == (claims["jti"], claims["jti"].split(".")[0])
    assert row["expires"] == claims["exp"] and row["kid"]


def test_issue_writes_a_new_file_that_only_its_owner_reads(ctl, tmp_path):
    path = tmp_path / "token"
    done = check(ctl("issue", "--output", path, OWN_USER), OK)
    assert done.stdout == ""
    assert TOKEN.fullmatch(path.read_text().rstrip("\n"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("what", ["a file", "a symbolic link", "a dangling link"])
def test_issue_never_writes_to_what_is_there(ctl, root, tmp_path, what):
    path, target = tmp_path / "token", tmp_path / "target"
    if what != "a dangling link":
        target.write_text("mine")
    if what == "a file":
        path.write_text("mine")
    else:
        path.symlink_to(target)
    check(ctl("issue", "--output", path, OWN_USER), FAILED, "remove that one, or name another")
    assert what == "a dangling link" or path.read_text() == "mine"
    assert root.sessions(OWN_USER) == set()


def test_issue_leaves_no_file_behind_a_refusal(ctl, tmp_path):
    path = tmp_path / "token"
    check(ctl("issue", "--output", path, "--lifetime=2d", OWN_USER), USAGE, "lifetime-exceeded")
    assert not path.exists()


def test_issue_warns_of_a_user_whom_the_host_does_not_know(ctl, root):
    done = check(ctl("issue", "nosuchuser"), OK, "does not know the user nosuchuser")
    assert TOKEN.fullmatch(done.stdout.rstrip("\n"))
    root.call("RevokeUser", "('nosuchuser', '')")


# list

def test_list_is_a_table_for_people(ctl):
    check(ctl("issue", "--device=laptop", "--role=a", "--role=b", OWN_USER), OK)
    heading, row = check(ctl("list"), OK).stdout.splitlines()
    assert heading.split() == ["SESSION", "USER", "CREATED", "EXPIRES", "TOKEN", "EXPIRES", "DEVICE",
                               "ROLES"]
    assert SESSION.match(row) and OWN_USER in row and "laptop" in row and "a,b" in row
    created, expires, token_expires = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row)
    assert abs(calendar.timegm(time.strptime(created, "%Y-%m-%d %H:%M:%S")) - time.time()) < 60
    assert created < token_expires < expires


def test_list_shows_nothing_that_turns_a_line_around(ctl):
    check(ctl("issue", "--device=lap\u202etop", OWN_USER), OK)
    assert " lap?top" in check(ctl("list"), OK).stdout
    (row,) = rows(ctl("list", "--json"), "sessions")
    assert row["device"] == "lap\u202etop"


def test_list_is_json_for_programs(ctl):
    check(ctl("issue", "--role=a", OWN_USER), OK)
    check(ctl("issue", OTHER_USER), OK)
    both = rows(ctl("list", "--json"), "sessions")
    assert {row["user"] for row in both} == {OWN_USER, OTHER_USER}
    (row,) = rows(ctl("list", "--json", OWN_USER), "sessions")
    assert SESSION.fullmatch(row["session"])
    assert row["roles"] == ["a"] and row["audience"] == ["authtoken"]
    assert isinstance(row["created"], int) and row["expires"] > row["created"] > 1_700_000_000
    assert [row["roles"] for row in both if row["user"] == OTHER_USER] == [[]]


def test_an_empty_list_is_a_list(ctl):
    assert rows(ctl("list", "--json"), "sessions") == []
    assert "\n" not in check(ctl("list"), OK).stdout.rstrip("\n")


def test_list_shows_ordinary_users_their_own(ctl, polkit):
    check(ctl("issue", OWN_USER), OK)
    check(ctl("issue", OTHER_USER), OK)
    assert [row["user"] for row in rows(ctl("list", "--json", uid=OWN_UID), "sessions")] == [OWN_USER]
    assert not polkit.asked()
    check(ctl("list", "--all", uid=OWN_UID), DENIED, "not-authorised")
    check(ctl("list", OTHER_USER, uid=OWN_UID), DENIED, "Run it as root")
    polkit.answers("yes")
    assert len(rows(ctl("list", "--all", "--json", uid=OWN_UID), "sessions")) == 2


# revoke and kick

@pytest.mark.parametrize("way", ["--user", "--session", "jti", "file", "stdin"])
def test_revoke(ctl, root, tmp_path, way):
    (row,) = rows(ctl("issue", "--json", OWN_USER), "issue")
    path = tmp_path / "token"
    path.write_text(row["token"] + "\n")
    arguments = {"--user": ["--user", OWN_USER], "--session": ["--session", row["session"]],
                 "jti": [row["jti"]], "file": ["--token-file", path], "stdin": ["--token-file", "-"]}[way]
    done = check(ctl("revoke", "--reason=lost", *arguments,
                     stdin=row["token"] if way == "stdin" else None), OK)
    assert done.stdout == "1 session revoked\n"
    assert root.sessions(OWN_USER) == set()


def test_a_user_revokes_his_own_without_polkit(ctl, polkit):
    (row,) = rows(ctl("issue", "--json", OWN_USER), "issue")
    check(ctl("revoke", "--session", row["session"], uid=OTHER_UID), DENIED, "not-authorised")
    assert len(polkit.asked()) == 1
    check(ctl("revoke", "--session", row["session"], uid=OWN_UID), OK)
    assert not polkit.asked()


def test_a_token_is_not_taken_from_the_arguments(ctl, root):
    (row,) = rows(ctl("issue", "--json", OWN_USER), "issue")
    done = check(ctl("revoke", row["token"]), USAGE, "--token-file")
    assert row["token"] not in done.stderr
    assert root.sessions(OWN_USER) == {row["session"]}


@pytest.mark.parametrize("content", ["", "\n", "\0\0", "x" * 100_000])
def test_revoke_wants_a_token_in_the_file(ctl, tmp_path, content):
    path = tmp_path / "token"
    path.write_text(content)
    check(ctl("revoke", "--token-file", path), FAILED, str(path))


def test_kick(ctl, root):
    for options in (["--platform=phone"], ["--platform=desk"], ["--platform=desk", "--device=d"], []):
        check(ctl("issue", *options, OWN_USER), OK)
    assert check(ctl("kick", "--platform=desk", "--device=d", OWN_USER), OK).stdout == "0 logins ended\n"
    assert len(root.sessions(OWN_USER)) == 3
    check(ctl("kick", "--platform=phone", "--platform=desk", "--user", OWN_USER), OK)
    (last,) = root.sessions(OWN_USER)
    check(ctl("kick", "--session", last, "--reason", "left"), OK)
    assert root.sessions(OWN_USER) == set()


@pytest.mark.parametrize("command", ["revoke", "kick"])
def test_what_does_not_exist_is_not_found(ctl, command):
    check(ctl(command, "--session", NOBODYS_SID), NOT_FOUND, "session-unknown")


# status, keys and verify

def test_status(ctl):
    (row,) = rows(ctl("status", "--json", uid=OTHER_UID), "status")
    assert (row["store_type"], row["store_online"], row["keys"]) == ("sqlite", True, 1)
    assert isinstance(row["store_commits"], int)
    assert re.search(r"Store online: yes", check(ctl("status"), OK).stdout)


def test_keys_serve_to_verify(ctl, tmp_path):
    key, refresh = rows(ctl("keys", "list", "--json", uid=OTHER_UID), "keys")
    assert (key["state"], refresh["state"]) == ("signing", "refresh")
    jwks = check(ctl("keys", "jwks", uid=OTHER_UID), OK).stdout
    assert json.loads(jwks)["keys"][0]["kid"] == key["kid"] and key["signing"] is True
    assert key["kid"] in check(ctl("keys", "list"), OK).stdout
    path = tmp_path / "jwks"
    path.write_text(jwks)
    token = check(ctl("issue", OWN_USER), OK).stdout
    done = ctl("verify", "--jwks", path, "--user", OWN_USER, stdin=token)
    assert (done.returncode, done.stdout) == (OK, "ok\n")
    done = ctl("verify", "--jwks", path, "--user", OTHER_USER, stdin=token)
    assert (done.returncode, done.stdout) == (FAILED, "user-mismatch\n")


# usage and failures

@pytest.mark.parametrize("arguments", [
    [], ["dance"], ["--colour"], ["issue"], ["issue", "a", "b"], ["issue", "--colour", "a"],
    ["issue", "--lifetime=soon", OWN_USER], ["issue", "--lifetime=0", OWN_USER], ["issue", "a b"],
    ["list", "a", "b"], ["list", "--all", "a"], ["revoke"], ["revoke", "--user", "a", "--session", "b"],
    ["revoke", "a.1", "b.1"], ["kick"], ["kick", OWN_USER, "--session", NOBODYS_SID],
    ["kick", "--session", NOBODYS_SID, "--platform", "x"], ["kick", "--session", "short"],
    ["status", "x"], ["keys"], ["keys", "eat"], ["keys", "list", "x"]], ids=" ".join)
def test_usage(ctl, arguments):
    done = ctl(*arguments)
    assert done.returncode == USAGE
    assert done.stdout == "" and done.stderr != ""


@pytest.mark.parametrize("arguments", [
    ["--help"], ["-h"], ["--version"], *([name, "--help"] for name in (
        "issue", "list", "revoke", "kick", "verify", "status", "keys"))], ids=" ".join)
def test_help_needs_no_daemon(ctl, arguments):
    done = check(ctl(*arguments, address="unix:path=/nonexistent"), OK)
    assert done.stdout and not done.stderr


@pytest.mark.parametrize("arguments", [
    ["issue", OWN_USER], ["list"], ["revoke", "--user", OWN_USER], ["kick", OWN_USER], ["status"],
    ["keys", "list"], ["keys", "jwks"]], ids=" ".join)
def test_an_absent_bus_or_daemon_is_unreachable(ctl, tmp_path, arguments):
    check(ctl(*arguments, address=f"unix:path={tmp_path}/none"), UNREACHABLE, "cannot connect")
    with subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1",
                           f"--address=unix:path={tmp_path}/bus"], stdout=subprocess.PIPE,
                          text=True) as empty:
        try:
            address = empty.stdout.readline().strip()
            check(ctl(*arguments, address=address), UNREACHABLE, "Is the daemon running?")
        finally:
            empty.kill()


def test_output_that_cannot_be_written_is_a_failure(ctl):
    check(ctl("issue", OWN_USER), OK)  # an empty list writes nothing
    with open("/dev/full", "w", encoding="utf-8") as full:
        for arguments in (["issue", OWN_USER], ["list"], ["status"], ["status", "--json"], ["keys", "jwks"],
                          ["--help"]):
            done = ctl(*arguments, stdout=full)
            assert done.returncode == FAILED
            assert "cannot" in done.stderr
