# SPDX-License-Identifier: MIT
"""The source tree as the lint rules see it: files, includes, functions."""

import dataclasses
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRODUCT = ("common", "include", "pam", "daemon", "cli", "lib", "hook", "fetch")


@functools.lru_cache
def files():
    """What a commit of this tree would hold, as paths relative to ROOT."""
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT)]
    listed = subprocess.run([*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            stdout=subprocess.PIPE, check=True).stdout
    names = {os.fsdecode(name) for name in listed.split(b"\0") if name}
    return sorted(pathlib.Path(name) for name in names if (ROOT / name).is_file())


def c_files(*tops, suffixes=(".c", ".h")):
    """Those below each of the folders; one without any is a mistake of the test, which would look at nothing."""
    tops = [pathlib.Path(top) for top in tops or (".",)]
    found = {top: [path for path in files() if path.suffix in suffixes and path.is_relative_to(top)] for top in tops}
    for top, paths in found.items():
        assert paths, f"no {' or '.join(suffixes)} below {top}"
    return sorted({path for paths in found.values() for path in paths})


@functools.lru_cache(maxsize=None)
def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def lines(path):
    return text(path).splitlines()


def _blank(match):
    """Keep the line count, and the quotes of a literal."""
    found = match.group()
    if found[0] in "\"'":
        return found[0] + " " * (len(found) - 2) + found[0]
    return re.sub(r"[^\n]", " ", found)


@functools.lru_cache(maxsize=None)
def code(path):
    """The lines of a C file with comments and the content of literals blanked."""
    blanked = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                     _blank, text(path), flags=re.DOTALL)
    return blanked.splitlines()


def includes(path):
    """(line number, name, is it one of ours) for each #include."""
    for number, line in enumerate(lines(path), 1):
        if match := re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line):
            yield number, match.group(2), match.group(1) == '"'


def occurrences(paths, pattern):
    """`path:line: match` for each place where code matches."""
    return [f"{path}:{number}: {match.group().strip()}"
            for path in paths
            for number, line in enumerate(code(path), 1)
            for match in re.finditer(pattern, line)]


@dataclasses.dataclass
class Function:
    path: pathlib.Path
    name: str
    first: int
    last: int
    parameters: int
    is_prototype: bool

    def __str__(self):
        return f"{self.path}:{self.first}: {self.name}()"


def _parameters(signature):
    inner = signature.strip()[1:-1].strip()
    if inner in ("", "void"):
        return 0
    while (flat := re.sub(r"\([^()]*\)", "", inner)) != inner:
        inner = flat
    return inner.count(",") + 1


@functools.lru_cache
def functions():
    """Every function and every prototype of the tree."""
    need("ctags", "universal-ctags")
    done = subprocess.run(
        ["ctags", "--languages=C", "--langmap=C:+.h", "--kinds-C=fp", "--fields=+neStK",
         "-I", "_cleanup_+,DEFINE_CLEANUP+,_unused_", "--output-format=json", "-f", "-", "-L", "-"],
        input="\n".join(map(str, c_files())), stdout=subprocess.PIPE, text=True, check=True,
        cwd=ROOT)
    found = []
    for row in map(json.loads, done.stdout.splitlines()):
        if "signature" in row and not row["name"].isupper():
            found.append(Function(pathlib.Path(row["path"]), row["name"], row["line"],
                                  row.get("end", row["line"]), _parameters(row["signature"]),
                                  row["kind"] == "prototype"))
    assert {function.is_prototype for function in found} == {True, False}
    return found


def need(tool, package):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is missing: install {package}")


def none(findings, rule):
    """Fail with one line for each finding."""
    findings = sorted(set(findings))
    if findings:
        pytest.fail(f"{rule}:\n  " + "\n  ".join(findings), pytrace=False)
