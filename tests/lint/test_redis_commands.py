# SPDX-License-Identifier: MIT
"""The daemon's commands to Redis: the shipped list of users and the sources agree, and nothing walks over all keys."""

import re

from source_tree import ROOT, c_files, lines, none, text

USERS = "docs/examples/redis-users.acl"
# Every one of them reads all there is, of the database or of a key that grows without end.
WALKS = {"KEYS", "SCAN", "HSCAN", "SSCAN", "ZSCAN", "SMEMBERS", "SORT", "RANDOMKEY", "HKEYS", "HVALS", "FLUSHALL", "FLUSHDB"}
# Of a user's hash, which has an end.
WHOLE = {"HGETALL": r"\{ \"HGETALL\", key \}|redis\.call\('HGETALL', key\)"}
# Not to be allowed: a login may always say AUTH, the daemon goes on without the next two, the last is said to sentinels.
BEYOND = {"AUTH", "SELECT", "CONFIG", "SENTINEL"}


def sources():
    return [path for path in c_files("daemon/store") if path.name.startswith("redis-") and path.name != "redis-error.c"]


def commands_of(line):
    """A command stands first in an argument vector, or is called by Lua."""
    return re.findall(r"redis\.p?call\('(\w+)'", line) + re.findall(r"\{ \"([A-Z]+)\"[,} ]", line) + re.findall(
        r"\"(EVAL|EVALSHA)\"", line)


def said():
    return {command for path in sources() for line in lines(path) for command in commands_of(line)}


def allowed():
    (words,) = (line.split() for line in text(ROOT / USERS).splitlines() if line.startswith("user authtoken "))
    return {word[1:].split("|")[0].upper() for word in words if word.startswith("+")}


def test_no_source_walks_over_all_keys():
    words = re.compile(rf"""["'\s(]({'|'.join(WALKS)})["'\s]""")
    quoted = re.compile(r"\"(?:[^\"\\]|\\.)*\"")
    none([f"{path}:{number}" for path in c_files("daemon", "cli", "lib", "hook", "fetch", "pam", "common")
          for number, line in enumerate(lines(path), 1)
          if any(words.search(f" {literal} ") for literal in quoted.findall(line))], "commands that walk")


def test_only_a_users_hash_is_read_whole():
    assert WHOLE.keys() <= said()
    for command, where in WHOLE.items():
        none([f"{path}:{number}" for path in sources() for number, line in enumerate(lines(path), 1)
              if command in commands_of(line) and not re.search(where, line)], f"{command} of another key")


def test_a_login_may_say_what_the_sources_say():
    assert said() - allowed() <= BEYOND


def test_a_login_may_say_nothing_else():
    assert allowed() - said() == set()
