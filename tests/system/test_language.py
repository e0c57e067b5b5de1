# SPDX-License-Identifier: MIT
"""People are spoken to in their language; codes are the same in each."""

import pytest

pytestmark = pytest.mark.store("sqlite")

NOBODYS = "AAAAAAAAAAAAAAAAAAAAAA"
LANGUAGES = {
    "ko": ("세션", "액세스 토큰"),
    "zh_CN": ("会话", "访问令牌"),
}


def speaking(language, *command):
    # The bed has no locale of these languages, and needs none.
    return ("env", "LC_ALL=C.UTF-8", f"LANGUAGE={language}", *command)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_explains_a_code(host, language):
    done = host.bed.run(*speaking(language, "authtokenctl", "revoke", "--session", NOBODYS), check=False)
    assert done.returncode == 3
    assert "session-unknown" in done.stderr and LANGUAGES[language][0] in done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_explains_what_is_wrong_with_an_order(host, language):
    """What the daemon answers about it is more than the code's text, and translated as well."""
    done = host.bed.run(*speaking(language, "authtokenctl", "ban", "--for", "40000d", "alice"), check=False)
    assert done.returncode == 2
    assert "bad-request" in done.stderr and "without end" not in done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_programs_read_is_not_translated(host, language):
    host.authtoken.issue("alice")
    assert '"session"' in host.bed.run(*speaking(language, "authtokenctl", "list", "--all", "--json")).stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_sudo_asks_for_a_token(host, language):
    done = host.bed.run(*speaking(language, "sudo", "-k", "-S", "true"), check=False, user="alice", stdin="\n")
    assert done.returncode != 0
    assert LANGUAGES[language][1] in done.stderr
