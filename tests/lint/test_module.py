# SPDX-License-Identifier: MIT
"""What the built files link, export, and are hardened with."""

import pathlib
import re
import subprocess

import pytest

from source_tree import need, none, text

ENTRIES = {f"pam_sm_{name}" for name in ("authenticate", "setcred", "acct_mgmt", "open_session",
                                         "close_session", "chauthtok")}
MODULE_NEEDS = {"libpam.so.0", "libc.so.6"}
DAEMON_NEEDS = {"libsystemd.so.0", "libhiredis.so.0.14", "libsqlite3.so.0", "libjwt.so.0",
                "libjansson.so.4", "libcrypto.so.3", "libxxhash.so.0", "libc.so.6"}
CLI_NEEDS = DAEMON_NEEDS - {"libhiredis.so.0.14", "libsqlite3.so.0", "libxxhash.so.0"} | {
    "libsmartcols.so.1"}


LIBRARY_HEADER = pathlib.Path("include/authtoken/authtoken.h")
LIBRARY_PAGE = pathlib.Path("man/authtoken_validate.3.scd")
LIBRARY_NEEDS = {"libjansson.so.4", "libc.so.6"}


def module(build):
    return build / "pam" / "pam_authtoken.so"


def library(build):
    return build / "lib" / "libauthtoken.so.0"


def programs(build):
    return [module(build), library(build), build / "daemon" / "authtokend",
            build / "cli" / "authtokenctl"]


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


def exported(path):
    table = readelf(path, "--dyn-syms")
    return {row.split()[7] for row in table.splitlines()
            if re.search(r"\b(GLOBAL|WEAK)\b", row) and " UND " not in row}


def test_the_module_exports_its_six_entries_only(build):
    assert exported(module(build)) == ENTRIES


def test_the_library_links_jansson_and_libc_only(build):
    assert needed(library(build)) == LIBRARY_NEEDS


def test_the_library_exports_what_its_header_declares(build):
    declared = set(re.findall(r"^\w[^/*#\n]*?\*?(authtoken_\w+)\(", text(LIBRARY_HEADER), re.MULTILINE))
    assert exported(library(build)) == {f"{name}@@AUTHTOKEN_0" for name in declared} | {"AUTHTOKEN_0"}


def test_the_librarys_manual_has_each_function(build):
    del build
    declared = set(re.findall(r"(authtoken_\w+)\(\) - ", text(LIBRARY_HEADER)))
    assert declared and declared == set(re.findall(r"(authtoken_\w+)\(", text(LIBRARY_PAGE).split("# DESCRIPTION")[0]))


def test_the_daemon_links_what_the_design_names(build):
    assert {"libc.so.6"} < needed(build / "daemon" / "authtokend") <= DAEMON_NEEDS


def test_the_command_links_no_store(build):
    assert {"libc.so.6"} < needed(build / "cli" / "authtokenctl") <= CLI_NEEDS


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
