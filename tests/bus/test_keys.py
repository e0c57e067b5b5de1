# SPDX-License-Identifier: MIT
"""Another key signs: nobody is refused because of that, at any load, and whatever is killed meanwhile."""

import json
import os
import shutil
import subprocess
import threading
import time

import pytest

from frames import (AUTHENTICATE, OK, REASON, SERVICE, TOKEN, USER, VALIDATE, ask, compose, connect,
                    parse)
from private_bus import OWN_USER, CallError, wait_until

CONFIG = "Synchronous=off\n[Token]\n{token}\n[Session]\nMaxSessions=64\n"
OVERLAP_SLACK = 5
NO_OPTIONS = "(@a{sv} {},)"


def rotate(caller, options=NO_OPTIONS):
    (kid,) = caller.call("RotateKey", options)
    return kid


def keys(caller):
    (rows,) = caller.call("ListKeys")
    return {row["kid"]: row for row in rows}


def states(caller):
    return {kid: row["state"] for kid, row in keys(caller).items()}


def signing(caller):
    (kid,) = [kid for kid, state in states(caller).items() if state == "signing"]
    return kid


def folder(daemon):
    return daemon.directory / "state/keys"


def validate(daemon, token):
    _, status, answer = ask(daemon.socket, VALIDATE, {TOKEN: token})
    return "ok" if status == OK else answer.get(REASON, "-")


def restart(daemon, root, **config):
    if daemon.is_alive():
        daemon.stop()
    if config:
        text = daemon.config.read_text(encoding="utf-8")
        daemon.config.write_text(text.split("Synchronous")[0] + CONFIG.format(**config))
    daemon.start_again(root)


def refused(code, call, *arguments):
    with pytest.raises(CallError) as caught:
        call(*arguments)
    assert caught.value.code == code
    return caught.value.message


