# SPDX-License-Identifier: MIT
"""Form: format, licence lines, contracts, and calls that are not made here."""

import re
import shutil
import subprocess

import pytest

from source_tree import PRODUCT, ROOT, c_files, files, functions, lines, none, occurrences, text

SPDX = "SPDX-License-Identifier: MIT"
# Files whose format has no comments, or which another program writes.
NO_LICENCE_LINE = {".acl", ".json", ".md", ".jwk", ".pem", ".bin", ".svg"}
NO_LICENCE_FOLDERS = {"debian"}
# Nothing else in the tree says less than its name.
DUMPING_GROUNDS = {"util", "utils", "misc", "helper", "helpers", "common", "stuff"}

BANNED_EVERYWHERE = (
    r"\b(sscanf|fscanf|scanf|vsscanf|atoi|atol|atoll|atof|strtok|strtok_r|gets|sprintf|vsprintf|"
    r"strcpy|stpcpy|strcat|strncpy|strncat|system|popen|tmpnam|tempnam|mktemp|alloca|rand|random|"
    r"usleep|sleep|nanosleep|getwd|asctime|ctime|setjmp|longjmp|bcopy|bzero)\s*\(")
# libpam's callers have threads, signal handlers and file descriptors of their own.
BANNED_IN_MODULE = (
    r"\b(signal|sigaction|sigprocmask|fork|vfork|execve?|execvp|posix_spawn\w*|pthread_\w+|exit|"
    r"_exit|abort|printf|puts|putchar|perror|getenv|secure_getenv|setenv|putenv|select|FD_SET|"
    r"getaddrinfo|gethostbyname|setuid|seteuid|setlocale|openlog|closelog)\s*\(|\bstdout\b|\benviron\b")
# They block, and the daemon has one loop.
BANNED_IN_DAEMON = r"\b(getaddrinfo|gethostbyname|sd_journal_send|sd_journal_print|syslog|sd_bus_call|redisCommand)\s*\("


def test_clang_format_agrees():
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool:
        pytest.skip("clang-format is missing: install clang-format-14")
    done = subprocess.run([tool, "--dry-run", "-Werror", *map(str, c_files())], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    none(re.findall(r"^(\S+?):\d+:\d+: error", done.stdout, re.MULTILINE),
         "clang-format would change")
    assert done.returncode == 0, done.stdout


def has_licence_line(path):
    if path.suffix in NO_LICENCE_LINE or path.parts[0] in NO_LICENCE_FOLDERS or path.name in (".gitignore", "LICENSE", "NEWS"):
        return True
    head = (ROOT / path).read_bytes()[:600]
    return SPDX.encode() in head or "corpus" in path.parts


def test_files_name_their_licence():
    none([str(path) for path in files() if not has_licence_line(path)], f"files without {SPDX}")


def test_headers_begin_with_pragma_once():
    none([str(path) for path in c_files(suffixes=(".h",))
          if not text(path).startswith("#pragma once\n")], "headers without #pragma once first")


def test_no_dumping_grounds():
    none([str(path) for path in c_files() if path.stem in DUMPING_GROUNDS], "files named after nothing")


def test_no_white_space_at_line_ends():
    none([f"{path}:{number}" for path in files() if path.suffix in (".c", ".h", ".py", ".scd", ".build", "")
          and "corpus" not in path.parts and path.parts[0] != "debian"
          for number, line in enumerate((ROOT / path).read_bytes().splitlines(), 1)
          if line != line.rstrip()], "white space at line ends")


def test_nothing_is_promised_for_later():
    words = r"\b(TODO|FIXME|XXX|HACK|not implemented|for now)\b|^\s*#\s*if 0\b"
    own = "tests/lint/test_style.py"
    none([f"{path}:{number}: {line.strip()}" for path in files()
          if path.suffix in (".c", ".h", ".py", ".sh", ".scd", ".build") and str(path) != own
          for number, line in enumerate(lines(path), 1) if re.search(words, line)], "unfinished work")


def test_banned_functions_are_not_called():
    none(occurrences(c_files(), BANNED_EVERYWHERE), "banned calls")


def test_the_module_leaves_its_host_process_alone():
    none(occurrences(c_files("pam", "common", "include"), BANNED_IN_MODULE), "banned in pam/ and common/")


def test_the_module_has_no_variables_of_its_own():
    variable = r"^(?:static\s+)?(?!typedef|return|struct \w+ \{|enum|extern)(?:\w+[\s*]+)+\w+(?:\[[^\]]*\])*\s*(?:=|;)"
    found = [place for place in occurrences(c_files("pam", "common", suffixes=(".c",)), variable)
             if " const " not in f" {place.split(': ', 1)[1]}"]
    none(found, "mutable variables with static storage")


def test_nothing_blocks_the_loop():
    none(occurrences(c_files("daemon"), BANNED_IN_DAEMON), "calls that block")


def contract_of(prototype):
    """The comment block that ends right above a prototype, or ''."""
    number = prototype.first - 1
    above = lines(prototype.path)[:number]
    # A return type or an attribute may stand on lines of its own.
    while above and above[-1].strip() and not above[-1].rstrip().endswith(("*/", ";", "}")):
        above.pop()
    if not above or not above[-1].rstrip().endswith("*/"):
        return ""
    start = max((i for i, line in enumerate(above) if line.lstrip().startswith("/*")), default=0)
    return "\n".join(above[start:])


def test_prototypes_in_headers_have_a_contract():
    findings = []
    for function in functions():
        if not function.is_prototype or function.path.suffix != ".h":
            continue
        if not re.match(rf"\s*/\*\*\n\s*\* {function.name}\(\) - \S", contract_of(function)):
            findings.append(str(function))
    none(findings, "prototypes without `/** name() - what it does`")


def test_contracts_name_real_parameters():
    findings = []
    for function in functions():
        if not function.is_prototype or function.path.suffix != ".h":
            continue
        declared = " ".join(lines(function.path)[function.first - 1:function.first + 6]).split(";")[0]
        for name in re.findall(r"^\s*\* @(\w+):", contract_of(function), re.MULTILINE):
            if not re.search(rf"\b{name}\b", declared):
                findings.append(f"{function} has no parameter {name}")
    none(findings, "contracts of parameters that are not there")


def test_product_folders_hold_product_only():
    none([str(path) for path in c_files(*PRODUCT) if path.name.startswith("test")], "tests beside the code")
