# SPDX-License-Identifier: MIT
"""Sessions as records: what is kept of them, for how long, and how they are found and ended."""

import json
import re
import time

import pytest

import redis_server
from private_bus import OTHER_USER, OWN_USER, CallError, wait_until
from service import parts


def device(name):
    return f"{{'device': <'{name}'>}}"


def test_session_data_in_the_store(fresh):
    data = {"cart": [1, 2], "theme": "dark"}
    access, _ = fresh.session(options=f"{{'data': <'{json.dumps(data)}'>}}")
    fresh.restart()
    assert json.loads(fresh.validate(access)["claims"])["data"] == data


def test_revoke_one_and_all(fresh):
    tokens = dict(fresh.session() for _ in range(3))
    one, *rest = tokens
    fresh.root.call("RevokeSession", f"('{tokens[one]}', '')")
    assert [fresh.is_valid(token) for token in tokens] == [False, True, True]
    fresh.root.call("RevokeUser", f"('{OWN_USER}', '')")
    assert [fresh.is_valid(token) for token in rest] == [False, False]


def test_revoke_all_users(fresh):
    tokens = [fresh.session(user)[0] for user in (OWN_USER, OTHER_USER)]
    fresh.root.call("RevokeAll", "('incident',)")
    assert [fresh.is_valid(token) for token in tokens] == [False, False]
    assert fresh.count() == 0


def test_last_seen(fresh):
    access, _ = fresh.session()
    assert fresh.sessions()[0].get("last_seen", 0) == 0
    began = int(time.time())
    assert fresh.login(access) == 0
    wait_until(lambda: fresh.sessions()[0].get("last_seen", 0) >= began, "the time of the last use")


def test_several_devices(fresh):
    sessions = {name: fresh.session(options=device(name))[1] for name in ("phone", "laptop")}
    assert {row["device"]: row["session"] for row in fresh.sessions()} == sessions


def test_local_cache(fresh):
    access, _ = fresh.session()
    assert fresh.is_valid(access)
    before = reads(fresh)
    for _ in range(100):
        assert fresh.is_valid(access)
    # Not one page of the database for each answer.
    assert reads(fresh) - before < 100 * 4096


def reads(service):
    with open(f"/proc/{service.daemon.process.pid}/io", encoding="ascii") as counters:
        return int(re.search(r"rchar: (\d+)", counters.read()).group(1))


def test_health(fresh):
    (status,) = fresh.root.call("GetStatus")
    assert status["store_online"] is True and status["store_type"] == "sqlite"


def test_revoke_by_id_with_expiry(fresh, bus):
    redis = redis_server.start(bus.directory)
    try:
        fresh.restart(store=redis.store)
        access, session = fresh.session()
        key = f"authtoken:default:u:{OWN_USER}"
        fresh.root.call("RevokeToken", f"('{parts(access)[1]['jti']}', '')")
        assert fresh.refusal(access) == "session-revoked"
        # The revocation is remembered for as long as a token could be valid, and then goes by itself.
        assert redis.run("HEXISTS", key, f"e:{session}").strip() == "1"
        assert int(redis.run("PTTL", key)) > 0
    finally:
        fresh.restart()
        redis.stop()


def test_expiry_by_the_store(fresh, bus):
    redis = redis_server.start(bus.directory)
    try:
        fresh.restart("[Session]\nAbsoluteLifetime=1h\n",
                      store=redis.store)
        _, session = fresh.session()
        for key in (f"authtoken:default:u:{OWN_USER}", f"authtoken:default:i:{session[:10]}"):
            assert 3600_000 - 60_000 < int(redis.run("PTTL", key)) < 3600_000 + 1200_000
    finally:
        fresh.restart()
        redis.stop()


def test_is_revoked(fresh):
    access, session = fresh.session()
    assert fresh.refusal(access) == "ok"
    fresh.root.call("RevokeSession", f"('{session}', '')")
    assert fresh.refusal(access) == "session-revoked"


def test_revoke_all_before_a_time(fresh):
    access, _ = fresh.session()
    issued = parts(access)[1]["iat"]
    wait_until(lambda: time.time() >= issued + 1, "the next second")
    fresh.root.call("RevokeBefore", f"('{OWN_USER}', uint64 {issued + 1}, '')")
    later, _ = fresh.session()
    assert (fresh.is_valid(access), fresh.is_valid(later)) == (False, True)


def test_count(fresh):
    for user, n_sessions in ((OWN_USER, 3), (OTHER_USER, 2)):
        for _ in range(n_sessions):
            fresh.session(user)
    assert (fresh.count(OWN_USER), fresh.count(OTHER_USER), fresh.count()) == (3, 2, 5)


def test_active_list(fresh):
    ended, ended_session = fresh.session()
    _, live_session = fresh.session()
    fresh.root.call("RevokeSession", f"('{ended_session}', '')")
    assert not fresh.is_valid(ended)
    (rows,) = fresh.root.call("ListSessions", "(@a{sv} {},)")
    assert [row["session"] for row in rows] == [live_session]


def test_session_metadata(fresh):
    _, session = fresh.session(options="{'client_address': <'192.0.2.7'>, 'user_agent': <'curl/8'>, "
                                       "'platform': <'web'>, 'name': <'Ada'>}")
    (row,) = fresh.sessions()
    assert (row["session"], row["client_address"], row["user_agent"]) == (session, "192.0.2.7", "curl/8")
    assert (row["platform"], row["name"]) == ("web", "Ada")
    assert row["created"] <= row["expires"]


@pytest.mark.parametrize("subject, code", [("AAAAAAAAAAAAAAAAAAAAAA", "session-unknown")])
def test_invalid_id(fresh, subject, code):
    with pytest.raises(CallError) as refused:
        fresh.root.call("RevokeSession", f"('{subject}', '')")
    assert refused.value.code == code


def test_already_revoked(fresh):
    _, session = fresh.session()
    fresh.root.call("RevokeSession", f"('{session}', '')")
    with pytest.raises(CallError) as refused:
        fresh.root.call("RevokeSession", f"('{session}', '')")
    assert refused.value.code == "session-revoked"


def test_sessions_exceeded(fresh, configured):
    configured("[Session]\nMaxSessions=2\nOverflow=reject\n")
    tokens = [fresh.session() for _ in range(2)]
    with pytest.raises(CallError) as refused:
        fresh.session()
    assert refused.value.code == "session-limit"
    fresh.root.call("RevokeSession", f"('{tokens[0][1]}', '')")
    fresh.session()


def test_ids_per_device(fresh):
    first, second = (fresh.session(options=device(name)) for name in ("phone", "laptop"))
    assert first[1] != second[1]
    assert parts(first[0])[1]["did"] == "phone"


def test_rotation_on_refresh(fresh):
    _, refresh, info = fresh.issue(options=device("phone"))
    seen = {refresh}
    for _ in range(5):
        _, refresh, _ = fresh.refresh(refresh)
        seen.add(refresh)
    assert len(seen) == 6 and [row["session"] for row in fresh.sessions()] == [info["session"]]


def test_logout_of_this_device_only(fresh):
    phone, laptop = (fresh.session(options=device(name))[0] for name in ("phone", "laptop"))
    fresh.root.call("Logout", f"('{OWN_USER}', '', 'phone')")
    assert (fresh.is_valid(phone), fresh.is_valid(laptop)) == (False, True)
