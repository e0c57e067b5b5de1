# SPDX-License-Identifier: MIT
"""A wall clock that is set far forward and back lifts no prohibition; on both stores."""

import os
import shutil
import struct
import time

import pytest

import redis_server
from frames import ACCOUNT, AUTHENTICATE, DENIED, HANDLE, OK, REASON, SERVICE, TOKEN, USER, ask
from private_bus import OTHER_USER, OWN_USER, CallError, Daemon, is_served, wait_until
from token_login import Login, log_in

MINUTE, HOUR, DAY = 60, 3600, 86400
YEARS = 10 * 366 * DAY
FAILURES = 3


class Clock:
    """By how much the daemon's clocks are ahead."""

    def __init__(self, path):
        self.path = path
        self.wall, self.up = 0, 0
        self.write()

    def write(self):
        mode = "r+b" if self.path.exists() else "wb"
        with open(self.path, mode) as file:
            file.write(struct.pack("=qq", self.wall, self.up))

    def step(self, seconds):
        self.wall += seconds
        self.write()

    def go_on(self, seconds):
        self.up += seconds
        self.step(seconds)


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def store(request, bus):
    if request.param == "sqlite":
        yield "Synchronous=off\n"
        return
    started = redis_server.start(bus.directory)
    yield started.store
    started.stop()


@pytest.fixture(scope="module")
def clock(bus, store):
    return Clock(bus.directory / "clock")


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, store, clock):
    redis_server.make_signing_key(bus.directory)
    started = Daemon(bus, store=f"{store}[Limits]\nLoginFailures={FAILURES}\nLockOut=15min\n", environment={
        "LD_PRELOAD": os.environ["SET_CLOCK_MODULE"], "SET_CLOCK": str(clock.path),
        "ASAN_OPTIONS": "verify_asan_link_order=0"})
    wait_until(lambda: not started.is_alive() or is_served(root), "authtokend on the bus")
    yield started
    started.stop()
    wait_until(lambda: not is_served(root), "the name is free")


def restart(daemon, root):
    daemon.stop()
    wait_until(lambda: not is_served(root), "the name is free")
    daemon.start()
    wait_until(lambda: not daemon.is_alive() or is_served(root), "authtokend on the bus")


def reboot(daemon, root, step):
    """The runtime directory is empty, and the clock is another one."""
    daemon.stop()
    wait_until(lambda: not is_served(root), "the name is free")
    shutil.rmtree(daemon.directory / "run")
    (daemon.directory / "run").mkdir(mode=0o700)
    step()
    daemon.start()
    wait_until(lambda: not daemon.is_alive() or is_served(root), "authtokend on the bus")


@pytest.fixture
def rules(daemon, root):
    """rules(lines): what stands in [Session], for one test."""
    before = daemon.config.read_text(encoding="utf-8")

    def change(text):
        daemon.config.write_text(text, encoding="utf-8")
        root.call("Reload")

    yield lambda lines: change(f"{before}[Session]\n{lines}\n")
    change(before)


@pytest.fixture(autouse=True)
def right_time(daemon, root, clock):
    """Each test begins with a daemon that has settled the time, and with nobody banned."""
    clock.wall = clock.up
    clock.write()
    root.call("ListBans")
    restart(daemon, root)
    for _ in range(2):
        clock.go_on(DAY)
        root.call("ListBans")
    for row in root.call("ListBans")[0]:
        root.call("UnbanUser", f"('{row['user']}',)")
    root.call("RevokeAll", "('',)")


def account(daemon, user=OWN_USER):
    _, status, answer = ask(daemon.socket, ACCOUNT, {USER: user, SERVICE: "test"})
    return status, answer.get(REASON)


def commit(root):
    """Make the state forget now whatever it may forget."""
    try:
        root.issue(OWN_USER)
    except CallError as error:
        assert error.code == "user-banned"


@pytest.mark.parametrize("step", [HOUR, DAY, YEARS])
def test_a_ban_outlasts_a_clock_that_is_set_forward_and_back(root, daemon, clock, step):
    root.call("BanUser", f"('{OWN_USER}', uint64 600, '')")
    clock.step(step)
    assert account(daemon) == (DENIED, "user-banned")
    commit(root)
    clock.step(-step)
    assert account(daemon) == (DENIED, "user-banned")
    clock.go_on(500)
    assert account(daemon) == (DENIED, "user-banned")
    clock.go_on(200)
    assert account(daemon) == (OK, None)


