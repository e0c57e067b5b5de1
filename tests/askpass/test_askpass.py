# SPDX-License-Identifier: MIT
"""authtoken-askpass as ssh and sudo start it: which questions get which token, and what becomes of the others."""

import base64
import getpass
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
USER = getpass.getuser()
HOST = "host.example.com"
ASK = "Password or access token: "
SSH = f"({USER}@{HOST}) {ASK}"
NEXT = "answer of the next one\n"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_token(audience=HOST, user=USER, size=0, expires=None, **more):
    now = int(time.time())
    claims = {"iss": "https://issuer.example.com", "aud": audience, "sub": user, "iat": now,
              "exp": expires or now + 600, "jti": "AAAAAAAAAAAAAAAAAAAAAA.1", **more}
    if size:
        claims["data"] = {"x": "y" * size}
    header = encode(b'{"alg":"ES256","typ":"at+jwt","kid":"k"}')
    return f"{header}.{encode(json.dumps(claims).encode())}.{encode(bytes(64))}"


class Askpass:
    def __init__(self, directory):
        self.tokens = directory / "run" / "authtoken"
        self.config = directory / "config" / "authtoken"
        for path in (self.tokens, self.config):
            path.mkdir(parents=True, mode=0o700)
        next_one = directory / "next"
        next_one.write_text(f'#!/bin/sh\nprintf %s "$1" >{directory}/passed\necho {NEXT}')
        next_one.chmod(0o755)
        self.passed = directory / "passed"
        self.environment = {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(directory / "run"),
            "XDG_CONFIG_HOME": str(directory / "config"), "AUTHTOKEN_ASKPASS_NEXT": str(next_one),
            # It needs ptrace(), which a program that cannot be dumped refuses to itself, too.
            "ASAN_OPTIONS": "detect_leaks=0"}

    def put(self, text, name="token", mode=0o600):
        path = self.tokens / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def map(self, text, mode=0o600):
        path = self.config / "askpass"
        path.write_text(text)
        path.chmod(mode)

    def run(self, prompt, by="ssh", **environment):
        return subprocess.run([sys.executable, "-B", HERE / "asked_by.py", by, os.environ["AUTHTOKEN_ASKPASS"], prompt],
                              capture_output=True, text=True, timeout=60, check=False,
                              env={**self.environment, **environment})

    def answer(self, prompt, by="ssh", **environment):
        done = self.run(prompt, by, **environment)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.removesuffix("\n")

    def refuses(self, prompt, by="ssh", complaint="", **environment):
        """The next askpass answers, and got the prompt unchanged."""
        self.passed.unlink(missing_ok=True)
        done = self.run(prompt, by, **environment)
        assert (done.returncode, done.stdout) == (0, NEXT)
        assert re.search(complaint, done.stderr) if complaint else done.stderr == ""
        assert self.passed.read_text() == prompt


@pytest.fixture
def askpass(tmp_path):
    return Askpass(tmp_path)


def test_a_token_goes_to_the_host_in_its_audience(askpass):
    token = make_token()
    askpass.put(token + "\n")
    assert askpass.answer(SSH) == token
    assert askpass.answer(f"({USER}@{HOST}) Access token: ") == token
    assert askpass.answer(f"{USER}@{HOST}'s password: ") == token
    assert askpass.answer(f"({USER}@HOST.example.com.) {ASK}") == token


def test_one_of_several_audiences_is_enough(askpass):
    token = make_token(["other", HOST.upper()])
    askpass.put(token)
    assert askpass.answer(SSH) == token


def test_a_pair_is_as_good(askpass):
    token = make_token()
    askpass.put(json.dumps({"access": token, "refresh": "atr1.x", "session": "s", "expires": 1}))
    assert askpass.answer(SSH) == token


def test_of_several_files_the_fitting_one_counts(askpass):
    token = make_token()
    for name, text in (("a", make_token("other")), ("b", make_token(user="somebody")), ("c", token),
                       ("d", make_token(data={}))):
        askpass.put(text, name)
    assert askpass.answer(SSH) == token


