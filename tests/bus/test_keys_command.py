# SPDX-License-Identifier: MIT
"""authtokenctl keys: with the daemon, and without it."""

import json
import os
import shutil
import socket
import subprocess

import pytest

from command import DENIED, FAILED, NOT_FOUND, OK, UNREACHABLE, USAGE, check, rows
from private_bus import OWN_USER, SECONDS

ALGORITHMS = [f"{family}{size}" for family in ("HS", "RS", "PS", "ES") for size in (256, 384, 512)] + ["EdDSA"]


def line(done):
    return check(done, OK).stdout.strip()


def states(done):
    return {row["kid"]: row["state"] for row in rows(done, "keys")}


@pytest.fixture
def keys(ctl):
    return lambda *arguments, **options: ctl("keys", *arguments, **options)


def test_rotate_stage_and_use(keys, daemon):
    kid = line(keys("rotate"))
    assert states(keys("list", "--json"))[kid] == "signing"
    staged = line(keys("rotate", "--stage", "--alg", "EdDSA"))
    assert states(keys("list", "--json"))[staged] == "staged"
    assert line(keys("use", staged)) == staged
    listed = states(keys("list", "--json"))
    assert listed[staged] == "signing" and listed[kid] == "retiring"
    assert "VERIFIES_UNTIL" in keys("list").stdout
    assert states(keys("list", "--json", "--directory", daemon.directory / "state/keys")) == listed
    check(keys("use", "absent"), NOT_FOUND, "key-cannot-sign")
    check(keys("rotate", "--alg", "none"), USAGE, "there is no algorithm of this name")


def test_who_may_not_is_told_so(keys, polkit, daemon):
    check(keys("rotate", uid=9), DENIED, "not-authorised")


@pytest.mark.parametrize("arguments", [
    [], ["make"], ["rotate", "more"], ["use"], ["use", "a", "b"], ["use", "--stage", "a"], ["list", "more"],
    ["jwks", "--json"], ["generate", "--alg", "none"], ["generate", "--public"], ["generate", "--out", "a", "--directory", "b"],
    ["generate", "--alg", "HS256", "--public", "--out", "a"], ["generate", "more"], ["import"], ["import", "a", "b"],
    ["seal"], ["seal", "a", "b"], ["generate", "--kid", "a", "--kid", "b"]])
def test_mistakes_are_told(keys, arguments):
    check(keys(*arguments), USAGE)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_is_generated_for_the_daemon(keys, tmp_path, algorithm):
    file = tmp_path / "key.jwk"
    kid = line(keys("generate", "--alg", algorithm, "--out", file))
    assert file.stat().st_mode & 0o777 == 0o600
    made = json.loads(file.read_text(encoding="utf-8"))
    assert (made["kid"], made["alg"], made["use"]) == (kid, algorithm, "sig")
    assert line(keys("import", "--directory", tmp_path / "keys", file)) == kid
    assert states(keys("list", "--json", "--directory", tmp_path / "keys")) == {kid: "signing"}
    check(keys("generate", "--out", file), FAILED, "exists")


def test_a_key_for_refresh_tokens_goes_with_the_others(keys, tmp_path):
    directory = tmp_path / "keys"
    signing = line(keys("generate", "--directory", directory))
    refresh = line(keys("generate", "--refresh", "--out", tmp_path / "refresh"))
    check(keys("generate", "--refresh", "--alg", "ES256"), USAGE, "HS256")
    for _ in range(2):
        check(keys("import", "--directory", directory, tmp_path / "refresh"), OK)
    assert states(keys("list", "--json", "--directory", directory)) == {signing: "signing", refresh: "refresh"}
    (public,) = json.loads(line(keys("jwks", "--directory", directory)))["keys"]
    assert public["kid"] == signing
    line(keys("generate", "--refresh", "--out", tmp_path / "second"))
    check(keys("import", "--directory", directory, tmp_path / "second"), FAILED, "several keys for refresh tokens")


