# SPDX-License-Identifier: MIT
"""What the built files link, export, and are hardened with."""

import re
import subprocess

import pytest

from source_tree import need, none

ENTRIES = {f"pam_sm_{name}" for name in ("authenticate", "setcred", "acct_mgmt", "open_session",
                                         "close_session", "chauthtok")}
MODULE_NEEDS = {"libpam.so.0", "libc.so.6"}
DAEMON_NEEDS = {"libsystemd.so.0", "libhiredis.so.0.14", "libsqlite3.so.0", "libjwt.so.0",
                "libjansson.so.4", "libcrypto.so.3", "libinih.so.1", "libc.so.6"}
CLI_NEEDS = DAEMON_NEEDS - {"libhiredis.so.0.14", "libsqlite3.so.0", "libinih.so.1"} | {
    "libsmartcols.so.1"}


def module(build):
    return build / "pam" / "pam_authtoken.so"


def programs(build):
    return [module(build), build / "daemon" / "authtokend", build / "cli" / "authtokenctl"]


def readelf(path, *options):
    need("readelf", "binutils")
    return subprocess.run(["readelf", "--wide", *options, str(path)], stdout=subprocess.PIPE,
                          text=True, check=True).stdout


def needed(path):
    found = set(re.findall(r"\(NEEDED\).*\[(.+)\]", readelf(path, "--dynamic")))
    if any("asan" in name for name in found):
        pytest.skip("a build with sanitizers links other libraries")
    return found


def test_the_module_links_libpam_and_libc_only(build):
    assert needed(module(build)) == MODULE_NEEDS


def test_the_module_exports_its_six_entries_only(build):
    table = readelf(module(build), "--dyn-syms")
    exported = {row.split()[7].split("@")[0] for row in table.splitlines()
                if re.search(r"\b(GLOBAL|WEAK)\b", row) and " UND " not in row}
    assert exported == ENTRIES


def test_the_daemon_links_what_the_design_names(build):
    assert needed(build / "daemon" / "authtokend") <= DAEMON_NEEDS


def test_the_command_links_no_store(build):
    assert needed(build / "cli" / "authtokenctl") <= CLI_NEEDS


def hardening_faults(path):
    segments, dynamic = readelf(path, "--program-headers"), readelf(path, "--dynamic")
    symbols = readelf(path, "--syms")
    checks = {
        "no RELRO": "GNU_RELRO" in segments,
        "lazy binding": re.search(r"\b(BIND_NOW|NOW)\b", dynamic),
        "executable stack": re.search(r"GNU_STACK.* RW +0x", segments),
        "text relocations": "TEXTREL" not in dynamic,
        "not position independent": re.search(r"Type:\s+DYN", readelf(path, "--file-header")),
        "no stack protector": "__stack_chk_fail" in symbols,
        "a library search path": not re.search(r"\((RPATH|RUNPATH)\)", dynamic),
    }
    return [f"{path.name}: {fault}" for fault, holds in checks.items() if not holds]


def test_programs_are_hardened(build):
    none([fault for path in programs(build) for fault in hardening_faults(path)], "hardening")