@pytest.mark.parametrize("prompt", [
    f"({USER}@evil) {ASK}", f"({USER}@evil) ({USER}@{HOST}) {ASK}", f"({USER}@evil) {USER}@{HOST}'s password: ",
    f"({USER}@{HOST}.evil) {ASK}", f"({USER}@{HOST}) Password: ", f"({USER}@{HOST}) Verification code: ",
    f"(somebody@{HOST}) {ASK}", f"({USER}@{HOST}) {ASK}\n", "Enter passphrase for key '/root/.ssh/id': ",
    "Are you sure you want to continue connecting (yes/no/[fingerprint])? ", "", f"{USER}@evil's password: "])
def test_other_questions_are_passed_on(askpass, prompt):
    askpass.put(make_token())
    askpass.refuses(prompt)


@pytest.mark.parametrize("by", ["git", "svn", "sudo", "ssh-add", "python3"])
def test_only_ssh_speaks_for_ssh(askpass, by):
    askpass.put(make_token())
    askpass.refuses(SSH, by)


def test_a_confirmation_is_no_question_for_a_token(askpass):
    askpass.put(make_token())
    askpass.refuses(SSH, SSH_ASKPASS_PROMPT="confirm")


@pytest.mark.parametrize("prompt", [f"[sudo] password for {USER}: ", ASK, "Access token: "])
def test_sudo_gets_the_token_for_this_host(askpass, prompt):
    token = make_token(socket.gethostname())
    askpass.put(token)
    assert askpass.answer(prompt, by="sudo") == token
    # What ssh shows without its own words in front is not its own.
    askpass.refuses(prompt, by="ssh")


def test_sudo_does_not_get_another_hosts(askpass):
    askpass.put(make_token())
    askpass.refuses(ASK, by="sudo")


def test_sudo_for_another_user_gets_none(askpass):
    askpass.put(make_token(socket.gethostname()))
    askpass.refuses("[sudo] password for somebody: ", by="sudo")


def test_a_long_token_goes_in_parts(askpass):
    token = make_token([HOST, socket.gethostname()], size=4500)
    assert 6000 < len(token) < 8192
    askpass.put(token)
    for by, limit, ask in (("ssh", 1000, f"({USER}@{HOST}) "), ("sudo", 500, "")):
        first = askpass.answer(ask + ASK, by=by)
        n_parts = int(re.match("authtoken:1/([0-9]+):", first)[1])
        answers = [first] + [askpass.answer(f"{ask}Part {i} of {n_parts} of the access token: ", by=by)
                             for i in range(2, n_parts + 1)]
        assert all(len(answer) <= limit for answer in answers)
        pieces = [answer.removeprefix(f"authtoken:{i}/{n_parts}:") for i, answer in enumerate(answers, 1)]
        assert "".join(pieces) == token


def test_the_method_password_has_no_parts(askpass):
    askpass.put(make_token(size=4500))
    done = askpass.run(f"{USER}@{HOST}'s password: ")
    assert (done.returncode, done.stdout) == (1, "")
    assert "keyboard-interactive" in done.stderr


def test_parts_of_another_token_are_not_mixed(askpass):
    askpass.put(make_token(size=4500))
    done = askpass.run(f"({USER}@{HOST}) Part 2 of 3 of the access token: ")
    assert (done.returncode, done.stdout) == (1, "")
    assert "changed meanwhile" in done.stderr


def test_an_expired_token_is_none(askpass):
    askpass.put(make_token(expires=int(time.time()) - 1))
    askpass.refuses(SSH, complaint="has expired")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_a_file_that_others_can_read_is_refused(askpass, mode):
    askpass.put(make_token(), mode=mode)
    askpass.refuses(SSH, complaint="nobody else")