class Flood:
    """Connections that validate tokens and log in with them as fast as they are answered, and note what is refused."""

    def __init__(self, daemon, tokens, n_threads=4):
        self.tokens = tokens
        self.refusals, self.n_answers = [], 0
        self.stopped = False
        self.lock = threading.Lock()
        self.path = daemon.socket
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(n_threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        n = 0
        with connect(self.path) as peer:
            while not self.stopped:
                with self.lock:
                    token = self.tokens[n % len(self.tokens)]
                n += 1
                if n % 2:
                    peer.send(compose(VALIDATE, {TOKEN: token}))
                else:
                    peer.send(compose(AUTHENTICATE, {USER: OWN_USER, SERVICE: "test", TOKEN: token}))
                _, status, answer = parse(peer.recv(65536))
                with self.lock:
                    self.n_answers += 1
                    if status != OK:
                        self.refusals.append(answer)

    def wait_for_more(self, n=50):
        """Until so many more were answered."""
        wanted = self.n_answers + n
        wait_until(lambda: self.n_answers >= wanted, "answers under load")

    def add(self, token):
        with self.lock:
            self.tokens.append(token)

    def stop(self):
        self.stopped = True
        for thread in self.threads:
            thread.join()
        return self.refusals


def issue(caller):
    return caller.issue(OWN_USER)[0]


@pytest.fixture(autouse=True)
def nobody_has_a_session(root):
    yield
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_a_new_key_signs_and_everybody_hears_of_it(daemon, root, other):
    before, token = signing(root), issue(root)
    other.listen()
    kid = rotate(root)
    assert signing(root) == kid != before
    assert states(root)[before] == "retiring"
    assert keys(root)[before]["verifies_until"] > time.time() + 80000
    assert other.signal("KeyRotated", kid) == [kid]
    assert validate(daemon, token) == validate(daemon, issue(root)) == "ok"
    assert os.stat(folder(daemon) / f"{kid}.jwk").st_mode & 0o7777 == 0o600
    for line in (f"key made: {kid}", f"another key signs: {kid}"):
        wait_until(lambda: line in daemon.log_text(), line)
    restart(daemon, root)
    assert signing(root) == kid
    assert validate(daemon, token) == "ok"


def test_the_algorithm_can_be_chosen(daemon, root):
    tokens = []
    for algorithm in ("EdDSA", "RS256", "HS512", "PS384", "ES256"):
        kid = rotate(root, f"({{'algorithm': <'{algorithm}'>}},)")
        assert keys(root)[kid]["algorithm"] == algorithm
        tokens.append(issue(root))
    assert {validate(daemon, token) for token in tokens} == {"ok"}


def test_a_key_that_signs_already_is_no_change(daemon, root):
    before, lines = signing(root), daemon.log_text().count("another key signs")
    assert rotate(root, f"({{'kid': <'{before}'>}},)") == before
    kid = rotate(root)
    wait_until(lambda: f"another key signs: {kid}" in daemon.log_text(), "the line of the change")
    wait_until(lambda: daemon.log_text().count("another key signs") == lines + 1, "one line")


def test_a_staged_key_is_published_before_it_signs(daemon, root):
    before = signing(root)
    kid = rotate(root, "({'stage': <true>},)")
    assert states(root)[kid] == "staged" and signing(root) == before
    (jwks,) = root.call("GetJWKS")
    assert kid in {key["kid"] for key in json.loads(jwks)["keys"]}
    restart(daemon, root)
    assert signing(root) == before
    assert rotate(root, f"({{'kid': <'{kid}'>}},)") == kid
    assert signing(root) == kid


def test_what_cannot_be_is_refused_and_changes_nothing(daemon, root):
    before = states(root)
    refused("key-cannot-sign", rotate, root, "({'kid': <'absent'>},)")
    refused("bad-request", rotate, root, "({'algorithm': <'none'>},)")
    refused("bad-request", rotate, root, "({'kid': <'a'>, 'stage': <true>},)")
    refused("bad-request", rotate, root, "({'stage': <'yes'>},)")
    refused("bad-request", rotate, root, "({'lifetime': <uint64 1>},)")
    bad = folder(daemon) / "bad.jwk"
    bad.write_text("{}")
    assert str(bad) in refused("keys-refused", rotate, root)
    bad.unlink()
    assert states(root) == before


def test_the_configuration_has_the_last_word(daemon, root):
    before = signing(root)
    text = daemon.config.read_text(encoding="utf-8")
    daemon.config.write_text(f"{text}\n[Keys]\nSigningKey={before}\n")
    root.call("Reload")
    refused("key-configured", rotate, root)
    assert rotate(root, "({'stage': <true>},)") in states(root)
    daemon.config.write_text(text)
    root.call("Reload")
    assert signing(root) == before


def test_others_need_the_right_to_manage_keys(root, other, polkit):
    before = signing(root)
    with pytest.raises(CallError) as caught:
        rotate(other)
    assert caught.value.name == "org.freedesktop.DBus.Error.AccessDenied"
    assert {check["action"] for check in polkit.asked()} == {"org.authtoken1.manage-keys"}
    assert signing(root) == before
    polkit.answers("yes")
    assert rotate(other) == signing(root)


def test_no_login_is_refused_while_keys_rotate_twenty_times(daemon, root):
    flood = Flood(daemon, [issue(root)])
    for _ in range(20):
        kid = rotate(root)
        assert signing(root) == kid
        flood.add(issue(root))
        flood.wait_for_more()
    assert not flood.stop()
    assert flood.n_answers > 1000


def test_reloads_and_rotations_at_once_agree_in_the_end(daemon, root):
    """The ring of a rotation does not replace a ring that a reload has loaded meanwhile."""
    flood = Flood(daemon, [issue(root)])
    for _ in range(10):
        reloads = [root.send("Reload") for _ in range(3)]
        rotation = root.send("RotateKey", NO_OPTIONS)
        reloads += [root.send("Reload") for _ in range(6)]
        (kid,) = root.result(rotation)
        for number in reloads:
            root.result(number)
        assert signing(root) == kid
    assert not flood.stop()


def test_rotations_at_once_are_done_or_told_to_come_again(root):
    """Not in the order in which they were sent, and none is lost."""
    done = []
    for number in [root.send("RotateKey", NO_OPTIONS) for _ in range(4)]:
        try:
            done += root.result(number)
        except CallError as refusal:
            assert refusal.code == "too-many-requests"
    assert done and signing(root) in done
    assert set(done) <= set(states(root))


BAD_FILES = {
    "malformed": ("{", 0o600, "not a well-formed key"),
    "open to others": (None, 0o644, "a private key needs mode 0600"),
    "twice the same name": (None, 0o600, "another key has the same"),
    "weak": (json.dumps({"kty": "oct", "kid": "weak", "alg": "HS256", "k": "c2hvcnQ"}), 0o600, "shorter"),
}


def make_bad(kind, path, good):
    if kind == "link":
        path.symlink_to(good)
    elif kind == "fifo":
        os.mkfifo(path, 0o600)
    elif kind == "foreign":
        path.write_bytes(good.read_bytes())
        path.chmod(0o600)
        os.chown(path, 12345, 12345)
    else:
        text, mode, _ = BAD_FILES[kind]
        path.write_text(text or good.read_text(encoding="utf-8"))
        path.chmod(mode)


def test_a_bad_key_is_refused_with_its_name_and_nobody_notices(daemon, root):
    words = {**{kind: row[2] for kind, row in BAD_FILES.items()}, "link": "not a regular file",
             "fifo": "not a regular file", "foreign": "not owned by this user or root"}
    before = signing(root)
    good = folder(daemon) / f"{before}.jwk"
    flood = Flood(daemon, [issue(root)])
    for _ in range(3):
        for kind, reason in words.items():
            bad = folder(daemon) / "zz-bad.jwk"
            make_bad(kind, bad, good)
            with pytest.raises(CallError) as caught:
                root.call("Reload")
            assert str(bad) in caught.value.message and reason in caught.value.message
            flood.wait_for_more()
            bad.unlink()
            root.call("Reload")
            flood.add(issue(root))
            flood.wait_for_more()
    assert not flood.stop()
    assert signing(root) == before
    assert "keys refused: " in daemon.log_text()


def test_a_reload_makes_no_keys_for_those_that_are_gone(daemon, root):
    token, before = issue(root), keys(root)
    away = folder(daemon).rename(folder(daemon).with_name("away"))
    with pytest.raises(CallError, match="No such file or directory"):
        root.call("Reload")
    folder(daemon).mkdir(mode=0o700)
    with pytest.raises(CallError, match="no key in it can be used"):
        root.call("Reload")
    assert not list(folder(daemon).iterdir())
    assert validate(daemon, token) == "ok"
    folder(daemon).rmdir()
    away.rename(folder(daemon))
    refresh = next(kid for kid, row in before.items() if row["state"] == "refresh")
    (folder(daemon) / f"{refresh}.jwk").rename(daemon.directory / "refresh.jwk")
    root.call("Reload")
    assert "refresh" not in states(root).values()
    (daemon.directory / "refresh.jwk").rename(folder(daemon) / f"{refresh}.jwk")
    root.call("Reload")
    assert keys(root) == before


def test_a_configuration_that_is_not_there_is_named(daemon, root):
    away = daemon.config.rename(daemon.config.with_suffix(".away"))
    with pytest.raises(CallError, match=f"{daemon.config}: No such file or directory"):
        root.call("Reload")
    away.rename(daemon.config)
    root.call("Reload")


@pytest.fixture
def short_lived(daemon, root):
    """Tokens live for long enough that a busy machine asks about the key before it retires."""
    restart(daemon, root, token="Lifetime=4s\nMaxLifetime=4s\nLeeway=0")
    yield
    restart(daemon, root, token="")


def test_a_key_retires_when_nothing_that_it_signed_can_be_valid(daemon, root, short_lived):
    old = signing(root)
    token = issue(root)
    kid = rotate(root)
    end = keys(root)[old]["verifies_until"]
    assert validate(daemon, token) in ("ok", "token-expired")
    wait_until(lambda: old not in keys(root), "the old key to retire", seconds=30)
    assert time.time() >= end
    assert not (folder(daemon) / f"{old}.jwk").exists()
    assert signing(root) == kid
    wait_until(lambda: f"key retired: {old}" in daemon.log_text(), "the line of the retired key")
    restart(daemon, root)
    assert old not in keys(root)


def test_killed_while_it_rotates_the_daemon_starts_with_good_keys(daemon, root):
    tokens = [issue(root)]
    for n in range(12):
        root.send("RotateKey", NO_OPTIONS)
        time.sleep(n * 0.0015)  # any moment will do
        daemon.process.kill()
        daemon.process.wait()
        restart(daemon, root)
        assert signing(root)
        assert {validate(daemon, token) for token in tokens} == {"ok"}
        tokens.append(issue(root))


def test_a_sealed_key_is_followed_by_another_one(daemon, root):
    """As the manual says: the old one's public half in the directory, the new one as the credential."""
    credentials = daemon.directory / "credentials"
    credentials.mkdir(mode=0o700)
    old = folder(daemon) / f"{signing(root)}.jwk"
    (credentials / "signing-key").write_bytes(old.read_bytes())
    os.chmod(credentials / "signing-key", 0o440)
    secrets = folder(daemon).rename(folder(daemon).with_name("secrets"))
    folder(daemon).mkdir(mode=0o700)
    daemon.environment["CREDENTIALS_DIRECTORY"] = str(credentials)
    restart(daemon, root)
    assert {row["file"] for row in keys(root).values() if row["state"] == "signing"} == {"signing-key"}
    token = issue(root)
    (jwks,) = root.call("GetJWKS")
    run_keys = [os.environ["AUTHTOKENCTL"], "keys"]
    made = subprocess.run([*run_keys, "generate", "--kid", "next"], capture_output=True, check=True).stdout
    (credentials / "signing-key").write_bytes(made)
    subprocess.run([*run_keys, "import", "--directory", folder(daemon), "-"], input=jwks.encode(), check=True,
                   capture_output=True)
    restart(daemon, root)
    assert signing(root) == "next"
    assert validate(daemon, token) == validate(daemon, issue(root)) == "ok"
    # A rotation goes on from there; the credential is not used once its time is over, and stays.
    kid = rotate(root)
    assert states(root)["next"] == "retiring" and signing(root) == kid
    del daemon.environment["CREDENTIALS_DIRECTORY"]
    daemon.stop()
    shutil.rmtree(folder(daemon))
    secrets.rename(folder(daemon))
    restart(daemon, root)


def test_a_sealed_key_signs_beside_the_one_of_the_first_start(daemon, root):
    (folder(daemon) / ".signing").unlink(missing_ok=True)
    before, token = signing(root), issue(root)
    for row in keys(root).values():
        if row["kid"] != before and row["state"] != "refresh":
            (folder(daemon) / row["file"]).unlink()
    credentials = daemon.directory / "sealed"
    credentials.mkdir(mode=0o700)
    subprocess.run([os.environ["AUTHTOKENCTL"], "keys", "generate", "--kid", "sealed", "--out",
                    credentials / "signing-key"], check=True, capture_output=True)
    daemon.environment["CREDENTIALS_DIRECTORY"] = str(credentials)
    restart(daemon, root)
    assert (signing(root), states(root)[before]) == ("sealed", "staged")
    assert validate(daemon, token) == validate(daemon, issue(root)) == "ok"
    assert rotate(root, f"({{'kid': <'{before}'>}},)") == before
    restart(daemon, root)
    assert signing(root) == before
    del daemon.environment["CREDENTIALS_DIRECTORY"]
    restart(daemon, root)


def test_a_host_with_public_keys_verifies_and_ends_but_does_not_mint(daemon, root):
    token, sid = root.issue(OWN_USER)
    (jwks,) = root.call("GetJWKS")
    secrets = folder(daemon).rename(folder(daemon).with_name("secrets"))
    folder(daemon).mkdir(mode=0o700)
    (folder(daemon) / "fleet.json").write_text(jwks)
    root.call("Reload")
    assert set(states(root).values()) == {"verifying"}, states(root)
    assert validate(daemon, token) == "ok"
    refused("no-signing-key", root.issue, OWN_USER)
    refused("no-signing-key", rotate, root)
    kid = next(iter(keys(root)))
    refused("key-cannot-sign", rotate, root, f"({{'kid': <'{kid}'>}},)")
    assert root.call("KickSession", f"('{sid}', '')") == [0, 0]
    assert validate(daemon, token) == "session-kicked"
    (folder(daemon) / "fleet.json").unlink()
    folder(daemon).rmdir()
    secrets.rename(folder(daemon))
    root.call("Reload")
