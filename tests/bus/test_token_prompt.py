# SPDX-License-Identifier: MIT
"""A token that is typed or pasted at a terminal: it is asked for, not shown, not cut, and the terminal is as before."""

import os
import re
import signal
import subprocess

import pytest

from command import FAILED, OK
from private_bus import OWN_USER, wait_until
from terminal import Terminal

PROMPT = "Token: "
WRONG = "notatoken"
CODE = re.compile(r"at-[0-9A-Z]{5}-[0-9A-Z]{5}")
BOTH = pytest.mark.parametrize("batch", [[], ["--batch"]], ids=["one", "batch"])


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "key.json"
    subprocess.run([os.environ["AUTHTOKENCTL"], "keys", "generate", "--alg", "HS256", "--out", path], check=True,
                   capture_output=True)
    return path


@pytest.fixture
def verify(key):
    return ["verify", "--key", str(key)]


@pytest.fixture
def asking(verify):
    """Waits for a token."""
    with Terminal(verify) as terminal:
        terminal.wait_for(PROMPT)
        yield terminal


def test_it_is_asked_for_and_not_shown(asking):
    assert not asking.echoes()
    asking.type(f"{WRONG}\r")
    status, shown = asking.end()
    assert (status, shown) == (FAILED, f"{PROMPT}\r\ntoken-malformed\r\n")
    assert asking.settings() == asking.before


def test_without_anything_its_end_is_the_end(asking):
    asking.type("\x04")
    assert asking.end()[0] == FAILED
    assert asking.settings() == asking.before


@BOTH
def test_what_was_typed_before_the_end_counts(verify, batch):
    with Terminal(verify + batch) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(WRONG + "\x04")
        terminal.wait_for("token-malformed")
        if batch:
            terminal.wait_for(PROMPT, 2)
            terminal.type("\x04")
        assert terminal.end()[0] == FAILED
        assert terminal.settings() == terminal.before


def test_each_of_a_batch_is_asked_for(verify):
    with Terminal([*verify, "--batch"]) as terminal:
        for n in (1, 2, 3):
            terminal.wait_for(PROMPT, n)
            assert not terminal.echoes()
            terminal.type(f"{WRONG}\r")
        terminal.wait_for(PROMPT, 4)
        terminal.type("\x04")
        status, shown = terminal.end()
        assert (status, shown) == (FAILED, f"{PROMPT}\r\ntoken-malformed\r\n" * 3 + f"{PROMPT}\r\n")
        assert terminal.settings() == terminal.before


@pytest.mark.parametrize("typed", [
    "{}\r", "{}\n", "  {} \r", "{}x\x7f\r", "{}xy\b\b\r", "wrong\x15{}\r", "wrong\x17{}\r", "{}\x04", "\x7f\b{}\r"])
def test_a_token_can_be_corrected(ctl, bus, typed):
    token = ctl("issue", OWN_USER).stdout.strip()
    with Terminal([f"--bus={bus.address}", "code"]) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(typed.format(token))
        status, shown = terminal.end()
        assert status == OK and CODE.fullmatch(shown.removeprefix(PROMPT).strip()), shown
        assert terminal.settings() == terminal.before


def test_a_long_token_is_not_cut(ctl, bus):
    token = ctl("issue", '--data={"x":"' + "A" * 3500 + '"}', OWN_USER).stdout.strip()
    assert len(token) > 4096
    with Terminal([f"--bus={bus.address}", "code"]) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type(token + "\r")
        status, shown = terminal.end()
        assert status == OK and CODE.fullmatch(shown.removeprefix(PROMPT).strip()), shown


@pytest.mark.parametrize("arguments", [["logout"], ["logout", "--token-file", "-"], ["revoke", "--token-file", "-"],
                                       ["revoke", "--token-file", "/dev/tty"]], ids=" ".join)
def test_whatever_reads_a_token_asks(ctl, bus, arguments):
    token = ctl("issue", OWN_USER).stdout.strip()
    with Terminal([f"--bus={bus.address}", *arguments]) as terminal:
        terminal.wait_for(PROMPT)
        assert not terminal.echoes()
        terminal.type(token + "\r")
        status, shown = terminal.end()
        assert status == OK and token[:9] not in shown
        assert terminal.settings() == terminal.before


def test_refresh_asks_for_what_it_takes(bus, daemon):
    del daemon
    with Terminal([f"--bus={bus.address}", "refresh"]) as terminal:
        terminal.wait_for("Refresh token: ")
        assert not terminal.echoes()
        terminal.type(WRONG + "\r")
        status, shown = terminal.end()
        assert status and WRONG not in shown
        assert terminal.settings() == terminal.before