def test_a_file_that_leads_elsewhere_is_refused(askpass, tmp_path):
    (askpass.tokens / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text(make_token())
    (tmp_path / "elsewhere").chmod(0o600)
    askpass.refuses(SSH, complaint="cannot use")


@pytest.mark.skipif(os.geteuid() != 0, reason="files of several users need root")
def test_a_file_of_another_user_is_refused(askpass):
    os.chown(askpass.put(make_token()), 5, 5)
    askpass.refuses(SSH, complaint="nobody else")


def test_a_pipe_is_not_waited_for(askpass):
    os.mkfifo(askpass.tokens / "pipe", 0o600)
    askpass.refuses(SSH, complaint="cannot use")


@pytest.mark.parametrize("text", ["hello", "{", '{"access": 7}', "a.b.c", "\0", "x" * 70000])
def test_what_is_no_token_is_told(askpass, text):
    askpass.put(text)
    askpass.refuses(SSH, complaint="is no token|cannot use")


def test_a_named_file_counts_alone(askpass, tmp_path):
    token = make_token()
    askpass.put(make_token(data={}))
    named = tmp_path / "named"
    named.write_text(token)
    named.chmod(0o600)
    assert askpass.answer(SSH, AUTHTOKEN_FILE=str(named)) == token
    askpass.refuses(f"({USER}@other) {ASK}", AUTHTOKEN_FILE=str(named))


def test_the_map_says_where_else_a_token_goes(askpass):
    token = make_token("authtoken")
    askpass.refuses(SSH)
    askpass.put(token)
    askpass.refuses(SSH)
    askpass.map(f"# hosts\n{HOST} token\nsudo token\n*.lab.example.com token\n")
    assert askpass.answer(SSH) == token
    assert askpass.answer(f"({USER}@a.lab.example.com) {ASK}") == token
    assert askpass.answer(ASK, by="sudo") == token
    askpass.refuses(f"({USER}@lab.example.com) {ASK}")
    askpass.refuses(f"(somebody@{HOST}) {ASK}")


def test_the_map_can_name_a_user(askpass):
    token = make_token(user="alice@example.com")
    askpass.put(token)
    askpass.refuses(SSH)
    askpass.map(f"{USER}@{HOST} token\n")
    assert askpass.answer(SSH) == token
    askpass.refuses(f"(somebody@{HOST}) {ASK}")


@pytest.mark.parametrize("text, mode, complaint", [
    (f"{HOST}\n", 0o600, "line 1"), (f"{HOST} missing\n", 0o600, "there is no token"),
    (f"{HOST} token\n", 0o622, "cannot use")])
def test_with_a_bad_map_nothing_is_guessed(askpass, text, mode, complaint):
    askpass.put(make_token())
    askpass.map(text, mode)
    askpass.refuses(SSH, complaint=complaint)


@pytest.mark.parametrize("next_one", ["", "/nowhere", "askpass", "itself"])
def test_without_a_next_one_it_fails_and_is_silent(askpass, next_one):
    next_one = os.environ["AUTHTOKEN_ASKPASS"] if next_one == "itself" else next_one
    done = askpass.run("Enter PIN: ", AUTHTOKEN_ASKPASS_NEXT=next_one)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no other askpass" in done.stderr and "PIN" not in done.stderr


def test_two_that_point_to_each_other_end(askpass):
    """The next askpass starts ours again, which must not start the next one again."""
    again = askpass.passed.parent / "again"
    again.write_text(f'#!/bin/sh\nexec {os.environ["AUTHTOKEN_ASKPASS"]} "$1"\n')
    again.chmod(0o755)
    done = askpass.run("Enter PIN: ", AUTHTOKEN_ASKPASS_NEXT=str(again))
    assert (done.returncode, done.stdout) == (1, "")


def test_it_wants_one_prompt(askpass):
    for words in ([], ["a", "b"]):
        done = subprocess.run([os.environ["AUTHTOKEN_ASKPASS"], *words], capture_output=True, text=True, check=False,
                              env=askpass.environment, timeout=60)
        assert (done.returncode, done.stdout) == (2, "")
