# SPDX-License-Identifier: MIT
"""A session that is bound to an address or a device, used elsewhere."""

import os
import socket
import threading

import pytest

from frames import (AUTHENTICATE, DENIED, OK, PATIENCE_SECONDS, REASON, SERVICE, TOKEN, USER, compose, connect,
                    parse)
from private_bus import OWN_USER, CallError
from token_login import log_in

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def rules(root, daemon):
    before = daemon.config.read_text()

    def set_rules(*lines):
        daemon.config.write_text(before + "[Session]\n" + "\n".join(lines) + "\n")
        root.call("Reload")

    yield set_rules
    root.call("RevokeUser", f"('{OWN_USER}', '')")
    daemon.config.write_text(before)
    root.call("Reload")


def told(daemon, *words):
    return [line for line in daemon.log_text().splitlines() if all(word in line for word in words)]


def test_the_first_address_binds(daemon, root, rules):
    rules("BindAddress=deny")
    token, sid = root.issue(OWN_USER)
    assert [log_in(daemon, token, rhost)[0] for rhost in (HERE, ELSEWHERE, HERE, f"::ffff:{HERE}", None)] == \
        [OK, DENIED, OK, OK, DENIED]
    assert len(told(daemon, 'AUTHTOKEN_EVENT="binding"', f'AUTHTOKEN_SESSION="{sid}"',
                    'AUTHTOKEN_REASON="address-mismatch"')) == 2
    assert told(daemon, 'AUTHTOKEN_EVENT="authenticate"', f'AUTHTOKEN_RHOST="{ELSEWHERE}"', "address-mismatch")
    ((row,),) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    assert row["client_address"] == HERE


def test_the_address_of_the_issue_binds(daemon, root, rules):
    rules("BindAddress=deny")
    token, _ = root.issue(OWN_USER, "{'client_address': <'2001:DB8::0001'>}")
    assert [log_in(daemon, token, rhost)[0] for rhost in (HERE, "2001:db8::1")] == [DENIED, OK]


def test_a_login_at_the_host_itself_binds_too(daemon, root, rules):
    rules("BindAddress=deny")
    token, _ = root.issue(OWN_USER)
    assert [log_in(daemon, token, rhost)[0] for rhost in (None, HERE, None)] == [OK, DENIED, OK]


def connect_and_leave(path):
    """A connection whose process is gone; another one has it now."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            peer = connect(path)
            socket.send_fds(theirs, [b"x"], [peer.fileno()])
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    theirs.close()
    _, (number,), _, _ = socket.recv_fds(ours, 1, 1)
    ours.close()
    peer = socket.socket(fileno=number)
    peer.settimeout(PATIENCE_SECONDS)
    return peer


def test_who_cannot_be_found_is_nowhere(daemon, root, rules):
    """An unknown place must not count as the host itself."""
    rules("BindAddress=deny")
    token, _ = root.issue(OWN_USER)
    assert log_in(daemon, token, None)[0] == OK
    with connect_and_leave(daemon.socket) as peer:
        peer.send(compose(AUTHENTICATE, {USER: OWN_USER, SERVICE: "test", TOKEN: token}))
        _, status, answer = parse(peer.recv(65536))
    assert (status, answer.get(REASON)) == (DENIED, "address-mismatch")


def test_a_warning_refuses_nothing(daemon, root, rules):
    rules("BindAddress=warn")
    token, sid = root.issue(OWN_USER)
    assert [log_in(daemon, token, rhost)[0] for rhost in (HERE, ELSEWHERE)] == [OK, OK]
    assert told(daemon, 'AUTHTOKEN_EVENT="binding"', f'AUTHTOKEN_SESSION="{sid}"', f'AUTHTOKEN_RHOST="{ELSEWHERE}"')


def test_a_session_keeps_the_rules_that_it_began_under(daemon, root, rules):
    rules("BindAddress=off")
    token, _ = root.issue(OWN_USER)
    rules("BindAddress=deny")
    assert [log_in(daemon, token, rhost)[0] for rhost in (HERE, ELSEWHERE)] == [OK, OK]


def test_of_many_first_addresses_one_binds(daemon, root, rules):
    rules("BindAddress=deny")
    for _ in range(5):
        token, _ = root.issue(OWN_USER)
        results = [None] * 20

        def run(number, token=token, results=results):
            results[number] = log_in(daemon, token, f"192.0.2.{number + 1}")[0]

        threads = [threading.Thread(target=run, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == sorted([OK] + [DENIED] * 19)


def test_a_token_of_another_device_is_refused(daemon, root, rules):
    rules("BindDevice=deny", "DeviceId=laptop-7")
    own, _ = root.issue(OWN_USER, "{'device': <'laptop-7'>}")
    foreign, sid = root.issue(OWN_USER, "{'device': <'laptop-8'>}")
    none, _ = root.issue(OWN_USER)
    assert [log_in(daemon, token, HERE)[0] for token in (own, foreign, none)] == [OK, DENIED, OK]
    assert told(daemon, 'AUTHTOKEN_EVENT="binding"', f'AUTHTOKEN_SESSION="{sid}"', "device-mismatch")
    root.call("ValidateToken", f"('{own}', @a{{sv}} {{}})")
    with pytest.raises(CallError) as refusal:
        root.call("ValidateToken", f"('{foreign}', @a{{sv}} {{}})")
    assert refusal.value.code == "device-mismatch"


def test_a_refresh_anywhere_leaves_the_bindings(daemon, root, rules):
    """A caller on the bus may refresh for a client elsewhere; the new tokens are good where the old ones were."""
    rules("BindDevice=deny", "BindAddress=deny", "DeviceId=laptop-7")
    bound = "{'device': <'laptop-8'>, 'client_address': <'%s'>}" % HERE
    _, refresh, _ = root.call("IssueToken", f"('{OWN_USER}', {bound})")
    token, refresh, _ = root.call("RefreshToken", f"('{refresh}',)")
    assert log_in(daemon, token, HERE) == (DENIED, "device-mismatch")
    with pytest.raises(CallError) as refusal:
        root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    assert refusal.value.code == "device-mismatch"
    rules("BindDevice=deny", "BindAddress=deny", "DeviceId=laptop-8")
    assert [log_in(daemon, token, rhost)[0] for rhost in (ELSEWHERE, HERE)] == [DENIED, OK]


def test_the_status_tells_the_device(root, rules):
    (status,) = root.call("GetStatus")
    assert len(status["device"]) == 32
    rules("DeviceId=laptop-7")
    (status,) = root.call("GetStatus")
    assert status["device"] == "laptop-7"