@pytest.mark.parametrize("step", [HOUR, YEARS])
def test_over_a_restart_as_well(root, daemon, clock, step):
    root.call("BanUser", f"('{OWN_USER}', uint64 600, '')")
    clock.step(step)
    restart(daemon, root)
    assert account(daemon) == (DENIED, "user-banned")
    commit(root)
    restart(daemon, root)
    clock.step(-step)
    assert account(daemon) == (DENIED, "user-banned")
    clock.go_on(601)
    assert account(daemon) == (OK, None)


def test_set_forward_while_the_daemon_is_down(root, daemon, clock):
    root.call("BanUser", f"('{OWN_USER}', uint64 600, '')")
    daemon.stop()
    wait_until(lambda: not is_served(root), "the name is free")
    clock.step(YEARS)
    daemon.start()
    wait_until(lambda: is_served(root), "authtokend on the bus")
    assert account(daemon) == (DENIED, "user-banned")


@pytest.mark.parametrize("step", [HOUR, YEARS, -YEARS])
def test_a_reboot_with_a_wrong_clock_forgets_nothing(root, daemon, clock, step):
    root.call("BanUser", f"('{OWN_USER}', uint64 600, '')")
    root.call("BanUser", f"('{OTHER_USER}', uint64 0, '')")
    reboot(daemon, root, lambda: clock.step(step))
    assert account(daemon, OTHER_USER) == (DENIED, "user-banned")
    commit(root)
    clock.step(-step)
    assert account(daemon) == (DENIED, "user-banned")


def test_a_ban_ends_in_time_after_a_night(root, daemon, clock):
    reboot(daemon, root, lambda: clock.step(16 * HOUR))
    root.call("BanUser", f"('{OWN_USER}', uint64 600, '')")
    clock.go_on(601)
    assert account(daemon) == (OK, None)


