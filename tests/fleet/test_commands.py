# SPDX-License-Identifier: MIT
"""The daemon's commands to Redis, as MONITOR shows them (all but AUTH and CONFIG): only commands that the shipped list
of users allows, and none that reads more than one user, or a page of names."""

import re
import socket
import threading
from xml.etree import ElementTree

import pytest

import frames
import redis_server
from private_bus import HERE, OWN_USER, CallError, wait_until
from token_login import log_in

INTERFACE = HERE.parents[1] / "systemd/org.authtoken1.Manager.xml"
WALKS = {"keys", "scan", "hscan", "sscan", "zscan", "smembers", "sort", "randomkey", "hkeys", "hvals"}
CONTAINERS = {"client", "config", "script"}
NOBODY = "ghost"
LIST = "authtoken:default:users"
CENSUS = "authtoken:default:census"
LOCK_OUTS = "authtoken:default:fl"
PAGE = ["BYLEX", "LIMIT", "0", "1000"]

# What is in braces comes from the orders before.
ORDERS = [
    ("IssueToken", "('{user}', @a{{sv}} {{}})"),
    ("ValidateToken", "('{token}', @a{{sv}} {{}})"),
    ("RefreshToken", "('{refresh}',)"),
    ("CreateCode", "('{new}', @a{{sv}} {{}})"),
    ("ListSessions", "(@a{{sv}} {{}},)"),
    ("CountSessions", "({{'user': <'{user}'>}},)"),
    ("RevokeToken", "('{token}', '')"),
    ("RevokeSession", "('{sid}', '')"),
    ("KickSession", "('{sid}', '')"),
    ("RevokeSessions", "('{user}', {{'platform': <'phone'>}}, '')"),
    ("RevokeBefore", "('{user}', uint64 1, '')"),
    ("LowerBefore", "('{user}', '')"),
    ("Logout", "('{user}', '', '')"),
    ("RevokeUser", "('{user}', '')"),
    ("KickUser", "('{user}', @a{{sv}} {{}}, '')"),
    ("BanUser", "('{user}', uint64 60, '')"),
    ("ListBans", None),
    ("UnbanUser", "('{user}',)"),
    ("ListLockOuts", "(@a{{sv}} {{}},)"),
    ("LiftLockOut", "('{user}', '')"),
    ("ListKeys", None),
    ("GetJWKS", None),
    ("RotateKey", "(@a{{sv}} {{}},)"),
    ("ConfirmAdoption", None),
    ("ConfirmAdoptionSince", "(uint64 1,)"),
    ("GetStatus", None),
    ("GetMetrics", None),
    ("Reload", None),
    ("RevokeAll", "('',)"),
]


class Monitor:
    """All that anybody says to a Redis from now on, Lua included, as lists of words."""

    def __init__(self, redis):
        self.said = []
        self.ours = []
        self.run_unseen = redis.run
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(redis.socket))
        self.socket.sendall(b"MONITOR\r\n")
        self.lines = self.socket.makefile(encoding="utf-8", errors="replace")
        assert self.lines.readline() == "+OK\n"
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.lines:
            _, _, words = line.partition("] ")
            self.said.append(re.findall(r'"((?:[^"\\]|\\.)*)"', words))

    def run(self, *words):
        """An administrator's doing."""
        self.ours.append(list(words))
        return self.run_unseen(*words)

    def stop(self):
        """What the daemons have said."""
        self.run("ECHO", "enough")
        wait_until(lambda: ["ECHO", "enough"] in self.said, "the end")
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.lines.close()
        self.socket.close()
        # An administrator's commands as such, CLIENT KILL, are not shown.
        for words in self.ours:
            if words in self.said:
                self.said.remove(words)
        return self.said


def name_of(words):
    name = words[0].lower()
    return f"{name}|{words[1].lower()}" if name in CONTAINERS else name


@pytest.fixture(scope="module")
def n_hosts():
    return 2


@pytest.fixture(scope="module")
def options():
    return "[Limits]\nLoginFailures=4\n"


def order_everything(root):
    """Each method of the interface, whether it finds something to do or not."""
    known = {"user": OWN_USER}
    for member, arguments in ORDERS:
        if member.startswith(("Revoke", "Kick", "Logout")):
            known["token"], known["sid"] = root.issue(OWN_USER)
        try:
            answer = root.call(member, arguments and arguments.format(**known))
        except CallError as error:
            # A fleet's keys are not made by one host; and no clock was ahead.
            assert (member, error.code) in (("RotateKey", "key-not-shared"), ("LowerBefore", "not-ahead"))
            continue
        if member == "IssueToken":
            known["token"], known["refresh"], _ = answer
        elif member == "RefreshToken":
            known["new"] = answer[0]


