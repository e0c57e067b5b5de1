# SPDX-License-Identifier: MIT
"""Pairs of tokens, their renewal, one place to be signed on, and what others are told of it."""

import json
import subprocess
import sys

import pytest

import redis_server
from hook_socket import HookSocket, answering
import redis_server
from private_bus import HERE, OWN_USER, wait_until
from service import parts

SSH_ON = "{{'platform': <'{}'>, 'device': <'{}'>}}"


def open_login(service, token):
    """A login that lasts until its standard input is closed."""
    login = subprocess.Popen([sys.executable, "-B", HERE / "login.py", service.path, OWN_USER, "pts/9", "192.0.2.1"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    login.stdin.write(token + "\n")
    login.stdin.flush()
    assert login.stdout.readline() == "opened\n"
    return login


def test_pair(fresh):
    access, refresh, _ = fresh.issue()
    assert refresh.startswith("atr1.") and refresh != access
    assert fresh.is_valid(access) and not fresh.is_valid(refresh)


def test_refresh(fresh):
    access, refresh, _ = fresh.issue()
    next_access, next_refresh, _ = fresh.refresh(refresh)
    assert fresh.is_valid(next_access) and next_refresh != refresh
    before, after = (parts(token)[1]["jti"].split(".") for token in (access, next_access))
    assert before[0] == after[0] and int(after[1]) == int(before[1]) + 1


@pytest.mark.parametrize("rule, ended", [
    ("device", ["same"]), ("platform", ["same", "device"]), ("user", ["same", "device", "platform"])])
def test_single_sign_on(fresh, configured, rule, ended):
    where = {"same": ("ssh", "a"), "device": ("ssh", "b"), "platform": ("desktop", "a")}
    # Each before the next would end it.
    old = {name: fresh.session(options=SSH_ON.format(*place))[0] for name, place in where.items()}
    configured(f"[Session]\nSingleSignOn={rule}\n")
    new, _ = fresh.session(options=SSH_ON.format("ssh", "a"))
    assert fresh.is_valid(new)
    assert [name for name in where if fresh.refusal(old[name]) == "session-replaced"] == ended


def test_single_device(fresh, configured):
    configured("[Session]\nMaxSessions=1\nOverflow=evict-oldest\n")
    old, _ = fresh.session(options=SSH_ON.format("ssh", "a"))
    new, _ = fresh.session(options=SSH_ON.format("desktop", "b"))
    assert (fresh.is_valid(old), fresh.is_valid(new), fresh.count(OWN_USER)) == (False, True, 1)


def test_logout(fresh):
    access, _ = fresh.session(options=SSH_ON.format("ssh", "a"))
    fresh.root.call("Logout", f"('{OWN_USER}', 'ssh', 'a')")
    assert not fresh.is_valid(access)


def test_kick(fresh):
    access, _ = fresh.session()
    with open_login(fresh, access) as login:
        asked = fresh.root.send("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, 'out')")
        wait_until(lambda: not fresh.is_valid(access), "the end of the session")
        # The process is in no session of logind, so it has to leave by itself to count as ended.
        login.stdin.close()
        assert sum(fresh.root.result(asked)) == 1


def test_silent_refresh(fresh, ctl, tmp_path):
    pair = tmp_path / "pair"
    done = ctl("issue", "--pair", "--output", pair, "--lifetime", "1min", OWN_USER)
    assert done.returncode == 0, done.stderr
    before = json.loads(pair.read_text(encoding="utf-8"))
    done = ctl("ensure-fresh", "--file", pair)
    assert done.returncode == 0, done.stderr
    assert fresh.is_valid(done.stdout.strip()) and done.stdout.strip() != before["access"]


def test_four_hooks(fresh, bus):
    hooks = HookSocket(bus.directory / "hook.sock", answering("allowed"))
    try:
        fresh.restart(f"[Hooks]\nSocket={hooks.path}\nEvents=login logout refresh kick\n")
        access, refresh, info = fresh.issue()
        assert fresh.login(access) == 0
        hooks.of("login", info["session"])
        fresh.refresh(refresh)
        hooks.of("refresh", info["session"])
        fresh.root.call("Logout", f"('{OWN_USER}', '', '')")
        hooks.of("logout", info["session"])
        _, kicked = fresh.session()
        fresh.root.call("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, 'out')")
        hooks.of("kick", kicked)
    finally:
        fresh.restart()
        hooks.stop()


def test_key_prefix(fresh, bus):
    redis = redis_server.start(bus.directory)
    try:
        redis.run("ACL", "SETUSER", "authtoken", "~shop:*")
        fresh.restart(store=redis.store + "Prefix=shop\nTenant=north\n")
        fresh.session()
        keys = redis.run("KEYS", "*").split()
        assert f"shop:north:u:{OWN_USER}" in keys
        assert [key for key in keys if not key.startswith("shop:north:")] == []
    finally:
        fresh.restart()
        redis.stop()


def test_events_for_everyone(fresh):
    fresh.root.listen()
    access, refresh, info = fresh.issue()
    fresh.refresh(refresh)
    assert fresh.root.signal("SessionRefreshed", info["session"])
    fresh.root.call("RevokeSession", f"('{info['session']}', '')")
    assert fresh.root.signal("SessionEnded", info["session"])[1] == "session-revoked"
    assert not fresh.is_valid(access)