def test_what_was_believed_after_all_is_not_forgotten_with_it(root, daemon, clock):
    """The clock is right again after half a day: the ban may have been over meanwhile, and holds again."""
    root.call("BanUser", f"('{OWN_USER}', uint64 {3 * DAY}, '')")
    clock.step(YEARS)
    account(daemon)
    clock.go_on(DAY // 2)
    assert account(daemon) == (OK, None)
    commit(root)
    clock.step(-YEARS)
    assert account(daemon) == (DENIED, "user-banned")


def test_a_not_before_time_is_not_forgotten(root, daemon, clock):
    token, _ = root.issue(OWN_USER)
    root.call("RevokeBefore", f"('{OWN_USER}', uint64 {int(time.time() + clock.wall)}, '')")
    clock.step(YEARS)
    commit(root)
    clock.step(-YEARS)
    assert log_in(daemon, token)[0] == DENIED


def test_a_not_before_time_that_a_clock_put_ahead_can_be_put_back(root, daemon, clock):
    """The way out for a user who would get no token for years; older tokens stay refused."""
    clock.step(YEARS)
    root.call("RevokeBefore", f"('{OWN_USER}', uint64 0, '')")
    token, _ = root.issue(OWN_USER)
    clock.step(-YEARS)
    with pytest.raises(CallError, match="issued-before.*--lower"):
        root.issue(OWN_USER)
    assert root.call("LowerBefore", f"('{OWN_USER}', 'clock')") == [1]
    assert log_in(daemon, token)[0] == DENIED
    token, _ = root.issue(OWN_USER)
    assert log_in(daemon, token)[0] == OK
    with pytest.raises(CallError, match="not-ahead"):
        root.call("LowerBefore", f"('{OWN_USER}', '')")
    assert log_in(daemon, token)[0] == OK


def test_what_was_revoked_does_not_come_back_by_it(root, daemon, clock):
    token, _ = root.issue(OWN_USER)
    root.call("RevokeBefore", f"('{OWN_USER}', uint64 {int(time.time() + clock.wall) + 30}, '')")
    with pytest.raises(CallError, match="not-ahead"):
        root.call("LowerBefore", f"('{OWN_USER}', '')")
    assert log_in(daemon, token)[0] == DENIED


@pytest.mark.sqlite_only
def test_a_lock_out_outlasts_it(root, daemon, clock):
    clock.go_on(HOUR)
    token, _ = root.issue(OWN_USER)
    forged = token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB")
    for _ in range(FAILURES):
        log_in(daemon, forged)
    assert log_in(daemon, token) == (DENIED, "locked-out")
    for step in (YEARS, -YEARS, -HOUR, HOUR):
        clock.step(step)
        assert log_in(daemon, token) == (DENIED, "locked-out")
    clock.step(YEARS)
    restart(daemon, root)
    assert log_in(daemon, token) == (DENIED, "locked-out")
    clock.step(-YEARS)
    clock.go_on(15 * MINUTE + 1)
    assert log_in(daemon, root.issue(OWN_USER)[0])[0] == OK


@pytest.mark.parametrize("step", [DAY, YEARS])
@pytest.mark.parametrize("rule, reason", [("IdleTimeout=1h", "session-idle"),
                                          ("AbsoluteLifetime=1h", "session-expired")])
def test_a_clock_that_is_set_back_keeps_no_login_open(root, daemon, clock, rules, step, rule, reason):
    rules(rule)
    root.listen()
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    clock.step(-step)
    root.call("ListBans")
    clock.go_on(HOUR // 2)
    assert root.sessions(OWN_USER) == {sid}
    clock.go_on(HOUR // 2 + MINUTE)
    root.call("ListBans")
    assert root.signal("SessionEnding", sid)[1] == reason
    login.leave()
    assert root.sessions(OWN_USER) == set()


def test_a_clock_that_is_set_forward_ends_what_is_over(root, daemon, clock, rules):
    rules("IdleTimeout=1h")
    root.listen()
    token, sid = root.issue(OWN_USER)
    login = Login(daemon, token)
    clock.step(2 * HOUR)
    root.call("ListBans")
    assert root.signal("SessionEnding", sid)[1] == "session-idle"
    login.leave()


def test_use_counts_after_the_clock_was_set_back(root, daemon, clock, rules):
    rules("IdleTimeout=1h")
    root.listen()
    token, refresh, info = root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    sid = info["session"]
    login = Login(daemon, token)
    clock.step(-20)
    for _ in range(3):
        clock.go_on(HOUR // 2)
        assert root.sessions(OWN_USER) == {sid}
        _, refresh, _ = root.call("RefreshToken", f"('{refresh}',)")
    clock.go_on(HOUR // 2)
    assert root.sessions(OWN_USER) == {sid}
    clock.go_on(HOUR // 2 + MINUTE)
    root.call("ListBans")
    assert root.signal("SessionEnding", sid)[1] == "session-idle"
    login.leave()


def test_a_clock_that_is_set_back_prolongs_no_handle(root, daemon, clock):
    token, _ = root.issue(OWN_USER)
    whose = {USER: OWN_USER, SERVICE: "test"}
    _, status, answer = ask(daemon.socket, AUTHENTICATE, {**whose, TOKEN: token})
    assert status == OK
    question = {**whose, HANDLE: answer[HANDLE]}
    for step in (-DAY, YEARS, DAY - YEARS):
        clock.step(step)
        _, status, answer = ask(daemon.socket, ACCOUNT, question)
        assert answer.get(REASON) != "handle-expired"
    clock.go_on(3 * MINUTE)
    _, status, answer = ask(daemon.socket, ACCOUNT, question)
    assert (status, answer[REASON]) == (DENIED, "handle-expired")


def test_a_clock_that_is_set_back_prolongs_no_code(root, daemon, clock):
    token, _ = root.issue(OWN_USER)
    (code,) = root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")
    clock.step(-HOUR)
    assert log_in(daemon, code)[1] == "code-expired"


def test_a_session_of_the_future_is_not_refreshed(root, clock):
    clock.step(YEARS)
    _, refresh, _ = root.call("IssueToken", f"('{OWN_USER}', @a{{sv}} {{}})")
    clock.step(-YEARS)
    with pytest.raises(CallError) as refusal:
        root.call("RefreshToken", f"('{refresh}',)")
    assert refusal.value.code == "token-not-yet-valid"
    clock.step(YEARS)
    root.call("RefreshToken", f"('{refresh}',)")
