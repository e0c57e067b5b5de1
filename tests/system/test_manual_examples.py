# SPDX-License-Identifier: MIT
"""What the manuals show as an example does what they say, typed as it stands there."""

import pathlib
import re
import time

import pytest

from deadline import wait_until
from host import DROP_INS, SERVICE

MANUALS = pathlib.Path(__file__).resolve().parents[2] / "man"
RULES = "/etc/polkit-1/rules.d/40-authtoken-kick.rules"
HOOK = "/etc/authtoken/hooks.d/10-office-hours"
NODE_EXPORTER = "/var/lib/prometheus/node-exporter"


def example(page, words):
    """The example of a manual with these words in it, as people see it."""
    blocks = re.findall(r"^```\n(.*?)^```$", (MANUALS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if words in block]
    return re.sub(r"\\(.)", r"\1", found, flags=re.DOTALL).strip() + "\n"


def type_in(host, text, user=None):
    """As a person would at a shell; returns what was printed."""
    return host.bed.output("bash", "-e", "-o", "pipefail", "-c", f"cd; {text}", user=user)


@pytest.fixture
def reload(host):
    yield
    host.bed.run("rm", "-f", HOOK, f"{DROP_INS}/hooks.conf")
    host.bed.systemctl("reload", SERVICE)


def test_the_first_hook(host, reload):
    today = time.strftime("%u", time.gmtime())
    type_in(host, example("authtoken-hooks.7.scd", "10-office-hours").replace("!= 7", f"!= {today}"))
    host.ssh.refusal("alice", host.authtoken.issue("alice").text)
    host.journal.wait_for(AUTHTOKEN_REASON="hook-vetoed")
    shown = [line for line in example("authtoken-hooks.7.scd", "journalctl -t").splitlines() if "-t" in line]
    wait_until(lambda: "no logins on a Sunday" in type_in(host, shown[0]), "the hook's words")


def test_a_token_for_a_deployment_and_the_end_of_a_phone(host):
    type_in(host, "rm -f deploy.token; " + example("authtokenctl.1.scd", "deploy.token"))
    assert type_in(host, "stat -c %a deploy.token; rm deploy.token") == "600"
    token = host.authtoken.issue("alice", platform="phone")
    shell = host.login("alice", token.text)
    other = host.login("alice", host.authtoken.issue("alice").text)
    assert type_in(host, example("authtokenctl.1.scd", "--platform phone")) == "1 login ended"
    shell.wait_closed()
    assert other.is_open()


def test_a_call_with_busctl(host):
    shell = host.login("alice", host.authtoken.issue("alice").text)
    assert type_in(host, example("org.authtoken1.5.scd", "left the company")) == "uu 1 0"
    shell.wait_closed()


def test_a_token_is_checked_with_the_keys_of_another_host(host):
    host.bed.write("/root/alice.token", host.authtoken.issue("alice").text + "\n", 0o600)
    assert type_in(host, example("authtokenctl.1.scd", "verify --jwks").replace("ssh host ", "")) == "ok"
    type_in(host, "rm alice.token host.jwks")


def test_a_pair_for_scripts(host):
    shown = example("authtokenctl.1.scd", "ensure-fresh --file ~")
    assert host.authtoken.verdict(type_in(host, f'{shown}\necho "$token"')) == "ok"
    type_in(host, "rm ~/.authtoken-pair")


@pytest.mark.store("sqlite")
def test_the_signing_key_is_changed(host):
    before = host.authtoken.issue("alice")
    kid = type_in(host, example("authtokenctl.1.scd", "keys rotate\n").splitlines()[0])
    assert host.authtoken.issue("alice").header()["kid"] == kid
    assert host.login("alice", before.text).is_open()


def test_a_secret_for_refresh_tokens(host):
    assert type_in(host, example("authtokend.8.scd", "--refresh --kid fleet-1")) == "fleet-1"
    assert type_in(host, "authtokenctl keys import --directory /root/keys refresh.jwk") == "fleet-1"
    type_in(host, "rm -r refresh.jwk keys")


def test_a_group_that_kicks_without_a_password(host):
    host.bed.write(RULES, example("org.authtoken1.5.scd", "helpdesk").split("\n", 1)[1])
    type_in(host, "groupadd helpdesk; usermod -aG helpdesk bob; systemctl restart polkit")
    shell = host.login("alice", host.authtoken.issue("alice").text)
    assert type_in(host, "authtokenctl kick alice", user="bob") == "1 login ended"
    shell.wait_closed()
    type_in(host, f"rm {RULES}; groupdel helpdesk; systemctl restart polkit")


def test_a_timer_for_the_metrics(host):
    parts = re.split(r"^# (/etc/systemd/\S+)\n", example("authtokenctl.1.scd", "authtoken-metrics.timer"),
                     flags=re.MULTILINE)
    for path, text in zip(parts[1::2], parts[2::2]):
        host.bed.write(path, text)
    type_in(host, f"mkdir -p {NODE_EXPORTER}; systemctl daemon-reload; systemctl start authtoken-metrics.timer")
    wait_until(lambda: host.bed.path(f"{NODE_EXPORTER}/authtoken.prom").exists(), "the timer", 60)
    assert host.bed.path(f"{NODE_EXPORTER}/authtoken.prom").read_text(encoding="utf-8").endswith("# EOF\n")
    type_in(host, "systemctl stop authtoken-metrics.timer; rm /etc/systemd/system/authtoken-metrics.*; "
                  "systemctl daemon-reload")


def test_events_are_filtered_by_a_program(host):
    shown = example("authtokenctl.1.scd", "monitor --json").split("|", maxsplit=1)[0]
    host.bed.run("systemd-run", "--unit=watch", "--property=StandardOutput=file:/root/events", "sh", "-c", shown)
    wait_until(lambda: "Daemon" in type_in(host, "cat events"), "the monitor")
    shell = host.login("alice", host.authtoken.issue("alice").text)
    type_in(host, "authtokenctl kick alice")
    shell.wait_closed()
    wait_until(lambda: "SessionEnded" in type_in(host, "cat events"), "the event")
    type_in(host, "systemctl stop watch; rm events")
