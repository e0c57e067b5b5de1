# SPDX-License-Identifier: MIT
"""authtoken-askpass with the ssh and the sudo of the distribution."""

import json

import pytest

from host import PASSWORDS
from ssh import KEYBOARD, METHODS, PASSWORD

BIG = json.dumps({"x": "y" * 4500})
ASKPASS = "/usr/bin/authtoken-askpass"
FILE = "/home/alice/token"
NEXT = "/home/alice/next"
SSH = ["ssh", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
       "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1"]


@pytest.fixture
def next_askpass(host):
    """Answers with alice's password, but to a confirmation with no, and keeps the prompt."""
    host.bed.write(NEXT, "#!/bin/sh\nprintf %s \"$1\" >>/home/alice/prompt\n"
                         f"case $1 in *yes/no*) echo no ;; *) echo {PASSWORDS['alice']} ;; esac\n")
    host.bed.run("chmod", "755", NEXT)
    yield lambda: host.bed.output("cat", "/home/alice/prompt")
    host.bed.run("rm", "-f", NEXT, "/home/alice/prompt")


def issue(host, *audience, **options):
    """A token of alice in her file."""
    token = host.authtoken.issue("alice", audience=["authtoken", *audience], **options)
    host.bed.write(FILE, token.text + "\n")
    host.bed.run("chown", "alice:", FILE)
    host.bed.run("chmod", "600", FILE)
    return token


def run(host, *words, **options):
    return host.bed.run("env", f"SSH_ASKPASS={ASKPASS}", f"SUDO_ASKPASS={ASKPASS}", "SSH_ASKPASS_REQUIRE=force",
                        f"AUTHTOKEN_FILE={FILE}", f"AUTHTOKEN_ASKPASS_NEXT={NEXT}", "HOME=/home/alice", *words,
                        user="alice", check=False, **options)


def ssh(host, target="127.0.0.1", method=KEYBOARD, command="id -un; sleep 0.1"):
    return run(host, *SSH, "-o", f"PreferredAuthentications={method}", f"alice@{target}", command)


def test_a_token_of_6_KiB_logs_in_by_stock_ssh(host):
    token = issue(host, "127.0.0.1", data=BIG)
    assert len(token.text) > 6000
    done = ssh(host)
    assert (done.returncode, done.stdout) == (0, "alice\n"), done.stderr
    host.journal.wait_for(AUTHTOKEN_EVENT="open-session", AUTHTOKEN_REASON="ok", AUTHTOKEN_SESSION=token.session)


@pytest.mark.parametrize("method", METHODS)
def test_a_short_token_logs_in_by_either_method(host, method):
    token = issue(host, "127.0.0.1")
    done = ssh(host, method=method)
    assert (done.returncode, done.stdout) == (0, "alice\n"), done.stderr
    host.journal.wait_for(AUTHTOKEN_EVENT="open-session", AUTHTOKEN_REASON="ok", AUTHTOKEN_SESSION=token.session)


@pytest.mark.parametrize("size", [0, 4500])
def test_a_token_answers_sudo(host, size):
    run(host, "sudo", "-K")
    token = issue(host, "bed", data=json.dumps({"x": "y" * size}))
    done = run(host, "sudo", "-A", "id", "-u")
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    host.journal.wait_for(AUTHTOKEN_EVENT="authenticate", AUTHTOKEN_REASON="ok", AUTHTOKEN_SERVICE="sudo",
                          AUTHTOKEN_SESSION=token.session)
    run(host, "sudo", "-K")


@pytest.mark.parametrize("method, prompt", [
    (KEYBOARD, "(alice@127.0.0.2) Password or access token: "), (PASSWORD, "alice@127.0.0.2's password: ")])
def test_another_host_gets_no_token(host, next_askpass, method, prompt):
    """The next one is asked, here for the password, and sees the prompt as ssh has made it."""
    issue(host, "127.0.0.1")
    assert ssh(host, "127.0.0.2", method).stdout == "alice\n"
    assert next_askpass() == prompt.strip()
    assert not host.journal.entries(AUTHTOKEN_EVENT="authenticate")


def test_sudo_gets_no_other_hosts_token(host, next_askpass):
    run(host, "sudo", "-K")
    issue(host, "127.0.0.1")
    assert run(host, "sudo", "-A", "id", "-u").stdout == "0\n"
    assert next_askpass() == "Password or access token:"
    run(host, "sudo", "-K")


def test_a_hosts_key_is_not_confirmed_by_a_token(host, next_askpass):
    issue(host, "127.0.0.1")
    words = [word.replace("StrictHostKeyChecking=no", "StrictHostKeyChecking=ask") for word in SSH]
    done = run(host, *words, "alice@127.0.0.1", "true")
    assert done.returncode != 0
    assert "(yes/no/[fingerprint])?" in next_askpass()


def test_sudos_own_prompt_is_understood(host):
    """Where pam_unix asks, sudo replaces its words by its own; the module then takes the answer."""
    host.bed.run("cp", "/etc/pam.d/sudo", "/root/sudo.pam")
    host.bed.write("/etc/pam.d/sudo", "auth required pam_authtoken.so use_first_pass\naccount required pam_permit.so\n"
                                      "session required pam_permit.so\n")
    host.bed.run("sed", "--in-place", "1i auth optional pam_unix.so", "/etc/pam.d/sudo")
    try:
        run(host, "sudo", "-K")
        issue(host, "bed")
        done = run(host, "sudo", "-A", "id", "-u")
        assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    finally:
        host.bed.run("cp", "/root/sudo.pam", "/etc/pam.d/sudo")
        run(host, "sudo", "-K")
