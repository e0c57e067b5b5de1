# SPDX-License-Identifier: MIT
"""From a fresh Debian through the packages' whole life and back to a fresh Debian."""

import re

import pytest

from authtoken import Authtoken
from host import SERVICE, SOCKET

NONINTERACTIVE = ("env", "DEBIAN_FRONTEND=noninteractive")
PACKAGES = ("libpam-authtoken", "authtoken", "libauthtoken-dev", "libauthtoken0")
PROFILES = ("authtoken", "authtoken-session")
TIMER = "authtoken-jwks-fetch@test.timer"
EXPOSURE_MAX = 0.6
FORBIDDEN_SETTINGS = ("PrivateUsers=yes", "ProtectProc=invisible")
MANUALS = """
    man1/authtokenctl.1 man5/authtokend.conf.5 man5/org.authtoken1.5 man7/authtoken.7
    man7/authtoken-hooks.7 man7/authtoken-reasons.7 man8/authtoken-jwks-fetch.8 man8/authtokend.8 man8/pam_authtoken.8
""".split()
# Directories in which a running system, apt and dpkg keep books of their own.
BOOKS = re.compile(r"/(var/(cache|log|lib/(apt|dpkg|systemd|pam|ucf))|tmp|var/tmp|run|proc|sys|dev|"
                   r"root|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|etc/\.pwd\.lock)")


def pam_stacks(bed):
    return {path.name: path.read_bytes() for path in bed.path("/etc/pam.d").iterdir()}


def all_files(bed):
    names = bed.output("find", "/", "-xdev", "-not", "-type", "s", "-printf", "%p\\n").splitlines()
    return {name for name in names if not BOOKS.match(name)}


def accounts(bed):
    return {name: bed.path(name).read_text(encoding="utf-8")
            for name in ("/etc/passwd", "/etc/group")}


def apt_get(bed, *arguments):
    return bed.run(*NONINTERACTIVE, "apt-get", "--yes", "--quiet", *arguments)


def is_installed(bed):
    states = bed.run("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}\n", *PACKAGES,
                     check=False).stdout.split()
    return states == ["ii"] * len(PACKAGES)


class Fresh:
    """What the bed was like before the packages came."""

    def __init__(self, bed):
        self.pam_stacks = pam_stacks(bed)
        self.all_files = all_files(bed)
        self.accounts = accounts(bed)


@pytest.fixture(scope="module")
def fresh(bare_bed):
    assert not is_installed(bare_bed)
    return Fresh(bare_bed)


@pytest.fixture
def installed(bare_bed, fresh):
    if not is_installed(bare_bed):
        apt_get(bare_bed, "install", *bare_bed.packages)
    assert is_installed(bare_bed)
    return bare_bed


def test_installing_changes_no_login(installed, fresh):
    assert pam_stacks(installed) == fresh.pam_stacks


def test_installing_starts_the_daemon(installed):
    for unit in (SOCKET, SERVICE):
        assert installed.output("systemctl", "is-active", unit) == "active"
        assert installed.output("systemctl", "is-enabled", unit) == "enabled"
    Authtoken(installed).wait_ready()
    failed = installed.output("systemctl", "list-units", "--failed", "--plain", "--no-legend")
    assert failed == ""


def test_the_socket_is_roots_and_open_to_all(installed):
    described = installed.output("stat", "--format=%F %a %U", "/run/authtoken",
                                 "/run/authtoken/pam.sock")
    assert described.splitlines() == ["directory 755 root", "socket 666 root"]


def test_the_manuals_are_there(installed):
    for name in MANUALS:
        assert installed.path(f"/usr/share/man/{name}.gz").is_file(), name


def test_the_unit_is_locked_down(installed):
    rated = installed.run("systemd-analyze", "security", "--offline=true", "--no-pager",
                          f"/lib/systemd/system/{SERVICE}").stdout
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", rated)
    assert float(exposure.group(1)) <= EXPOSURE_MAX
    unit = installed.output("systemctl", "cat", SERVICE)
    for setting in FORBIDDEN_SETTINGS:
        assert setting not in unit.splitlines()


def test_the_units_are_in_order(installed):
    done = installed.run("systemd-analyze", "verify", "--man=no", f"/lib/systemd/system/{SERVICE}",
                         f"/lib/systemd/system/{SOCKET}", check=False)
    assert "authtoken" not in done.stderr
    assert done.returncode == 0


def test_disabling_the_profiles_undoes_enabling_them(installed, fresh):
    installed.run(*NONINTERACTIVE, "pam-auth-update", "--enable", *PROFILES)
    changed = pam_stacks(installed)
    for name in ("common-auth", "common-account", "common-session",
                 "common-session-noninteractive"):
        assert b"pam_authtoken.so" in changed[name], name
    auth = changed["common-auth"]
    assert auth.index(b"pam_authtoken.so") < auth.index(b"pam_unix.so")
    session = changed["common-session"]
    assert session.index(b"pam_systemd.so") < session.index(b"pam_authtoken.so")
    installed.run(*NONINTERACTIVE, "pam-auth-update", "--disable", *PROFILES)
    assert pam_stacks(installed) == fresh.pam_stacks


def test_reinstalling_keeps_sessions_and_the_socket(installed):
    authtoken = Authtoken(installed)
    authtoken.wait_ready()
    installed.add_user("dave", "ivy-Passw0rd-dave")
    try:
        token = authtoken.issue("dave")
        socket = installed.output("stat", "--format=%i", "/run/authtoken/pam.sock")
        apt_get(installed, "install", "--reinstall", *installed.packages)
        authtoken.wait_ready()
        assert authtoken.verdict(token.text) == "ok"
        assert installed.output("stat", "--format=%i", "/run/authtoken/pam.sock") == socket
        authtoken.revoke_user("dave")
    finally:
        installed.run("userdel", "--remove", "dave")


def enable_fetching(bed):
    bed.write("/etc/authtoken/jwks-fetch/test.conf", "OPTIONS=--jwks=https://127.0.0.1:1/keys\n")
    bed.systemctl("enable", "--now", TIMER)


def test_removing_takes_the_module_out_of_the_stacks(installed, fresh):
    installed.run(*NONINTERACTIVE, "pam-auth-update", "--enable", *PROFILES)
    enable_fetching(installed)
    apt_get(installed, "remove", *PACKAGES)
    # That a fetch has failed is remembered until somebody resets it.
    assert installed.output("systemctl", "list-units", "--all", "--plain", "--no-legend",
                            "--state=active,activating,reloading", "authtoken*") == ""
    assert pam_stacks(installed) == fresh.pam_stacks
    assert not installed.path("/run/authtoken/pam.sock").exists()
    assert installed.run("pgrep", "authtokend", check=False).returncode == 1


def test_purging_leaves_nothing(installed, fresh):
    installed.run(*NONINTERACTIVE, "pam-auth-update", "--enable", *PROFILES)
    Authtoken(installed).wait_ready()
    enable_fetching(installed)
    apt_get(installed, "purge", *PACKAGES)
    assert pam_stacks(installed) == fresh.pam_stacks
    assert sorted(all_files(installed) - fresh.all_files) == []
    assert sorted(fresh.all_files - all_files(installed)) == []
    assert accounts(installed) == fresh.accounts
    assert list(installed.path("/run").glob("authtoken*")) == []
    assert installed.run("pgrep", "authtokend", check=False).returncode == 1