def log_in_in_every_way(fleet, host):
    token, _ = host.root.issue(OWN_USER)
    (code,) = host.root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")
    who = {frames.USER: OWN_USER, frames.SERVICE: "test"}
    login = host.log_in(token)
    for kind, fields in ((frames.AUTHENTICATE_SESSION, who), (frames.ACCOUNT, who),
                         (frames.VALIDATE, {frames.TOKEN: token}), (frames.CLOSE_SESSION, {frames.HANDLE: "A" * 22})):
        frames.ask(host.daemon.socket, kind, fields)
    fleet.logind.leave(login)
    assert log_in(host.daemon, code)[0] == frames.OK
    fail_until_locked_out(host.daemon, token)
    assert len(host.root.call("ListLockOuts", f"({{'user': <'{OWN_USER}'>}},)")[0]) == 1
    assert host.root.call("LiftLockOut", f"('{OWN_USER}', '')") == [1]


def fail_until_locked_out(daemon, token):
    head, _, signature = token.rpartition(".")
    wait_until(lambda: log_in(daemon, f"{head}.{signature[::-1]}")[1] == "locked-out", "a lock-out")


def count_again(redis, host):
    """As a host does that starts; there is a name on the list of whom nothing is stored."""
    redis.run("ZADD", LIST, "0", NOBODY)
    redis.run("DEL", CENSUS)
    host.restart()
    wait_until(lambda: NOBODY not in redis.run("ZRANGE", LIST, "0", "-1"), "a name to go")


def lose_connections(redis, hosts):
    redis.run("CLIENT", "KILL", "USER", "authtoken")
    for host in hosts:
        wait_until(lambda caller=host.root: caller.call("GetStatus")[0]["store_online"], "a connection")
        host.root.issue(OWN_USER)


def lose_users(redis, root):
    redis.run("DEL", LIST)
    with pytest.raises(CallError) as refusal:
        root.call("RevokeAll", "('',)")
    assert refusal.value.code == "users-lost"


@pytest.fixture(scope="module")
def said(fleet):
    """By daemons without restrictions, while they do everything that they can do."""
    redis, (first, second) = fleet.redis, fleet.hosts
    redis.run("ACL", "SETUSER", "authtoken", "+@all")
    monitor = Monitor(redis)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis, "run", monitor.run)
        first.restart()
        order_everything(first.root)
        log_in_in_every_way(fleet, first)
        count_again(redis, second)
        lose_connections(redis, fleet.hosts)
        lose_users(redis, second.root)
        return monitor.stop()


def test_every_method_and_every_request_is_among_what_is_done():
    methods = {method.get("name") for method in ElementTree.parse(INTERFACE).getroot().iter("method")}
    assert {member for member, _ in ORDERS} == methods


def test_nothing_is_said_but_what_the_shipped_list_allows(said):
    allowed = {rule[1:] for rule in redis_server.rules("authtoken") if rule.startswith("+")}
    assert {name_of(words) for words in said} <= allowed


def test_all_of_it_was_seen(said):
    """What only a lock-out, its end, a count, a loss, or a connection that is new says, too."""
    assert [LOCK_OUTS, f"[{OWN_USER}:", f"({OWN_USER};", *PAGE] in [words[1:] for words in said]
    assert {"evalsha", "zadd", "zrem", "zrange", "zcard", "exists", "incr", "subscribe", "client|tracking", "time",
            "script|load", "hgetall", "get"} <= {name_of(words) for words in said}


def is_a_page(words):
    return words[1] in (LIST, LOCK_OUTS) and words[4:] == PAGE


def is_a_sample(words):
    """A few names, by where they stand."""
    return words[1] == LOCK_OUTS and len(words) == 4 and int(words[3]) - int(words[2]) < 10


def test_nothing_reads_more_than_a_user_or_a_page_of_names(said):
    for words in said:
        if words[0].lower() == "hgetall":
            assert words[1].startswith("authtoken:default:u:"), words
        elif words[0].lower() == "zrange":
            assert is_a_page(words) or is_a_sample(words), words
        assert words[0].lower() not in WALKS, words


def test_a_session_that_was_begun_here_is_ended_without_reading_its_user(fleet):
    root = fleet.hosts[0].root
    _, sid = root.issue(OWN_USER)
    monitor = Monitor(fleet.redis)
    root.call("RevokeSession", f"('{sid}', '')")
    said = [name_of(words) for words in monitor.stop()]
    assert "evalsha" in said
    assert "hgetall" not in said