def pem_key():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], check=True, capture_output=True,
                          text=True).stdout


@pytest.mark.parametrize("form", ["jwk", "pem"])
def test_a_key_is_not_shown(key, tmp_path, form):
    """PEM has several lines, a pasted JWK may lack the end of its only one."""
    typed = key.read_text().strip() + "\x04" if form == "jwk" else pem_key().replace("\n", "\r")
    tmp_path.chmod(0o700)
    with Terminal(["keys", "import", "--directory", str(tmp_path), "-"]) as terminal:
        terminal.wait_for("Ctrl+D: ")
        assert not terminal.echoes()
        terminal.type(typed + "\x04")
        status, shown = terminal.end()
        assert status == OK and "PRIVATE" not in shown and '"k"' not in shown, shown
        assert terminal.settings() == terminal.before
    assert list(tmp_path.glob("*.jwk"))


def test_no_key_is_none(tmp_path):
    with Terminal(["keys", "import", "--directory", str(tmp_path), "-"]) as terminal:
        terminal.wait_for("Ctrl+D: ")
        terminal.type("\x04")
        status, shown = terminal.end()
        assert status == FAILED and "is empty" in shown
        assert terminal.settings() == terminal.before


@pytest.mark.parametrize("character,number", [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)])
def test_a_character_that_ends_it_gives_the_terminal_back(asking, character, number):
    asking.type(WRONG + character)
    assert asking.end()[0] == -number
    assert asking.settings() == asking.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM])
def test_a_signal_that_ends_it_gives_the_terminal_back(asking, number):
    asking.type(WRONG)
    os.kill(asking.pid, number)
    status, shown = asking.end()
    assert status == -number and WRONG not in shown
    assert asking.settings() == asking.before


def test_stopped_and_continued_it_asks_again(asking):
    for n in (2, 3):
        asking.type("\x1a")
        assert int(asking.report("stopped")) == signal.SIGTSTP
        assert asking.settings() == asking.before
        asking.order("fg")
        asking.wait_for(PROMPT, n)
        assert not asking.echoes()
    asking.type(f"{WRONG}\r")
    status, shown = asking.end()
    assert status == FAILED and shown.endswith(f"{PROMPT}\r\ntoken-malformed\r\n")
    assert asking.settings() == asking.before


def test_what_was_typed_before_it_was_stopped_is_forgotten(ctl, bus):
    token = ctl("issue", OWN_USER).stdout.strip()
    with Terminal([f"--bus={bus.address}", "code"]) as terminal:
        terminal.wait_for(PROMPT)
        before = terminal.n_read()
        terminal.type(token[:20])
        wait_until(lambda: terminal.n_read() >= before + 20, "the beginning is read")
        terminal.type("\x1a")
        terminal.report("stopped")
        terminal.order("fg")
        terminal.wait_for(PROMPT, 2)
        terminal.type(token + "\r")
        status, shown = terminal.end()
        assert status == OK and CODE.search(shown), shown


def test_in_the_background_it_leaves_the_terminal_alone(asking):
    asking.type("\x1a")
    asking.report("stopped")
    asking.order("bg")
    assert int(asking.report("stopped")) == signal.SIGTTIN
    assert asking.settings() == asking.before
    asking.order("fg")
    asking.wait_for(PROMPT, 2)
    assert not asking.echoes()
    asking.type("\x03")
    assert asking.end()[0] == -signal.SIGINT
    assert asking.settings() == asking.before


def test_ended_in_the_background_it_leaves_the_terminal_alone(asking):
    asking.type("\x1a")
    asking.report("stopped")
    os.kill(asking.pid, signal.SIGTERM)
    asking.order("bg")
    assert asking.end()[0] == -signal.SIGTERM
    assert asking.settings() == asking.before


def test_stopped_by_force_it_does_not_echo_afterwards(asking):
    os.kill(asking.pid, signal.SIGSTOP)
    assert int(asking.report("stopped")) == signal.SIGSTOP
    asking.order("fg")
    asking.type(f"{WRONG}\r")
    status, shown = asking.end()
    assert status == FAILED and WRONG not in shown
    assert asking.settings() == asking.before


def test_an_ignored_signal_stays_ignored(verify):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        terminal = Terminal(verify)
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with terminal:
        terminal.wait_for(PROMPT)
        os.kill(terminal.pid, signal.SIGHUP)
        terminal.type(f"{WRONG}\r")
        assert terminal.end()[0] == FAILED


def test_where_there_is_no_terminal_nobody_is_asked(verify):
    done = subprocess.run([os.environ["AUTHTOKENCTL"], *verify], input=WRONG, capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (FAILED, "token-malformed\n", "")
