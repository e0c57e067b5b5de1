# SPDX-License-Identifier: MIT
"""Three hosts share a Redis: what one of them ends, ends on all of them."""

import concurrent.futures
import contextlib
import json
import statistics
import subprocess
import time

import pytest

from authtoken import CallFailed
from deadline import wait_until
from host import PASSWORDS, SERVICE
from listener import Listener
from ssh import Shell

DROP_IN = "90-fleet.conf"
USER_KEY = "authtoken:default:u:alice"
KICKS = 200
AT_ONCE = 20


@pytest.fixture
def options(fleet):
    """Sets options on all hosts, until the test ends."""
    def write(text):
        def configure(host):
            host.configure(DROP_IN, f"{text}\n")
            host.bed.systemctl("reload", SERVICE)
        fleet.everywhere(configure)

    def take_back(host):
        host.unconfigure(DROP_IN)
        host.bed.systemctl("reload", SERVICE)

    yield write
    fleet.everywhere(take_back)


def log_in_everywhere(fleet, user, secret):
    return fleet.everywhere(lambda host: host.login(user, secret))


def assert_all_end(fleet, shells, session, reason):
    """The shells of a session are closed, and each host's journal has the reason."""
    for shell in shells:
        shell.wait_closed()
    for host in fleet:
        host.journal.wait_for(AUTHTOKEN_SESSION=session, AUTHTOKEN_REASON=reason)


def test_one_kick_ends_the_shells_on_all_hosts(fleet):
    """One call, on a host that cannot even issue tokens."""
    first, _, verifier = fleet
    token = first.authtoken.issue("alice")
    shells = log_in_everywhere(fleet, "alice", token.text)
    others = log_in_everywhere(fleet, "bob", first.authtoken.issue("bob").text)
    by_password = [host.login("alice") for host in fleet]
    assert verifier.authtoken.kick_user("alice") == (1, 0)
    assert_all_end(fleet, shells, token.session, "session-kicked")
    for shell in others + by_password:
        assert shell.is_open()
    for host in fleet:
        assert host.authtoken.sessions("alice") == []


def test_the_verifier_issues_nothing(fleet):
    with pytest.raises(CallFailed, match="no-signing-key"):
        fleet.hosts[2].authtoken.issue("alice")


def hosts_of_logins(host, user):
    """Where somebody is logged in, as a host tells its administrator."""
    listed = json.loads(host.bed.output("authtokenctl", "list", "--json", user))
    return [login["host"] for session in listed["sessions"] for login in session["children"]]


@pytest.mark.parametrize("number", range(3))
def test_a_list_on_any_host_shows_the_logins_of_all(fleet, number):
    token = fleet.hosts[1].authtoken.issue("alice")
    log_in_everywhere(fleet, "alice", token.text)
    host = fleet.hosts[number]
    names = sorted(host.name for host in fleet)
    wait_until(lambda: sorted(hosts_of_logins(host, "alice")) == names, "the logins of all hosts are listed")
    text = host.bed.output("authtokenctl", "list", "alice")
    assert all(name in text for name in names)


def revoke_all(fleet, _):
    fleet.hosts[0].authtoken.call("RevokeAll", "s", "test")


def ban(fleet, _):
    fleet.hosts[0].authtoken.call("BanUser", "sts", "alice", 0, "test")
    fleet.hosts[1].authtoken.call("UnbanUser", "s", "alice")


def log_out(fleet, _):
    fleet.hosts[0].bed.run("authtokenctl", "logout", "alice", user="alice")


# By whom, and what is said then.
ENDS = {
    "KickSession": (lambda fleet, token: fleet.hosts[0].authtoken.kick_session(token), "session-kicked"),
    "RevokeToken": (lambda fleet, token: fleet.hosts[0].authtoken.revoke_token(token), "session-revoked"),
    "RevokeSession": (lambda fleet, token: fleet.hosts[0].authtoken.revoke_session(token), "session-revoked"),
    "RevokeUser": (lambda fleet, token: fleet.hosts[0].authtoken.revoke_user("alice"), "session-revoked"),
    "RevokeAll": (revoke_all, "session-revoked"),
    "BanUser": (ban, "user-banned"),
    "Logout": (log_out, "session-logged-out"),
}


@pytest.mark.parametrize("end", ENDS)
def test_each_end_ends_all_shells_for_its_reason(fleet, end):
    order, reason = ENDS[end]
    token = fleet.hosts[0].authtoken.issue("alice")
    shells = log_in_everywhere(fleet, "alice", token.text)
    by_password = fleet.hosts[1].login("alice")
    order(fleet, token)
    assert_all_end(fleet, shells, token.session, reason)
    assert by_password.is_open()


