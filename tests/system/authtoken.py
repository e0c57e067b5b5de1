# SPDX-License-Identifier: MIT
"""org.authtoken1 as busctl sees it."""

import base64
import dataclasses
import json

from deadline import wait_until

SERVICE = ("org.authtoken1", "/org/authtoken1", "org.authtoken1.Manager")


class CallFailed(Exception):
    """The error message of a call."""


@dataclasses.dataclass(frozen=True)
class Token:
    user: str
    text: str
    session: str
    jti: str

    def parts(self):
        return self.text.split(".")

    def header(self):
        encoded = self.parts()[0]
        return json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))

    def with_header(self, **members):
        """The same token with another header, which its signature does not cover."""
        header = json.dumps({**self.header(), **members}, separators=(",", ":")).encode()
        encoded = base64.urlsafe_b64encode(header).decode().rstrip("=")
        return ".".join([encoded, *self.parts()[1:]])

    def with_broken_signature(self):
        header, payload, signature = self.parts()
        middle = len(signature) // 2
        other = "A" if signature[middle] != "A" else "B"
        return ".".join([header, payload, signature[:middle] + other + signature[middle + 1:]])


def plain(value):
    """Take the {"type": ..., "data": ...} of variants away."""
    if isinstance(value, dict):
        if value.keys() == {"type", "data"}:
            return plain(value["data"])
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value


class Authtoken:
    """Calls by root, or by the user that is given."""

    def __init__(self, bed):
        self.bed = bed

    def words(self, method, signature="", *arguments):
        """The command line of a call."""
        words = ["busctl", "--system", "--json=short", "call", *SERVICE, method]
        if signature:
            words += [signature, "--", *(str(argument) for argument in arguments)]
        return words

    def call(self, method, signature="", *arguments, user=None):
        """Return the values of the reply; raise CallFailed with the error's message."""
        done = self.bed.run(*self.words(method, signature, *arguments), user=user, check=False)
        if done.returncode:
            raise CallFailed(done.stderr.strip())
        return plain(json.loads(done.stdout)["data"]) if done.stdout.strip() else []

    def issue(self, user, **options):
        """Issue a token; numbers become t, text becomes s, lists become as."""
        words = [user, len(options)]
        for name, value in options.items():
            if isinstance(value, int):
                words += [name, "t", value]
            elif isinstance(value, str):
                words += [name, "s", value]
            else:
                words += [name, "as", len(value), *value]
        access, _, info = self.call("IssueToken", "sa{sv}", *words)
        return Token(user, access, info["session"], info["jti"])

    def issue_expired(self, user):
        token = self.issue(user, lifetime=1)
        wait_until(lambda: self.verdict(token.text) == "token-expired", "the token expires")
        return token

    def verdict(self, text):
        """`ok`, or the reason code for which ValidateToken refuses."""
        try:
            self.call("ValidateToken", "sa{sv}", text, 0)
        except CallFailed as failure:
            return str(failure).partition("Call failed: ")[2].partition(":")[0]
        return "ok"

    def sessions(self, user=None, caller=None):
        words = [0] if user is None else [1, "user", "s", user]
        return self.call("ListSessions", "a{sv}", *words, user=caller)[0]

    def logins(self, user):
        return [login for session in self.sessions(user) for login in session["logins"]]

    def revoke_token(self, token, caller=None):
        return self.call("RevokeToken", "ss", token.jti, "test", user=caller)

    def revoke_session(self, token, caller=None):
        return self.call("RevokeSession", "ss", token.session, "test", user=caller)

    def revoke_user(self, user, caller=None):
        return self.call("RevokeUser", "ss", user, "test", user=caller)[0]

    def kick_session(self, token, caller=None):
        return tuple(self.call("KickSession", "ss", token.session, "test", user=caller))

    def kick_user(self, user, caller=None):
        return tuple(self.call("KickUser", "sa{sv}s", user, 0, "test", user=caller))

    def status(self):
        return self.call("GetStatus")[0]

    def is_ready(self):
        try:
            self.status()
        except CallFailed:
            return False
        return True

    def wait_ready(self, seconds=30):
        wait_until(self.is_ready, "the daemon answers on the bus", seconds)
