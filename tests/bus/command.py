# SPDX-License-Identifier: MIT
"""The common part of the tests of authtokenctl: its exit statuses, and the rules for every run of it."""

import json

OK, FAILED, USAGE, NOT_FOUND, DENIED, UNREACHABLE = range(6)


def check(done, status, words=""):
    assert done.returncode == status, done.stdout + done.stderr
    assert words in done.stderr
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr
    if status:
        assert not done.stdout
        assert done.stderr.startswith(("authtokenctl: ", "revoke: ", "list: ", "use: ", "jwks: "))
    return done


def rows(done, name):
    check(done, OK)
    return json.loads(done.stdout)[name]
