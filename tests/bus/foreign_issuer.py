# SPDX-License-Identifier: MIT
"""Another issuer: a key that is not the daemon's, and whatever claims a test wants."""

import base64
import hashlib
import hmac
import itertools
import json
import os
import subprocess
import time

URL = "https://login.example.org"
AUDIENCE = "client-of-the-fleet"
NUMBERS = itertools.count(1)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def dumps(value):
    return json.dumps(value).encode()


class Secret:
    """Signs by HS256; that is the same for the daemon, and needs no library here."""

    def __init__(self, kid="shared"):
        self.kid, self.secret = kid, os.urandom(32)

    def jwk(self):
        return {"kty": "oct", "kid": self.kid, "alg": "HS256", "k": encode(self.secret)}

    def sign(self, payload, **header):
        text = encode(dumps({"alg": "HS256", "typ": "JWT", "kid": self.kid, **header})) + "." + encode(dumps(payload))
        return f"{text}.{encode(hmac.digest(self.secret, text.encode(), hashlib.sha256))}"


class Rsa:
    """Signs by RS256, with openssl(1)."""

    def __init__(self, directory, kid):
        self.kid, self.file = kid, directory / f"{kid}.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.file, "2048"], check=True, capture_output=True)

    def jwk(self):
        modulus = subprocess.run(["openssl", "rsa", "-in", self.file, "-noout", "-modulus"], check=True,
                                 capture_output=True, text=True).stdout.strip().split("=")[1]
        return {"kty": "RSA", "kid": self.kid, "use": "sig", "n": encode(bytes.fromhex(modulus)), "e": "AQAB"}

    def sign(self, payload, **header):
        text = encode(dumps({"alg": "RS256", "kid": self.kid, **header})) + "." + encode(dumps(payload))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.file], input=text.encode(), check=True,
                                   capture_output=True).stdout
        return f"{text}.{encode(signature)}"


class Issuer:
    def __init__(self, path, key):
        self.path, self.key = path, key
        self.publish(key)

    def publish(self, *keys):
        text = json.dumps({"keys": [key.jwk() if hasattr(key, "jwk") else key for key in keys]})
        self.publish_text(text)

    def publish_text(self, text):
        """As a whole, as whoever fetches it does."""
        new = self.path.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.chmod(0o600)
        new.rename(self.path)

    def section(self, more=""):
        return (f'[Issuer "{URL}"]\nJwks={self.path}\nAudience={AUDIENCE}\nAlgorithms=HS256 RS256\n'
                f"UserMap=@example.org\n{more}")

    def token(self, user, key=None, header=None, **claims):
        now = int(time.time())
        payload = {"iss": URL, "aud": AUDIENCE, "sub": f"{user}@example.org", "iat": now, "exp": now + 600,
                   "jti": f"token-{next(NUMBERS)}", **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        return (key or self.key).sign(payload, **(header or {}))