def test_a_public_half_is_printed_for_others(keys, tmp_path):
    public = json.loads(line(keys("generate", "--kid", "fleet", "--public", "--out", tmp_path / "key")))
    (key,) = public["keys"]
    assert key["kid"] == "fleet" and "d" not in key
    private = json.loads(line(keys("generate", "--alg", "ES384")))
    assert private["d"]
    (tmp_path / "public").write_text(json.dumps(public))
    line(keys("import", "--directory", tmp_path / "keys", tmp_path / "public"))
    assert states(keys("list", "--json", "--directory", tmp_path / "keys")) == {"fleet": "verifying"}
    assert json.loads(line(keys("jwks", "--directory", tmp_path / "keys"))) == public


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def test_what_openssl_makes_is_imported(keys, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl is missing: install openssl")
    private, public, weak = (tmp_path / name for name in ("private.pem", "public.pem", "weak.pem"))
    openssl("genpkey", "-algorithm", "ED25519", "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    openssl("genrsa", "-out", weak, "1024")
    kid = line(keys("import", "--directory", tmp_path / "keys", private))
    assert states(keys("list", "--json", "--directory", tmp_path / "keys")) == {kid: "signing"}
    assert line(keys("import", "--directory", tmp_path / "other", public)) == kid
    check(keys("import", "--directory", tmp_path / "keys", weak), FAILED, "2048 to 8192 bits")


def test_standard_input_need_be_nothing_that_can_be_opened(keys, tmp_path):
    """Some programs give their children sockets; a file may be one that only the parent may open."""
    key = line(keys("generate", "--kid", "by-socket"))
    for number, arguments in enumerate((["import", "--directory", tmp_path / "keys", "-"],
                                        ["seal", "--out", tmp_path / "sealed", "-"])):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(key.encode())
            ours.shutdown(socket.SHUT_WR)
            done = subprocess.run([os.environ["AUTHTOKENCTL"], "keys", *arguments], stdin=theirs, capture_output=True,
                                  text=True, env={**os.environ, "PATH": "/nonexistent"}, timeout=SECONDS, check=False)
        check(done, *((OK,), (FAILED, "cannot run systemd-creds"))[number])
    assert states(keys("list", "--json", "--directory", tmp_path / "keys")) == {"by-socket": "signing"}


def test_bad_files_are_not_imported(keys, tmp_path):
    directory = tmp_path / "keys"
    kid = line(keys("generate", "--directory", directory))
    for text, words in (("nonsense", "well-formed"), ("", "empty"), ('{"kty":"oct","kid":"a","alg":"HS256","k":"YQ"}', "shorter")):
        check(keys("import", "--directory", directory, "-", stdin=text), FAILED, words)
    other = json.loads(line(keys("generate", "--kid", kid)))
    check(keys("import", "--directory", directory, "-", stdin=json.dumps(other)), FAILED, "another key has the same")
    check(keys("import", "--directory", directory, tmp_path / "absent"), FAILED, "No such file")
    assert states(keys("list", "--json", "--directory", directory)) == {kid: "signing"}


def test_the_daemon_reads_what_was_imported(keys, root, daemon):
    """As on a host of a fleet that gets the next key: it verifies at once, and signs when it is told to."""
    directory = daemon.directory / "state/keys"
    kid = line(keys("generate", "--directory", directory, "--alg", "ES384"))
    root.call("Reload")
    assert states(keys("list", "--json"))[kid] == "staged"
    assert line(keys("use", kid)) == kid
    token, _ = root.issue(OWN_USER)
    jwks = line(keys("jwks"))
    (daemon.directory / "jwks").write_text(jwks)
    assert kid in {key["kid"] for key in json.loads(jwks)["keys"]}
    assert root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")[0]["user"] == OWN_USER


def test_an_absent_daemon_is_told(keys):
    for arguments in (["rotate"], ["use", "a"], ["list"], ["jwks"]):
        check(keys(*arguments, address="unix:path=/nonexistent"), UNREACHABLE)


def test_only_a_private_key_is_sealed(keys, tmp_path):
    line(keys("generate", "--out", tmp_path / "key"))
    (tmp_path / "public").write_text(line(keys("generate", "--public", "--out", tmp_path / "other")))
    check(keys("seal", "--out", tmp_path / "sealed", tmp_path / "public"), FAILED, "no private half")
    environment = {**os.environ, "PATH": "/nonexistent"}
    check(keys("seal", "--out", tmp_path / "sealed", tmp_path / "key", env=environment), FAILED, "cannot run systemd-creds")
    program = tmp_path / "systemd-creds"
    program.write_text('#!/bin/sh\nprintf "%s " "$@" >"$0.args"; cat >"$0.input"\n')
    program.chmod(0o755)
    environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    check(keys("seal", "--with-key", "host", "--out", tmp_path / "sealed", tmp_path / "key", env=environment), OK)
    assert (tmp_path / "systemd-creds.args").read_text() == f"encrypt --name=signing-key --with-key=host - {tmp_path}/sealed "
    assert json.loads((tmp_path / "systemd-creds.input").read_text()) == json.loads((tmp_path / "key").read_text())