def test_a_session_that_another_replaces_ends_everywhere(fleet, options):
    options("[Session]\nSingleSignOn=user")
    token = fleet.hosts[0].authtoken.issue("alice")
    shells = log_in_everywhere(fleet, "alice", token.text)
    newer = fleet.hosts[1].authtoken.issue("alice")
    assert_all_end(fleet, shells, token.session, "session-replaced")
    assert fleet.hosts[2].login("alice", newer.text).is_open()


def test_a_session_that_expires_ends_everywhere(fleet, options):
    options("[Token]\nLifetime=4s\n[Session]\nAbsoluteLifetime=4s")
    token = fleet.hosts[0].authtoken.issue("alice")
    shells = log_in_everywhere(fleet, "alice", token.text)
    assert_all_end(fleet, shells, token.session, "session-expired")


@pytest.mark.parametrize("words", ["DEL {key}", "PEXPIRE {key} 1", "RENAME {key} other", "HDEL {key} s:{session}"])
def test_a_record_that_somebody_takes_away_ends_everywhere(fleet, words):
    """By hand, in Redis itself, where nobody gives a reason."""
    token = fleet.hosts[0].authtoken.issue("alice")
    shells = log_in_everywhere(fleet, "alice", token.text)
    other = fleet.hosts[1].login("bob", fleet.hosts[1].authtoken.issue("bob").text)
    assert fleet.desk.redis(*words.format(key=USER_KEY, session=token.session).split()) in ("1", "OK")
    assert_all_end(fleet, shells, token.session, "session-gone")
    assert other.is_open()


def test_sudo_ends_with_the_session_on_another_host(fleet):
    first, second, _ = fleet
    token = first.authtoken.issue("alice")
    shell = second.login("alice")
    root = shell.elevate("sudo -i", token.text)
    pid = root.run("echo $$")[1]
    first.authtoken.kick_session(token)
    root.wait_closed()
    wait_until(lambda: not second.bed.path(f"/proc/{pid}").exists(), "the root shell is gone")
    second.journal.wait_for(AUTHTOKEN_SESSION=token.session, AUTHTOKEN_REASON="session-kicked")


def test_sudo_without_a_prompt_ends_with_the_session(fleet):
    """The verifier asks the store for what another host has ended in that very moment."""
    first, _, verifier = fleet
    verifier.enable_sudo_session()
    try:
        token = first.authtoken.issue("alice")
        shell = verifier.login("alice", token.text)
        assert shell.sudo("-k id --user") == (0, "0", False)
        root = shell.elevate("sudo -i")
        first.authtoken.kick_user("alice")
        root.wait_closed()
    finally:
        verifier.disable_sudo_session()


def logind_session(shell):
    return shell.run("echo $XDG_SESSION_ID")[1]


@contextlib.contextmanager
def sessions_of_type(host, kind):
    """logind is told that logins are of this type, as a display manager tells it."""
    stack = "/etc/pam.d/common-session"
    host.bed.run("sed", "--in-place", f"s/pam_systemd.so.*/& type={kind}/", stack)
    try:
        yield
    finally:
        host.bed.run("sed", "--in-place", f"s/ type={kind}//", stack)


@pytest.mark.parametrize("kind", ["tty", "x11"])
def test_a_login_at_a_console_of_another_host_ends(fleet, kind):
    first, second, _ = fleet
    token = first.authtoken.issue("alice")
    with sessions_of_type(second, kind):
        shell = second.login_at_console("alice", token.text)
    shown = second.bed.output("loginctl", "show-session", "--value", "--property=Type", logind_session(shell))
    assert shown == kind
    first.authtoken.kick_user("alice")
    shell.wait_closed()


def test_a_desktop_is_locked_where_its_host_locks(fleet):
    """What an end means for a login is up to the host on which it is."""
    first, second, _ = fleet
    second.configure(DROP_IN, "[Kick]\nOnKick=lock\n")
    second.bed.systemctl("reload", SERVICE)
    try:
        token = first.authtoken.issue("alice")
        with sessions_of_type(second, "x11"):
            desktop = second.login_at_console("alice", token.text)
        shell = second.login("alice", token.text)
        with Listener(second.bed, "interface='org.freedesktop.login1.Session',member='Lock'") as locks:
            first.authtoken.kick_user("alice")
            shell.wait_closed()
            assert locks.next() == ("Lock", [])
        assert desktop.is_open()
    finally:
        second.unconfigure(DROP_IN)
        second.bed.systemctl("reload", SERVICE)


