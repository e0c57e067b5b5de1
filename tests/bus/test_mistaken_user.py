# SPDX-License-Identifier: MIT
"""How authtokenctl complains if a token or a code was given as a user: it never shows the text."""

import os

import pytest

from command import USAGE, check
from private_bus import OWN_USER

HIDDEN = "(not a user name)"
SECRETS = {
    "a token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
    "a long token": "eyJhbGciOiJFZERTQSJ9." + "A" * 500 + ".c2lnbmF0dXJl",
    "a refresh token": "atr1.c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
    "a code": "at-7Q2KD-M4XPT",
    "a code in small letters": "at-7q2kd-m4xpt",
}
WARNED = {
    "kick": ["kick"], "kick --user": ["kick", "--user"], "ban": ["ban"], "issue": ["issue"],
    "revoke --user": ["revoke", "--user"], "list --user": ["list", "--user"], "logout": ["logout"],
}
REFUSED = {"unban": ["unban"], "unlock": ["unlock"], "code --user": ["code", os.devnull, "--user"]}


@pytest.fixture(params=SECRETS.values(), ids=SECRETS)
def secret(request, ctl):
    yield request.param
    # A code could be a user's name.
    ctl("unban", request.param)


def kept(done, secret):
    """Neither the text is repeated nor what makes it secret."""
    parts = [part for part in secret.replace("at-", "").replace(".", "-").split("-") if len(part) > 4]
    assert parts
    assert not [part for part in parts if part in done.stdout + done.stderr]
    return done


@pytest.mark.parametrize("words", WARNED.values(), ids=WARNED)
def test_a_user_is_not_repeated_that_is_none(ctl, secret, words):
    done = kept(ctl(*words, secret), secret)
    assert "Sanitizer" not in done.stderr


@pytest.mark.parametrize("words", [WARNED["kick"], WARNED["ban"]], ids=["kick", "ban"])
def test_the_warning_says_what_the_journal_does(ctl, secret, words):
    assert f"this host does not know the user {HIDDEN}\n" in ctl(*words, secret).stderr


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_neither_is_it_in_a_refusal(ctl, secret, words):
    assert "Sanitizer" not in kept(ctl(*words, secret), secret).stderr


def test_an_id_that_is_a_code_is_not_repeated(ctl):
    code = SECRETS["a code"]
    kept(check(ctl("revoke", code), USAGE, HIDDEN), code)


def test_a_command_that_is_a_secret_is_not_repeated(ctl, secret):
    kept(check(ctl(secret), USAGE, "no such command"), secret)


@pytest.mark.parametrize("name", ["nosuchuser", "no.such.user", "eyJoe", "atr1", "MACHINE$"])
def test_a_user_name_is_repeated(ctl, name):
    assert f"does not know the user {name}\n" in ctl("kick", name).stderr


@pytest.mark.parametrize("words", [WARNED["kick"], WARNED["ban"]], ids=["kick", "ban"])
def test_a_user_of_another_spelling_is_another_user(ctl, words):
    alias = OWN_USER.upper()
    done = ctl(*words, alias, env={**os.environ, "LD_PRELOAD": os.environ["SLOW_NSS"], "USER_ALIAS": alias,
                                   "USER_ALIAS_OF": OWN_USER, "ASAN_OPTIONS": "verify_asan_link_order=0"})
    assert f"does not know the user {alias}\n" in done.stderr
    ctl("unban", alias)
