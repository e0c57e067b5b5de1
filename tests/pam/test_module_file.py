# SPDX-License-Identifier: MIT
"""What the module's file says of itself to whoever loads it into sshd or sudo."""

import ctypes
import os
import re
import shutil
import subprocess

import pytest

MODULE = os.environ.get("PAM_AUTHTOKEN", "")
ENTRIES = {f"pam_sm_{name}" for name in ("authenticate", "setcred", "acct_mgmt", "open_session",
                                         "close_session", "chauthtok")}
# Its host has threads, signal handlers, children, descriptors and an environment of its own.
NEVER = re.compile(
    r"fork|vfork|exec\w*|posix_spawn\w*|system|popen|pthread_\w+|signal|sigaction|sigprocmask|alarm|"
    r"(secure_)?getenv|setenv|putenv|environ|exit|_exit|abort|printf|puts|putchar|perror|stdout|stderr|"
    r"select|__fdelt_chk|getaddrinfo|gethostbyname\w*|setuid|seteuid|setresuid|setlocale|openlog|"
    r"closelog|dlopen|atexit|__cxa_atexit|umask|chdir|rand|srand|getpw\w+|mlockall|prctl")

pytestmark = [
    pytest.mark.skipif(not MODULE, reason="PAM_AUTHTOKEN does not name what meson built"),
    pytest.mark.skipif(not shutil.which("readelf"), reason="readelf is missing: install binutils"),
]


def readelf(*options):
    return subprocess.run(["readelf", "--wide", *options, MODULE], stdout=subprocess.PIPE, text=True,
                          check=True).stdout


def symbols():
    """(name, is it defined here) of each dynamic symbol."""
    for row in readelf("--dyn-syms").splitlines():
        fields = row.split()
        if len(fields) >= 8 and re.fullmatch(r"\d+:", fields[0]):
            yield fields[7].split("@")[0], fields[6] != "UND"


def test_it_exports_its_six_entries_only():
    assert {name for name, defined in symbols() if defined} == ENTRIES


def test_each_entry_is_found_as_libpam_looks_for_it():
    module = ctypes.CDLL(MODULE, mode=os.RTLD_NOW)
    for name in ENTRIES:
        assert getattr(module, name)


def test_it_needs_libpam_and_libc_only():
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", readelf("--dynamic"))
    assert set(needed) == {"libpam.so.0", "libc.so.6"}


def test_it_leaves_the_process_alone():
    assert not {name for name, defined in symbols() if not defined and NEVER.fullmatch(name)}


def test_it_has_no_variables():
    """What the C runtime's own start-up files bring along is all there is."""
    sizes = {row[1]: int(row[5], 16) for row in
             (line.replace("[ ", "[").split() for line in readelf("--sections").splitlines())
             if len(row) > 6 and re.fullmatch(r"\[\d+\]", row[0])}
    assert sizes.get(".data", 0) <= 8 and sizes.get(".bss", 0) <= 8 and ".tbss" not in sizes
