# SPDX-License-Identifier: MIT
"""authtokend as the token service of an application: what a program does with it over D-Bus."""

import base64
import hashlib
import hmac
import json
import time


from frames import AUTHENTICATE, SERVICE, TOKEN, TTY, USER, ask
from private_bus import OTHER_USER, OWN_USER, SQLITE, CallError, Daemon, is_served, wait_until

SECRET = bytes(range(64))
HS_KID = "parity"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(token):
    """(header, claims)"""
    header, claims, _ = token.split(".")
    return json.loads(decode(header)), json.loads(decode(claims))


def sign(claims, header=None, secret=SECRET):
    """A token of somebody who has the key and follows no rules."""
    header = {"alg": "HS256", "typ": "at+jwt", "kid": HS_KID, **(header or {})}
    text = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{encode(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


class Service:
    def __init__(self, bus, root):
        self.bus, self.root = bus, root
        self.keys = bus.directory / "state" / "keys"
        self.keys.mkdir(parents=True, mode=0o700)
        jwk = {"kty": "oct", "kid": HS_KID, "alg": "HS256", "k": encode(SECRET)}
        self.key_file = self.keys / "parity.jwk"
        self.key_file.write_text(json.dumps(jwk), encoding="utf-8")
        self.key_file.chmod(0o600)
        self.daemon = Daemon(bus)
        self.plain = self.daemon.config.read_text(encoding="utf-8")
        self.store = ""
        self.text = ""
        self.daemon.wait_served(root)

    def restart(self, text="", store=""):
        """With a configuration of its own, and what it needs a restart for."""
        self.daemon.stop()
        wait_until(lambda: not is_served(self.root), "the name to be free")
        self.store = store
        self.text = text
        self.write()
        self.daemon.start_again(self.root)

    def write(self):
        plain = self.plain.replace(SQLITE, self.store or SQLITE)
        self.daemon.config.write_text(plain + self.text, encoding="utf-8")

    def configure(self, text):
        if text != self.text:
            self.text = text
            self.write()
            self.root.call("Reload")

    def stop(self):
        self.daemon.stop()

    @property
    def path(self):
        return self.daemon.directory / "socket" / "pam.sock"

    def issue(self, user=OWN_USER, options="@a{sv} {}"):
        """(access token, refresh token, what is said of them)"""
        return self.root.call("IssueToken", f"('{user}', {options})")

    def session(self, user=OWN_USER, options="@a{sv} {}"):
        """(access token, session)"""
        access, _, info = self.issue(user, options)
        return access, info["session"]

    def refresh(self, token):
        return self.root.call("RefreshToken", f"('{token}',)")

    def validate(self, token, options="@a{sv} {}"):
        (answer,) = self.root.call("ValidateToken", f"('{token}', {options})")
        return answer

    def refusal(self, token, options="@a{sv} {}"):
        """The reason's code."""
        try:
            self.validate(token, options)
        except CallError as error:
            return error.code
        return "ok"

    def is_valid(self, token):
        return self.refusal(token) == "ok"

    def login(self, token, user=OWN_USER):
        """The status of a login; it counts as a use of the session."""
        return ask(self.path, AUTHENTICATE, {USER: user, SERVICE: "parity", TTY: "tty", TOKEN: token})[1]

    def sessions(self, user=OWN_USER):
        (rows,) = self.root.call("ListSessions", f"({{'user': <'{user}'>}},)")
        return rows

    def count(self, user=None):
        narrow = f"{{'user': <'{user}'>}}" if user else "@a{sv} {}"
        (number,) = self.root.call("CountSessions", f"({narrow},)")
        return number

    def forget_sessions(self):
        for user in (OWN_USER, OTHER_USER):
            self.root.call("RevokeUser", f"('{user}', '')")

    def claims(self, **changed):
        """Claims that would be accepted, had they a session; None takes one out."""
        now = int(time.time())
        claims = {"iss": "authtoken", "aud": "authtoken", "sub": OWN_USER, "iat": now, "exp": now + 60,
                  "jti": "AAAAAAAAAAAAAAAAAAAAAA.1", **changed}
        return {name: value for name, value in claims.items() if value is not None}
