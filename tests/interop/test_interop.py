# SPDX-License-Identifier: MIT
"""Our tokens at jose, its tokens here, and those of a real OpenID provider, in every algorithm."""

import base64
import json
import os
import pathlib
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from frames import AUTHENTICATE, OK, SERVICE, TOKEN, USER, ask
from private_bus import OWN_USER, Daemon

DIRECTORY = pathlib.Path(os.environ["INTEROP_DIRECTORY"])
SECONDS = 60
ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
SYMMETRIC = ["HS256", "HS384", "HS512"]
ALGORITHMS = ASYMMETRIC + SYMMETRIC
AUDIENCE = "hosts.example.org"
PEER = "https://peer.example.org"


class Node:
    def __init__(self, script, *arguments):
        self.process = subprocess.Popen(["node", script, *map(str, arguments)], cwd=DIRECTORY, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def read(self):
        line = self.process.stdout.readline()
        assert line, "node ended"
        return json.loads(line)

    def ask(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.read()
        assert "error" not in answer, answer
        return answer

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def peer():
    started = Node("peer.mjs")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def keys(peer):
    return {alg: peer.ask(make=alg)["jwk"] for alg in ALGORITHMS}


def public(jwk):
    return {name: value for name, value in jwk.items() if name not in ("d", "p", "q", "dp", "dq", "qi")}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=provider", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem",
                    "-out", folder / "certificate.pem"], check=True, capture_output=True)
    return folder


class Provider:
    def __init__(self, certificate):
        self.ca = certificate / "certificate.pem"
        self.node = Node("provider.mjs", certificate / "key.pem", self.ca, OWN_USER)
        self.url = f"https://127.0.0.1:{self.node.read()['port']}"

    def token(self, alg):
        """An access token for the client, who is its subject."""
        secret = base64.b64encode(f"{OWN_USER}:not-a-secret-of-anybody".encode()).decode()
        data = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "login", "resource": f"urn:alg:{alg}"})
        request = urllib.request.Request(f"{self.url}/token", data.encode(), {"Authorization": f"Basic {secret}"})
        context = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(request, timeout=SECONDS, context=context) as answer:
            return json.load(answer)["access_token"]


@pytest.fixture(scope="module")
def provider(certificate):
    started = Provider(certificate)
    yield started
    started.node.stop()


@pytest.fixture(scope="module")
def daemon(bus, root, keys, provider):
    (bus.directory / "peer.json").write_text(json.dumps({"keys": [public(jwk) for jwk in keys.values()]}))
    (bus.directory / "peer.json").chmod(0o600)
    subprocess.run([os.environ["JWKS_FETCH"], "--issuer", provider.url, "--ca", provider.ca, "--output",
                    bus.directory / "provider.json"], check=True, timeout=SECONDS)
    started = Daemon(bus, store=(
        f'Synchronous=off\n[Token]\nAudience={AUDIENCE}\n'
        f'[Issuer "{provider.url}"]\nJwks={bus.directory}/provider.json\nAudience={AUDIENCE}\n'
        f'[Issuer "{PEER}"]\nJwks={bus.directory}/peer.json\nAudience={AUDIENCE}\nAlgorithms={" ".join(ALGORITHMS)}\n'))
    started.wait_served(root)
    root.call("ConfirmAdoption")
    yield started
    started.stop()


@pytest.fixture
def log_in(daemon, root):
    yield lambda token: ask(daemon.socket, AUTHENTICATE,
                            {USER: OWN_USER, SERVICE: "sshd", TOKEN: token})[1]
    root.call("RevokeUser", f"('{OWN_USER}', '')")


@pytest.mark.parametrize("alg", ASYMMETRIC)
def test_a_token_of_an_openid_provider_logs_in(provider, log_in, root, alg):
    token = provider.token(alg)
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert (header["alg"], header["typ"]) == (alg, "at+jwt")
    assert log_in(token) == OK
    root.call("RevokeToken", f"('{token}', '')")
    assert log_in(token) != OK


@pytest.mark.parametrize("typ", ["at+jwt", "JWT", None])
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_jose_signs_is_taken_here(peer, keys, log_in, tmp_path, alg, typ):
    now = int(time.time())
    claims = {"iss": PEER, "aud": AUDIENCE, "sub": OWN_USER, "iat": now, "exp": now + 600, "jti": f"{alg}-{typ}"}
    token = peer.ask(sign=claims, typ=typ, jwk=keys[alg])["token"]
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public(keys[alg])]}))
    done = subprocess.run([os.environ["AUTHTOKENCTL"], "verify", "--jwks", tmp_path / "jwks.json", "--issuer", PEER,
                           "--audience", AUDIENCE, "--user", OWN_USER], input=token, capture_output=True, text=True,
                          timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done
    assert log_in(token) == OK


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_what_we_sign_is_taken_by_jose(peer, root, daemon, alg):
    (kid,) = root.call("RotateKey", f"({{'algorithm': <'{alg}'>}},)")
    token, _, info = root.call("IssueToken", f"('{OWN_USER}', {{'roles': <['admin']>}})")
    (text,) = root.call("GetJWKS")
    jwks = json.loads(text)
    for file in (daemon.directory / "state" / "keys").iterdir():
        if alg in SYMMETRIC and kid in file.name:
            jwks["keys"].append(json.loads(file.read_text()))
    answer = peer.ask(verify=token, jwks=jwks, issuer="authtoken", audience=AUDIENCE)
    assert answer["header"] == {"alg": alg, "typ": "at+jwt", "kid": kid}
    assert (answer["payload"]["sub"], answer["payload"]["jti"]) == (OWN_USER, info["jti"])
    assert answer["payload"]["roles"] == ["admin"]
