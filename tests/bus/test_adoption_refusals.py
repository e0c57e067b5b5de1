# SPDX-License-Identifier: MIT
"""A login is refused before anything is done for it: no session is made, and no other one ends."""

import threading
import time

import pytest

from adopting_host import Host, issuer, store  # noqa: F401 (fixtures)
from hook_socket import HookSocket, answering, read
from private_bus import OTHER_USER, OWN_USER, wait_until

HERE, ELSEWHERE, NOWHERE = "192.0.2.1", "192.0.2.2", "my laptop"
REPLACE = "[Session]\nSingleSignOn=user\n"
EVICT = "[Session]\nMaxSessions=1\nOverflow=evict-oldest\n"
DOOR = '[Service "door"]\nRequireRole=admin\n'


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, store, issuer):
    host = Host(bus, root, store, issuer, f"RolesClaim=roles\n[Hooks]\nSocket={bus.directory}/hook.sock\n")
    # What a test adds begins in the section of the hooks.
    root.call("ConfirmAdoptionSince", "(uint64 1,)")
    yield host
    host.stop()


@pytest.fixture
def host(daemon, root):
    yield daemon
    daemon.configure("")
    root.call("RevokeUser", f"('{OWN_USER}', '')")


@pytest.fixture
def hooks(bus):
    made = []

    def make(serve):
        made.append(HookSocket(bus.directory / "hook.sock", serve))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def told(host, *words):
    return [line for line in host.daemon.log_text().splitlines() if all(word in line for word in words)]


@pytest.mark.parametrize("rules", [REPLACE, EVICT], ids=["replace", "evict"])
@pytest.mark.parametrize(("more", "options", "reason"), [
    (DOOR, {"SERVICE": "door"}, "role-missing"),
    ("", {"ROLE": "admin"}, "role-missing"),
    ("BindAddress=deny\n", {"RHOST": NOWHERE}, "address-mismatch"),
], ids=["service", "stack", "place"])
def test_a_refused_login_ends_no_other_session(host, root, issuer, rules, more, options, reason):
    host.configure(rules + more)
    first, second = issuer.token(OWN_USER), issuer.token(OWN_USER, roles=["dev"])
    assert host.log_in(first, RHOST=HERE) == "ok"
    sessions = root.sessions(OWN_USER)
    assert host.log_in(second, **options) == reason
    assert root.sessions(OWN_USER) == sessions
    assert host.log_in(first, RHOST=HERE) == "ok"
    # What it was refused for is not held against it elsewhere.
    assert host.log_in(second, RHOST=HERE) == "ok"
    assert root.sessions(OWN_USER) != sessions


def test_a_token_that_lives_by_leeway_alone_begins_nothing(host, root, issuer):
    """A session ends with its token, to the second: this one would have ended before it began."""
    host.configure(REPLACE)
    now = int(time.time())
    first = issuer.token(OWN_USER)
    assert host.log_in(first) == "ok"
    sessions = root.sessions(OWN_USER)
    assert host.log_in(issuer.token(OWN_USER, iat=now - 100, exp=now - 5)) == "token-expired"
    assert root.sessions(OWN_USER) == sessions
    assert host.log_in(first) == "ok"


def test_who_has_what_is_wanted_replaces_as_ever(host, root, issuer):
    host.configure(REPLACE + "BindAddress=deny\n" + DOOR)
    first, second = issuer.token(OWN_USER), issuer.token(OWN_USER, roles=["admin"])
    assert host.log_in(first, RHOST=HERE) == "ok"
    assert host.log_in(second, SERVICE="door", ROLE="admin", RHOST=ELSEWHERE) == "ok"
    assert len(root.sessions(OWN_USER)) == 1
    assert [host.log_in(token, RHOST=HERE) for token in (first, second)] == ["session-replaced", "address-mismatch"]
    assert host.log_in(second, RHOST=ELSEWHERE) == "ok"


def test_a_login_at_the_host_itself_binds_it(host, issuer):
    host.configure("[Session]\nBindAddress=deny\n")
    token = issuer.token(OWN_USER)
    assert [host.log_in(token), host.log_in(token, RHOST=HERE), host.log_in(token)] == ["ok", "address-mismatch", "ok"]


def test_what_is_only_warned_of_is_told_once(host, issuer):
    host.configure("[Session]\nBindAddress=warn\n")
    before = len(told(host, 'AUTHTOKEN_EVENT="binding"'))
    assert host.log_in(issuer.token(OWN_USER), RHOST=NOWHERE) == "ok"
    assert len(told(host, 'AUTHTOKEN_EVENT="binding"')) == before + 1


def test_a_veto_ends_no_other_session(host, root, issuer, hooks):
    first, second = issuer.token(OWN_USER), issuer.token(OWN_USER)
    assert host.log_in(first) == "ok"
    sessions = root.sessions(OWN_USER)
    host.configure("Events=login\n" + REPLACE)
    asked = hooks(answering("vetoed 10-office-hours"))
    assert host.log_in(second) == "hook-vetoed"
    assert asked.next()["session"] not in sessions
    assert root.sessions(OWN_USER) == sessions
    asked.stop()
    asked = hooks(answering("allowed"))
    assert host.log_in(second) == "ok"
    assert asked.next()["session"] in root.sessions(OWN_USER)
    assert asked.events.empty()


@pytest.mark.parametrize(("rules", "banned", "reason"), [
    ("", True, "user-banned"), ("[Session]\nMaxSessions=1\n", False, "session-limit")], ids=["ban", "limit"])
def test_no_hook_is_asked_for_what_the_state_refuses(host, root, issuer, hooks, rules, banned, reason):
    asked = hooks(answering("allowed"))
    host.configure("Events=login\n" + rules)
    if banned:
        root.call("BanUser", f"('{OWN_USER}', uint64 60, '')")
    else:
        assert host.log_in(issuer.token(OWN_USER)) == "ok"
        asked.next()
    assert host.log_in(issuer.token(OWN_USER)) == reason
    assert asked.events.empty()
    if banned:
        root.call("UnbanUser", f"('{OWN_USER}',)")


@pytest.mark.parametrize(("old", "new", "reason"), [
    ("[Issuer", None, "issuer-mismatch"),
    ("UserMap=@example.org", f"UserMap={OWN_USER}@example.org:{OTHER_USER}", "user-mismatch"),
    ("UserMap=@example.org", "UserMap=somebody:else", "user-unmapped"),
    ("Audience=client-of-the-fleet", "Audience=somebody-else", "audience-mismatch"),
], ids=["issuer", "other-user", "no-user", "audience"])
def test_what_is_taken_back_while_the_hooks_run_is_not_trusted(host, root, issuer, hooks, old, new, reason):
    asked, go_on, outcome = [], threading.Event(), []

    def serve(_, peer):
        with peer:
            asked.append(read(peer)[0])
            go_on.wait(20)
            peer.send(b"allowed")

    hooks(serve)
    host.configure("Events=login\nTimeout=1500ms\n")
    waiter = threading.Thread(target=lambda: outcome.append(host.log_in(issuer.token(OWN_USER))))
    waiter.start()
    wait_until(lambda: asked, "the hooks to be asked")
    at = host.plain.index(old)
    rest = host.plain[at + len(old):] if new else host.plain[host.plain.index("[Hooks]"):]
    host.daemon.config.write_text(host.plain[:at] + (new or "") + rest)
    root.call("Reload")
    go_on.set()
    waiter.join()
    assert outcome == [reason]
    assert root.sessions(OWN_USER) == set()