def test_every_host_tells_its_own_bus_of_an_end(fleet):
    first, second, verifier = fleet
    token = first.authtoken.issue("alice")
    shells = [host.login("alice", token.text) for host in (second, verifier)]
    with Listener(second.bed) as there, Listener(verifier.bed) as also_there:
        first.authtoken.kick_session(token)
        for shell in shells:
            shell.wait_closed()
        for listener in (there, also_there):
            member, data = listener.next()
            assert (member, data[:2]) == ("SessionEnding", [token.session, "session-kicked"])
            assert listener.next() == ("SessionEnded", [token.session, "session-kicked"])


def test_all_hosts_kick_the_same_user_at_once(fleet):
    token = fleet.hosts[0].authtoken.issue("alice")
    shells = log_in_everywhere(fleet, "alice", token.text)
    counts = fleet.everywhere(lambda host: host.authtoken.kick_user("alice"))
    assert [failed for _, failed in counts] == [0, 0, 0]
    for shell in shells:
        shell.wait_closed()


def test_a_host_that_was_reset_kicks_nobody_else(fleet):
    """logind counts its sessions from one again, and the store still knows of those before."""
    first, second, _ = fleet
    # Without it logind takes the numbers of the kernel's audit, which go on as long as the real machine.
    second.bed.run("sed", "--in-place", "/pam_loginuid/d", "/etc/pam.d/sshd")
    token = first.authtoken.issue("alice")
    here = first.login("alice", token.text)
    numbers = {logind_session(second.login("alice", token.text)) for _ in range(3)}
    wait_until(lambda: hosts_of_logins(first, "alice").count(second.name) == len(numbers), "the logins are listed")
    second.reset()
    others = [second.login("bob") for _ in numbers]
    assert numbers & {logind_session(shell) for shell in others}, "an id is used again"
    again = second.login("alice", token.text)
    wait_until(lambda: hosts_of_logins(first, "alice").count(second.name) == 1, "those of before are not listed")
    assert first.authtoken.kick_user("alice") == (1, 0)
    for shell in (here, again):
        shell.wait_closed()
    assert all(shell.is_open() for shell in others)


def seconds_to_close(host, token, shell):
    """Kick the session on that host, and return when its shell on another one was closed."""
    words = host.bed.command(*host.authtoken.words("KickSession", "ss", token.session, "test"))
    start = time.monotonic()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as call:
        moment, _ = shell.wait_closed()
    assert call.returncode == 0
    return moment - start


def command_on(host, token):
    """A login that costs less than one with a shell."""
    child, _ = host.ssh.connect("alice", command="echo started; exec cat")
    child.sendline(token.text)
    child.expect("started")
    return Shell(child, "alice")


def test_measured_from_the_call_to_the_closed_connection_on_another_host(fleet, note):
    first, second, _ = fleet
    times = []
    with concurrent.futures.ThreadPoolExecutor() as pool:
        while len(times) < KICKS:
            tokens = [first.authtoken.issue("alice") for _ in range(AT_ONCE)]
            shells = list(pool.map(lambda token: command_on(second, token), tokens))
            times += [seconds_to_close(first, *pair) for pair in zip(tokens, shells)]
    percentiles = statistics.quantiles(times, n=100)
    note(f"KickSession by busctl on one host, the shell on another one closed: p50 {percentiles[49] * 1000:.1f} ms, "
         f"p99 {percentiles[98] * 1000:.1f} ms of {len(times)}")


@pytest.fixture
def evicting(fleet):
    """evicting(): Redis has less memory than it needs, and throws away what it has."""
    def start():
        fleet.desk.redis("CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", "1")
        assert "OOM" in fleet.desk.redis("SET", "other", "x")

    yield start
    fleet.desk.redis("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "0")


def test_records_that_the_store_evicts_end_everywhere(fleet, evicting):
    token = fleet.hosts[0].authtoken.issue("alice")
    shells = log_in_everywhere(fleet, "alice", token.text)
    evicting()
    assert_all_end(fleet, shells, token.session, "session-gone")


def test_an_empty_store_ends_everything_everywhere(fleet):
    token = fleet.hosts[0].authtoken.issue("alice")
    shells = log_in_everywhere(fleet, "alice", token.text)
    bobs = fleet.hosts[1].authtoken.issue("bob")
    other = fleet.hosts[1].login("bob", bobs.text)
    assert fleet.desk.redis("FLUSHALL") == "OK"
    assert_all_end(fleet, shells, token.session, "session-gone")
    other.wait_closed()
    assert fleet.hosts[1].login("bob", PASSWORDS["bob"]).is_open()
