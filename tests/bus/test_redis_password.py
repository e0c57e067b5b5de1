# SPDX-License-Identifier: MIT
"""The password of our login at Redis: where it comes from, how it is changed, and where it is not."""

import os
import signal

import pytest

import redis_server
from frames import OK
from private_bus import OWN_USER, CallError, wait_until
from token_login import log_in

CANARY = "canary-" + "0123456789abcdef" * 2
REFUSED = "the server refuses our login (WRONGPASS)"


@pytest.fixture(scope="module")
def store(bus, redis):
    redis_server.make_keys(bus.directory)
    return redis.store


@pytest.fixture(autouse=True)
def token(redis, daemon, root):
    """One that is good. Afterwards all is as it was before."""
    config = daemon.config.read_text()
    yield root.issue(OWN_USER)[0]
    set_passwords(redis, redis_server.PASSWORD)
    write_password(redis.password_file, redis_server.PASSWORD)
    daemon.config.write_text(config)
    daemon.environment.pop("CREDENTIALS_DIRECTORY", None)
    if daemon.is_alive():
        daemon.stop()
    daemon.start_again(root)


def set_passwords(redis, *passwords):
    redis.run("ACL", "SETUSER", "authtoken", "resetpass", *(f">{password}" for password in passwords))


def write_password(path, password):
    path.write_text(password + "\n", encoding="ascii")
    path.chmod(0o600)


def disconnect(redis):
    assert int(redis.run("CLIENT", "KILL", "USER", "authtoken")) >= 1


def give_credential(daemon, password):
    """As the service manager does it; the configuration names no file."""
    directory = daemon.directory / "credentials"
    directory.mkdir(mode=0o700, exist_ok=True)
    (directory / "redis-password").write_text(password, encoding="ascii")
    os.chmod(directory / "redis-password", 0o440)
    daemon.environment["CREDENTIALS_DIRECTORY"] = str(directory)
    lines = daemon.config.read_text().splitlines(keepends=True)
    daemon.config.write_text("".join(line for line in lines if not line.startswith("PasswordFile=")))


def works(daemon, token):
    return log_in(daemon, token)[0] == OK


def since(daemon, size):
    return daemon.log_text()[size:]


def test_it_may_come_as_a_credential(redis, daemon, root, token):
    give_credential(daemon, CANARY)
    set_passwords(redis, CANARY)
    daemon.restart(root)
    assert works(daemon, token)
    assert " user=authtoken " in redis.run("CLIENT", "LIST")


def places(daemon, root, ctl):
    """(name, content) of all that others could read."""
    for name in ("cmdline", "environ"):
        with open(f"/proc/{daemon.process.pid}/{name}", "rb") as file:
            yield name, file.read()
    yield "log", daemon.log.read_bytes()
    yield "status", str(root.call("GetStatus")).encode()
    yield "metrics", ctl("metrics").stdout.encode()
    for folder in ("run", "state", "socket"):
        for directory, _, names in os.walk(daemon.directory / folder):
            for name in names:
                path = os.path.join(directory, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        yield path, file.read()


@pytest.mark.parametrize("is_right", [True, False])
def test_it_is_nowhere_to_be_seen(redis, daemon, root, ctl, token, is_right):
    give_credential(daemon, CANARY)
    set_passwords(redis, CANARY if is_right else "another")
    size = len(daemon.log_text())
    daemon.restart(root)
    if is_right:
        assert works(daemon, token)
    else:
        wait_until(lambda: REFUSED in since(daemon, size), "the refusal")
    found = dict(places(daemon, root, ctl))
    assert b"authtokend.conf" in found["cmdline"] and b"credentials" in found["environ"]
    assert [name for name, content in found.items() if CANARY.encode() in content] == []
    set_passwords(redis, CANARY)
    wait_until(lambda: works(daemon, token), "the store")


def test_it_is_in_no_core(redis, daemon, root):
    give_credential(daemon, CANARY)
    set_passwords(redis, CANARY)
    daemon.restart(root)
    with open(f"/proc/{daemon.process.pid}/limits", encoding="ascii") as limits:
        (core,) = (line.split() for line in limits if line.startswith("Max core file size"))
    assert core[4:6] == ["0", "0"]
    before = {*os.listdir(os.getcwd()), *os.listdir(daemon.directory)}
    daemon.process.send_signal(signal.SIGABRT)
    assert daemon.process.wait(20) == -signal.SIGABRT
    assert {*os.listdir(os.getcwd()), *os.listdir(daemon.directory)} == before


def test_a_wrong_one_is_refused_until_it_is_right(redis, daemon, root, token):
    write_password(redis.password_file, "wrong")
    size = len(daemon.log_text())
    daemon.restart(root)
    wait_until(lambda: REFUSED in since(daemon, size), "the refusal")
    assert not works(daemon, token)
    (status,) = root.call("GetStatus")
    assert status["store_online"] is False and REFUSED in status["store_message"]
    # As long as it is the same, it is said once.
    set_passwords(redis, "wrong")
    wait_until(lambda: works(daemon, token), "the store, without a restart")
    assert since(daemon, size).count(REFUSED) == 1


def test_it_changes_without_a_login_being_lost(redis, daemon, root, token):
    set_passwords(redis, redis_server.PASSWORD, "the next one")
    write_password(redis.password_file, "the next one")
    size = len(daemon.log_text())
    root.call("Reload")
    assert works(daemon, token)
    set_passwords(redis, "the next one")
    assert works(daemon, token)
    assert "lost" not in since(daemon, size)
    disconnect(redis)
    wait_until(lambda: works(daemon, token), "the new password in use")
    assert "WRONGPASS" not in since(daemon, size)


def test_a_password_that_the_server_does_not_know_yet_is_told_at_the_reload(redis, daemon, root, token):
    write_password(redis.password_file, "not known yet")
    size = len(daemon.log_text())
    root.call("Reload")
    wait_until(lambda: "refuses the password that was read (WRONGPASS)" in since(daemon, size), "the warning")
    assert works(daemon, token)
    disconnect(redis)
    wait_until(lambda: REFUSED in since(daemon, size), "the refusal")
    set_passwords(redis, "not known yet")
    wait_until(lambda: works(daemon, token), "the store, without a restart")
    assert "not known yet" not in since(daemon, size)


@pytest.mark.parametrize("damage, told", [
    (lambda path: path.unlink(), "No such file"),
    (lambda path: path.chmod(0o604), "not readable by others"),
    (lambda path: path.write_text("two\nlines\n"), "one line"),
    (lambda path: path.write_text(""), "one line")])
def test_a_file_that_is_no_good_changes_nothing(redis, daemon, root, token, damage, told):
    damage(redis.password_file)
    with pytest.raises(CallError) as refusal:
        root.call("Reload")
    assert told in refusal.value.message and str(redis.password_file) in refusal.value.message
    disconnect(redis)
    wait_until(lambda: works(daemon, token), "the old password in use")


def test_a_login_without_a_password_is_no_configuration(daemon):
    lines = daemon.config.read_text().splitlines(keepends=True)
    daemon.config.write_text("".join(line for line in lines if not line.startswith("PasswordFile=")))
    daemon.stop()
    daemon.start()
    assert daemon.process.wait(20) != 0
    assert "Username= needs a PasswordFile=, or the credential redis-password" in daemon.log_text()
