# SPDX-License-Identifier: MIT
"""The .deb files: built from this tree, and looked at without installing them."""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXIT_SKIP = 77
EXPOSURE_MAX = 0.6
TRIPLET = "x86_64-linux-gnu"

DAEMON_FILES = {
    "/usr/sbin/authtokend", "/usr/bin/authtokenctl", "/usr/bin/authtoken-askpass",
    "/usr/share/man/man1/authtoken-askpass.1.gz",
    "/usr/share/bash-completion/completions/authtokenctl",
    "/usr/lib/authtoken/authtokend.conf",
    "/lib/systemd/system/authtokend.service", "/lib/systemd/system/authtokend.socket",
    "/usr/lib/sysusers.d/authtoken.conf", "/usr/lib/tmpfiles.d/authtoken.conf",
    "/usr/lib/authtoken/authtoken-jwks-fetch", "/lib/systemd/system/authtoken-jwks-fetch@.service",
    "/lib/systemd/system/authtoken-jwks-fetch@.timer", "/usr/share/man/man8/authtoken-jwks-fetch.8.gz",
    "/usr/lib/authtoken/authtoken-hook", "/lib/systemd/system/authtoken-hook.socket",
    "/lib/systemd/system/authtoken-hook@.service", "/usr/share/man/man7/authtoken-hooks.7.gz",
    "/usr/lib/systemd/catalog/authtoken.catalog", "/usr/lib/systemd/catalog/authtoken.ko.catalog",
    "/usr/lib/systemd/catalog/authtoken.zh_CN.catalog",
    "/usr/share/locale/ko/LC_MESSAGES/authtoken.mo", "/usr/share/locale/zh_CN/LC_MESSAGES/authtoken.mo",
    "/usr/share/dbus-1/system.d/org.authtoken1.conf",
    "/usr/share/dbus-1/system-services/org.authtoken1.service",
    "/usr/share/dbus-1/interfaces/org.authtoken1.Manager.xml",
    "/usr/share/polkit-1/actions/org.authtoken1.policy",
    "/usr/share/polkit-1/rules.d/org.authtoken1.rules",
    "/usr/share/man/man1/authtokenctl.1.gz", "/usr/share/man/man5/authtokend.conf.5.gz",
    "/usr/share/man/man5/org.authtoken1.5.gz", "/usr/share/man/man7/authtoken.7.gz",
    "/usr/share/man/man7/authtoken-reasons.7.gz", "/usr/share/man/man8/authtokend.8.gz",
    "/usr/share/doc/authtoken/examples/redis-sentinel-users.acl",
    "/usr/share/doc/authtoken/examples/redis-users.acl",
    "/usr/share/doc/authtoken/examples/stunnel-redis-client.conf",
    "/usr/share/doc/authtoken/examples/stunnel-redis-server.conf",
    "/usr/share/doc/authtoken/examples/stunnel-redis.service.conf",
}
MODULE_FILES = {
    f"/lib/{TRIPLET}/security/pam_authtoken.so",
    "/usr/share/pam-configs/authtoken", "/usr/share/pam-configs/authtoken-session",
    "/usr/share/man/man8/pam_authtoken.8.gz",
    "/usr/share/doc/libpam-authtoken/examples/sshd_config.d-authtoken.conf",
}
LIBRARY_FILES = {f"/usr/lib/{TRIPLET}/libauthtoken.so.0"}
DEVELOPMENT_FILES = {
    "/usr/include/authtoken/authtoken.h", f"/usr/lib/{TRIPLET}/libauthtoken.so",
    f"/usr/lib/{TRIPLET}/pkgconfig/libauthtoken.pc", "/usr/share/man/man3/authtoken_validate.3.gz",
    "/usr/share/doc/libauthtoken-dev/examples/whoami.c",
}


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)


