# SPDX-License-Identifier: MIT
"""Another key signs on a real host: who is in stays in, who has a token gets in, whatever happens to the daemon."""

import contextlib
import json
import subprocess
import time

import pytest

from authtoken import CallFailed
from deadline import wait_until
from host import SERVICE

FOLDER = "/var/lib/authtoken/keys"
DROP_IN = "90-keys.conf"
SEALED = "/etc/credstore.encrypted/signing-key"
KILLS = 10


def ctl(host, *arguments, **options):
    return host.bed.output("authtokenctl", "keys", *arguments, **options)


def states(host):
    return {row["kid"]: row["state"] for row in json.loads(ctl(host, "list", "--json"))["keys"]}


def signing(host):
    (kid,) = [kid for kid, state in states(host).items() if state == "signing"]
    return kid


def rotate(host):
    """As on one host, or on the first of a fleet."""
    if host.store == "sqlite":
        return ctl(host, "rotate")
    kid = ctl(host, "rotate", "--stage")
    assert states(host)[kid] == "staged"
    return ctl(host, "use", kid)


def restart(host):
    host.bed.systemctl("restart", SERVICE)
    host.authtoken.wait_ready()


@contextlib.contextmanager
def token_options(host, text):
    host.configure(DROP_IN, f"[Token]\n{text}\n")
    host.bed.systemctl("reload", SERVICE)
    try:
        yield
    finally:
        host.unconfigure(DROP_IN)
        host.bed.systemctl("reload", SERVICE)


def test_tokens_of_the_old_and_of_the_new_key_log_in(host):
    before, token = signing(host), host.authtoken.issue("alice")
    shell = host.login("alice", token.text)
    kid = rotate(host)
    assert token.header()["kid"] == before != kid == signing(host)
    newer = host.authtoken.issue("alice")
    assert newer.header()["kid"] == kid
    host.journal.wait_for(AUTHTOKEN_EVENT="key-generated", AUTHTOKEN_KEY=kid)
    host.journal.wait_for(AUTHTOKEN_EVENT="key-rotated", AUTHTOKEN_KEY=kid, AUTHTOKEN_REASON="ok")
    for text in (token.text, newer.text):
        assert host.login("alice", text).is_open()
    restart(host)
    assert signing(host) == kid
    for text in (token.text, newer.text):
        assert host.login("alice", text).is_open()
    assert shell.is_open()
    assert host.bed.output("stat", "-c", "%U %a", f"{FOLDER}/{kid}.jwk") == "authtoken 600"


@pytest.mark.store("redis")
def test_in_a_fleet_no_key_signs_that_the_others_do_not_know(host):
    before = signing(host)
    done = host.bed.run("authtokenctl", "keys", "rotate", check=False)
    assert done.returncode == 1 and "key-not-shared" in done.stderr
    host.journal.wait_for(AUTHTOKEN_EVENT="key-rotated", AUTHTOKEN_REASON="key-not-shared")
    made = json.loads(ctl(host, "generate", "--alg", "EdDSA"))
    assert ctl(host, "import", "-", stdin=json.dumps(made)) == made["kid"]
    assert states(host)[made["kid"]] == "staged" and signing(host) == before
    assert ctl(host, "use", made["kid"]) == signing(host)
    assert host.login("alice", host.authtoken.issue("alice").text).is_open()


def test_a_key_retires_when_its_time_is_over(host):
    with token_options(host, "Lifetime=1s\nMaxLifetime=1s\nLeeway=0"):
        old = signing(host)
        kid = rotate(host)
        host.journal.wait_for(AUTHTOKEN_EVENT="key-retired", AUTHTOKEN_KEY=old)
        wait_until(lambda: old not in states(host), "the old key is gone")
        assert not host.bed.path(f"{FOLDER}/{old}.jwk").exists()
        restart(host)
        assert signing(host) == kid and old not in states(host)


def test_a_bad_key_keeps_nobody_out(host):
    token = host.authtoken.issue("alice")
    bad = f"{FOLDER}/zz.jwk"
    host.bed.write(bad, "{", mode=0o600)
    try:
        done = host.bed.run("systemctl", "reload", SERVICE, check=False)
        assert done.returncode != 0
        entry = host.journal.wait_for(AUTHTOKEN_EVENT="keys-refused")
        assert bad in entry["AUTHTOKEN_NOTE"]
        assert host.login("alice", token.text).is_open()
    finally:
        host.bed.path(bad).unlink()
        host.bed.systemctl("reload", SERVICE)


def test_killed_in_a_rotation_the_daemon_comes_back_with_good_keys(host):
    tokens = [host.authtoken.issue("alice")]
    order = host.bed.command(*host.authtoken.words("RotateKey", "a{sv}", 1, "stage", "b", "true")
                             if host.store == "redis" else host.authtoken.words("RotateKey", "a{sv}", 0))
    for n in range(KILLS):
        call = subprocess.Popen(order, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.01 + n * 0.002)  # any moment will do
        host.bed.kill(host.bed.main_pid(SERVICE), 9)
        call.wait(30)
        host.authtoken.wait_ready()
        assert signing(host)
        assert {host.authtoken.verdict(token.text) for token in tokens} == {"ok"}
        tokens.append(host.authtoken.issue("alice"))
    assert host.login("alice", tokens[0].text).is_open()


@pytest.fixture
def sealed(host):
    yield
    host.bed.run("rm", "-rf", SEALED, "/root/key.jwk")
    host.unconfigure(DROP_IN)
    restart(host)


def test_a_sealed_key_signs_after_the_start(host, sealed):
    kid = ctl(host, "generate", "--kid", "sealed", "--out", "/root/key.jwk")
    done = host.bed.run("authtokenctl", "keys", "seal", "--with-key", "host", "/root/key.jwk", check=False)
    host.configure(DROP_IN, f"[Keys]\nSigningKey={kid}\n")
    if done.returncode:
        pytest.skip(f"systemd-creds cannot encrypt here: {done.stderr.strip()}")
    assert kid not in host.bed.path(SEALED).read_text(encoding="utf-8")
    restart(host)
    assert signing(host) == kid
    assert not host.bed.path(f"{FOLDER}/{kid}.jwk").exists()
    token = host.authtoken.issue("alice")
    assert token.header()["kid"] == kid
    assert host.login("alice", token.text).is_open()
    with pytest.raises(CallFailed, match="key-configured"):
        host.authtoken.call("RotateKey", "a{sv}", 1, "kid", "s", kid)
