# SPDX-License-Identifier: MIT
"""Walls: how large a function or a file may be."""

import re

from source_tree import c_files, code, functions, lines, none

FUNCTION_LINES = 70
C_FILE_LINES = 450
HEADER_LINES = 180
PARAMETERS = 5
INDENT_LEVELS = 3
INDENT = 8


def length(function):
    """Its lines; one that is a label of a switch alone is a row of a table, which may have any number of them."""
    return sum(1 for line in code(function.path)[function.first - 1:function.last]
               if not re.fullmatch(r"\s*case \w+:\s*", line))


def test_functions_are_short():
    none([f"{f} has {length(f)} lines" for f in functions() if length(f) > FUNCTION_LINES],
         f"functions over {FUNCTION_LINES} lines")


def test_functions_have_few_parameters():
    none([f"{f} has {f.parameters}" for f in functions() if f.parameters > PARAMETERS],
         f"functions with more than {PARAMETERS} parameters")


def test_source_files_are_short():
    none([f"{path}: {len(lines(path))} lines" for path in c_files(suffixes=(".c",))
          if len(lines(path)) > C_FILE_LINES], f"files over {C_FILE_LINES} lines")


def test_headers_are_short():
    none([f"{path}: {len(lines(path))} lines" for path in c_files(suffixes=(".h",))
          if len(lines(path)) > HEADER_LINES], f"headers over {HEADER_LINES} lines")


def statement_indents(path, first, last):
    """(line number, indent) of each line that begins a statement; the others only continue one."""
    continues = False
    for number in range(first, last + 1):
        line = code(path)[number - 1]
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        if not continues and not re.match(r'[.?:"}\[{)]', words):
            yield number, len(line) - len(line.lstrip())
        continues = not re.search(r"(?:[;{}):\\]|\belse|\bdo)$", words)


def test_functions_are_flat():
    findings = [f"{f}, line {number}"
                for f in functions() if not f.is_prototype and f.last > f.first
                for number, indent in statement_indents(f.path, f.first + 1, f.last)
                if indent > INDENT_LEVELS * INDENT]
    none(findings, f"statements deeper than {INDENT_LEVELS} levels")
