# SPDX-License-Identifier: MIT
"""Scripts that no other test runs are not broken by what moves in the tree."""

import ast
import os
import subprocess
import sys

import pytest

from source_tree import ROOT


def is_python(path):
    with path.open(encoding="utf-8") as file:
        return file.readline() == "#!/usr/bin/python3\n"


SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if is_python(path))
assert SCRIPTS


def imported(path):
    """What it imports anywhere; some do so only when they need it, long after the start."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_finds_what_it_imports(path):
    code = "import importlib, runpy, sys\nsys.path[0] = sys.argv[1]\nrunpy.run_path(sys.argv[2])\n" \
           "for name in sys.argv[3:]:\n    importlib.import_module(name)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-B", "-c", code, path.parent, path, *sorted(set(imported(path)))],
                          env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