@pytest.fixture(scope="session")
def packages():
    """{package name: path of its .deb}"""
    done = subprocess.run([ROOT / "scripts" / "bed", "packages"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == EXIT_SKIP:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    found = {path.name.split("_")[0]: path
             for path in pathlib.Path(done.stdout.strip()).glob("*.deb")}
    assert set(found) == {"authtoken", "libpam-authtoken", "libauthtoken0", "libauthtoken-dev"}
    return found


@pytest.fixture(scope="session")
def unpacked(packages, tmp_path_factory):
    """{package name: directory with its files}"""
    found = {}
    for name, path in packages.items():
        found[name] = tmp_path_factory.mktemp(name)
        subprocess.run(["dpkg-deb", "--extract", path, found[name]], check=True)
    return found


def content(directory):
    return {f"/{path.relative_to(directory)}" for path in directory.rglob("*")
            if not path.is_dir() or path.is_symlink()}


def architecture_matches():
    return run("dpkg-architecture", "-qDEB_HOST_MULTIARCH").stdout.strip() == TRIPLET


def test_the_daemons_package_has_its_files(unpacked):
    assert DAEMON_FILES - content(unpacked["authtoken"]) == set()


def test_the_modules_package_has_its_files(unpacked):
    if not architecture_matches():
        pytest.skip(f"paths are those of {TRIPLET}")
    assert MODULE_FILES - content(unpacked["libpam-authtoken"]) == set()


def test_the_librarys_packages_have_their_files(unpacked):
    if not architecture_matches():
        pytest.skip(f"paths are those of {TRIPLET}")
    assert LIBRARY_FILES - content(unpacked["libauthtoken0"]) == set()
    assert DEVELOPMENT_FILES - content(unpacked["libauthtoken-dev"]) == set()


def test_documents_are_where_the_manuals_say(unpacked):
    pages = [*(ROOT / "man").glob("*.scd"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    named = {word.replace("\\", "") for page in pages
             for word in re.findall(r"/usr/share/doc/[\w./\\-]*[\w]", page.read_text(encoding="utf-8"))}
    assert "/usr/share/doc/authtoken/fleet.md" in named
    missing = [name for name in named if not any((directory / name[1:]).exists() for directory in unpacked.values())]
    assert missing == []


def test_nothing_is_installed_into_etc(unpacked):
    etc = {path for directory in unpacked.values() for path in content(directory)
           if path.startswith("/etc/")}
    assert etc == set()


def test_no_file_is_privileged(unpacked):
    # setuid, setgid, sticky, or writable by more than its owner
    special = [str(path) for directory in unpacked.values() for path in directory.rglob("*")
               if not path.is_symlink() and path.stat().st_mode & 0o7022]
    assert special == []


def test_the_profiles_are_off_by_default(unpacked):
    for name in ("authtoken", "authtoken-session"):
        profile = unpacked["libpam-authtoken"] / "usr/share/pam-configs" / name
        assert re.search(r"^Default: no$", profile.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", ["authtokend.service", "authtoken-hook@.service"])
def test_the_services_are_confined(unpacked, tmp_path, name):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is missing: install systemd")
    # Only an instance of a template can be looked at.
    unit = tmp_path / name.replace("@.", "@x.")
    shutil.copy(unpacked["authtoken"] / "lib/systemd/system" / name, unit)
    done = run("systemd-analyze", "security", "--offline=true", str(unit))
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert level, done.stdout
    assert float(level.group(1)) <= EXPOSURE_MAX, done.stdout
    if name == "authtokend.service":
        manual = (ROOT / "man/authtokend.8.scd").read_text(encoding="utf-8")
        assert f"rates the unit at {level.group(1)}. " in manual, level.group(0)


@pytest.mark.parametrize("setting", ["PrivateUsers", "ProtectProc"])
def test_settings_that_blind_the_daemon_are_not_made(unpacked, setting):
    unit = unpacked["authtoken"] / "lib/systemd/system/authtokend.service"
    assert not re.search(rf"^{setting}=(yes|true|invisible)", unit.read_text(encoding="utf-8"), re.MULTILINE)


def test_systemd_accepts_the_units(unpacked):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is missing: install systemd")
    units = unpacked["authtoken"] / "lib/systemd/system"
    done = run("systemd-analyze", "verify", "--man=no", str(units / "authtokend.service"),
               str(units / "authtokend.socket"), str(units / "authtoken-hook.socket"))
    # The program is not installed on this host.
    complaints = [line for line in done.stdout.splitlines()
                  if "authtoken" in line and "is not executable" not in line]
    assert complaints == []


def test_lintian_has_no_error(packages):
    if not shutil.which("lintian"):
        pytest.skip("lintian is missing: install lintian")
    done = run("lintian", "--allow-root", "--fail-on=error,warning", "--no-tag-display-limit",
               "--suppress-tags=initial-upload-closes-no-bugs", *map(str, packages.values()))
    assert done.returncode == 0, done.stdout
