# SPDX-License-Identifier: MIT
"""A Redis that is closed to all but the shipped logins, with its password as a credential, and over stunnel: set up
with systemd as authtoken(7) says."""

import hashlib

import pytest

from deadline import wait_until
from host import REDIS_SOCKET, SERVICE
from test_secrets import Canary
from tunnel import NAME, Authority

pytestmark = pytest.mark.store("redis")
PASSWORD = "Kennwort-0123456789abcdef"
DROP_IN = "70-access.conf"
FILE = "/etc/authtoken/redis.password"
EXAMPLES = "/usr/share/doc/authtoken/examples"
SEALED = "/etc/credstore.encrypted/redis-password"
REDIS_CONFIG = "/etc/redis/redis.conf"
CLIENT, SERVER = "stunnel@authtoken-redis.service", "stunnel@authtoken-redis-server.service"
KEYS = "/etc/stunnel/authtoken-redis"


def as_admin(bed, *words):
    return bed.output("redis-cli", "--no-auth-warning", "--user", "admin", "--pass", "of-the-admin", "-s", REDIS_SOCKET, *words)


def wait_online(host):
    host.authtoken.wait_ready()
    wait_until(lambda: host.authtoken.status()["store_online"], "the store")


@pytest.fixture(scope="module")
def closed(booted_host):
    """Nobody gets to Redis without a login."""
    bed = booted_host.bed
    config = bed.path(REDIS_CONFIG).read_text(encoding="utf-8")
    users = bed.path(f"{EXAMPLES}/redis-users.acl").read_text(encoding="ascii")
    for user, password in (("authtoken", PASSWORD), ("admin", "of-the-admin")):
        users = users.replace(f"user {user} on ", f"user {user} on #{hashlib.sha256(password.encode()).hexdigest()} ")
    bed.write("/etc/redis/users.acl", users)
    bed.write(REDIS_CONFIG, config + "aclfile /etc/redis/users.acl\n")
    bed.systemctl("restart", "redis-server")
    bed.run("install", "-d", "-m", "700", "/etc/credstore.encrypted")
    sealing = bed.run("systemd-creds", "encrypt", "--with-key=host", "--name=redis-password", "-", SEALED, stdin=PASSWORD,
                      check=False)
    bed.write(FILE, PASSWORD + "\n", 0o640)
    bed.run("chgrp", "authtoken", FILE)
    booted_host.configure(DROP_IN, "[Store]\nUsername=authtoken\n" + (f"PasswordFile={FILE}\n" if sealing.returncode else ""))
    bed.systemctl("restart", SERVICE)
    wait_online(booted_host)
    yield sealing
    booted_host.unconfigure(DROP_IN)
    bed.run("rm", "-rf", SEALED, FILE, "/etc/redis/users.acl")
    bed.write(REDIS_CONFIG, config)
    bed.systemctl("restart", "redis-server")
    bed.systemctl("restart", SERVICE)
    wait_online(booted_host)


@pytest.fixture
def sealed(closed, host):
    return host


def test_the_password_is_nowhere_to_be_seen(sealed):
    canary = Canary(sealed, [PASSWORD])
    token = sealed.authtoken.issue("alice")
    shell = sealed.login("alice", token.text)
    assert shell.is_open()
    assert " user=authtoken " in as_admin(sealed.bed, "CLIENT", "LIST")
    sealed.authtoken.kick_session(token)
    shell.wait_closed()
    assert not canary.in_journal()
    assert canary.in_processes() == [] and canary.in_files() == []


def test_a_wrong_password_is_refused_and_the_right_one_taken(sealed):
    as_admin(sealed.bed, "ACL", "SETUSER", "authtoken", "resetpass", ">another")
    sealed.bed.systemctl("restart", SERVICE)
    sealed.journal.wait_for(MESSAGE=f"store: unix:{REDIS_SOCKET}: cannot connect: the server refuses our login (WRONGPASS)")
    as_admin(sealed.bed, "ACL", "SETUSER", "authtoken", "resetpass", f">{PASSWORD}")
    wait_online(sealed)
    assert sealed.login("alice", sealed.authtoken.issue("alice").text).is_open()


def test_it_comes_as_a_credential(sealed, closed):
    if closed.returncode:
        pytest.skip(f"systemd-creds cannot encrypt here: {closed.stderr.strip()}")
    assert PASSWORD not in sealed.bed.path(SEALED).read_text(encoding="utf-8")
    assert sealed.authtoken.status()["store_online"]


def install_stunnel(bed, directory):
    authority = Authority(directory)
    authority.issue("redis", NAME)
    authority.issue("host", "bed.example.com")
    bed.run("install", "-d", "-m", "750", "-g", "stunnel4", KEYS)
    for name in ("ca.pem", "redis.pem", "redis.key", "host.pem", "host.key"):
        bed.write(f"{KEYS}/{name}", (directory / name).read_text(encoding="ascii"), 0o440)
        bed.run("chgrp", "stunnel4", f"{KEYS}/{name}")
    bed.run("install", "-m", "644", f"{EXAMPLES}/stunnel-redis-client.conf", "/etc/stunnel/authtoken-redis.conf")
    bed.run("install", "-m", "644", f"{EXAMPLES}/stunnel-redis-server.conf", "/etc/stunnel/authtoken-redis-server.conf")
    bed.run("install", "-D", "-m", "644", f"{EXAMPLES}/stunnel-redis.service.conf",
            f"/etc/systemd/system/{CLIENT}.d/authtoken.conf")
    bed.systemctl("daemon-reload")


@pytest.fixture
def tunnelled(closed, host, tmp_path):
    bed = host.bed
    hosts = bed.path("/etc/hosts").read_text(encoding="ascii") if bed.path("/etc/hosts").exists() else ""
    install_stunnel(bed, tmp_path)
    bed.write("/etc/hosts", f"{hosts}127.0.0.1 {NAME}\n")
    bed.systemctl("start", SERVER, CLIENT)
    host.configure("80-tunnel.conf", f"[Store]\nAddress=unix:/run/authtoken-redis/redis.sock\nPasswordFile={FILE}\n")
    bed.systemctl("restart", SERVICE)
    wait_online(host)
    yield host
    host.unconfigure("80-tunnel.conf")
    bed.systemctl("stop", CLIENT, SERVER)
    bed.write("/etc/hosts", hosts)
    bed.run("rm", "-rf", KEYS)
    bed.systemctl("restart", SERVICE)
    wait_online(host)


def test_stunnel_as_the_manual_says(tunnelled):
    bed = tunnelled.bed
    token = tunnelled.authtoken.issue("alice")
    shell = tunnelled.login("alice", token.text)
    assert shell.is_open()
    assert bed.output("stat", "--format=%U %G %a", "/run/authtoken-redis/redis.sock").strip() == "stunnel4 authtoken 770"
    before = bed.main_pid(CLIENT)
    bed.systemctl("kill", "--signal=KILL", CLIENT)
    wait_until(lambda: bed.main_pid(CLIENT) not in (0, before), "stunnel to be started again")
    wait_online(tunnelled)
    tunnelled.authtoken.kick_session(token)
    shell.wait_closed()
