# SPDX-License-Identifier: MIT
"""An include may only point down."""

import pathlib

from source_tree import PRODUCT, c_files, includes, none, occurrences

# layer -> the layers that its files may include, besides itself. What is missing here is denied.
# `common` stands for common/ and include/authtoken/. daemon/config/config.h is a plain value that the
# verbs read their settings from; only the wiring may fill one.
VALUES = {"common", "token", "session", "policy"}
ADAPTERS = {"store", "logind", "login", "journal", "keys", "nss", "hook"}
EDGES = {
    "common": set(),
    "token": {"common"},
    "session": {"common", "token"},
    "policy": {"common", "token", "session"},
    "journal": {"common"},
    "worker": {"common"},
    "keys": {"common", "token", "worker"},
    "login": {"common", "token", "logind"},
    "logind": {"common"},
    "nss": {"common"},
    "hook": {"common"},
    "store": {"common", "token", "session", "worker"},
    "runner": {"common"},
    "config": VALUES | {"store", "journal"},
    "operation": VALUES | ADAPTERS | {"config"},
    "verb": VALUES | ADAPTERS | {"config", "operation"},
    "front": VALUES | ADAPTERS | {"config", "operation", "verb"},
    "wiring": VALUES | ADAPTERS | {"config", "operation", "front"},
    "pam": {"common"},
    "cli": {"common", "token"},
    "lib": {"common"},
    "fetch": {"common"},
}

# library header -> the layers that may know it
LIBRARIES = {
    "hiredis/": {"store"},
    "sqlite3.h": {"store"},
    "xxhash.h": {"store"},
    "jwt.h": {"token"},
    "openssl/": {"token", "cli"},
    "jansson.h": {"token", "session", "login", "hook", "operation", "front", "cli", "lib", "fetch"},
    "systemd/sd-bus.h": {"logind", "front", "cli"},
    "systemd/sd-login.h": {"logind"},
    "systemd/sd-daemon.h": {"wiring"},
    "systemd/sd-event.h": {"cli", "worker", "store", "logind", "journal", "keys", "nss", "hook", "operation", "verb", "front",
                           "wiring"},
    "libsmartcols/": {"cli"},
    "curl/": {"fetch"},
    "security/": {"pam"},
}


def layer(path):
    path = pathlib.PurePath(path)
    if path.parts[0] in ("common", "include", "authtoken"):
        return "common"
    if path.parts[0] in ("pam", "cli", "lib", "fetch"):
        return path.parts[0]
    if path.parts[0] == "hook":
        return "runner"
    if path.parts[0] == "daemon":
        return path.parts[1] if len(path.parts) > 2 else "wiring"
    return None


def test_every_folder_has_a_row_in_the_table_of_layers():
    layers = {layer(path): path for path in c_files(*PRODUCT)}
    none([f"{layers[name]}: layer {name} has no row" for name in layers.keys() - EDGES.keys()], "unknown layers")
    none(EDGES.keys() - layers.keys(), "layers without a file")


def test_the_table_of_layers_has_no_cycle():
    done = set()
    while len(done) < len(EDGES):
        free = {name for name, below in EDGES.items() if name not in done and below <= done}
        assert free, f"a cycle among {sorted(set(EDGES) - done)}"
        done |= free


def test_includes_point_down():
    findings = []
    for path in c_files(*PRODUCT):
        here = layer(path)
        for number, name, own in includes(path):
            if not own:
                continue
            there = layer(name)
            if there is None:
                findings.append(f'{path}:{number}: "{name}" is not named from the top of the tree')
            elif there != here and there not in EDGES.get(here, set()):
                findings.append(f'{path}:{number}: {here} must not include "{name}"')
    none(findings, "includes that point up or sideways")


def test_libraries_stay_in_their_layer():
    findings, unused = [], {(header, name) for header, allowed in LIBRARIES.items() for name in allowed}
    for path in c_files(*PRODUCT):
        for number, name, own in includes(path):
            for header, allowed in LIBRARIES.items():
                if not own and name.startswith(header):
                    unused.discard((header, layer(path)))
                    if layer(path) not in allowed:
                        findings.append(f"{path}:{number}: <{name}> belongs to {sorted(allowed)}")
    none(findings, "library headers outside of their layer")
    none([f"<{header}> in {name}" for header, name in unused], "permissions that no file of the layer uses")


def test_the_wall_clock_is_read_in_one_place():
    clocks = r"\b(CLOCK_REALTIME|CLOCK_TAI|gettimeofday|time|ftime)\b(?=\s*[,()])"
    readers = {place.split(":")[0] for place in occurrences(c_files("daemon", "common", "pam"), clocks)}
    assert readers == {"daemon/operation/operation.c"}


def test_pure_layers_do_no_io():
    calls = r"\b(open|openat|fopen|read|write|socket|connect|sendmsg|recvmsg|clock_gettime|getenv)\s*\("
    none(occurrences(c_files("daemon/policy", "daemon/session"), calls), "I/O in a pure layer")
