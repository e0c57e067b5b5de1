# SPDX-License-Identifier: MIT
"""What other programs see in the code: no finding of theirs stands."""

import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

from source_tree import PRODUCT, ROOT, files, need, none, text

JOBS = len(os.sched_getaffinity(0))


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **{"cwd": ROOT, **options})


def compilations(build):
    """The product's rows of the compilation database: {source relative to ROOT: arguments}."""
    rows = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    found = {}
    for row in rows:
        source = os.path.relpath(os.path.join(row["directory"], row["file"]), ROOT)
        if source.split(os.sep)[0] in PRODUCT:
            found[source] = row
    assert found, "no source of the product in the compilation database"
    return found


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(function, items))


def test_cppcheck_finds_nothing(build, tmp_path):
    need("cppcheck", "cppcheck")
    database = tmp_path / "compile_commands.json"
    database.write_text(json.dumps(list(compilations(build).values())), encoding="utf-8")
    done = run(["cppcheck", f"--project={database}", "--enable=warning,performance,portability",
                "--inline-suppr", "--library=posix,gnu", "--quiet", f"-j{JOBS}",
                "--suppress=missingIncludeSystem", "--suppress=*:/usr/include/*",
                "--error-exitcode=1", "--template={file}:{line}: {id}: {message}"])
    assert done.returncode == 0, done.stdout


def test_clang_tidy_finds_nothing(build):
    tool = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if not tool:
        pytest.skip("clang-tidy is missing: install clang-tidy-14")

    def tidy(source):
        return run([tool, "--quiet", "-p", str(build), source]).stdout

    outputs = in_parallel(tidy, compilations(build))
    none([os.path.relpath(row, ROOT) if row.startswith("/") else row for output in outputs
          for row in re.findall(r"^.*(?:warning|error): .*$", output, re.MULTILINE)
          if "warnings generated" not in row], "clang-tidy")


def test_the_compilers_own_analyzer_finds_nothing(build):
    need("gcc", "gcc")

    def analyze(row):
        command = re.sub(r" -(?:o|MF|MQ) \S+| -MD", "", row["command"])
        arguments = ["gcc", *shlex.split(command)[1:], "-fanalyzer", "-o", os.devnull]
        return run(arguments, cwd=row["directory"]).stdout

    outputs = in_parallel(analyze, compilations(build).values())
    none([row for output in outputs
          for row in re.findall(r"^\S.*(?:warning|error): .*$", output, re.MULTILINE)],
         "gcc -fanalyzer")


def shell_scripts():
    found = []
    for path in files():
        head = (ROOT / path).read_bytes()[:64].split(b"\n")[0]
        if re.match(rb"#!.*\b(sh|bash|dash)\b", head):
            found.append(str(path))
    return found


def test_shellcheck_finds_nothing():
    need("shellcheck", "shellcheck")
    done = run(["shellcheck", "--format=gcc", "--source-path=SCRIPTDIR", *shell_scripts()])
    none(done.stdout.splitlines(), "shellcheck")


def test_python_compiles():
    findings = []
    for path in files():
        first = (ROOT / path).read_bytes()[:64].split(b"\n")[0]
        if path.suffix == ".py" or re.match(rb"#!.*python3", first):
            try:
                compile(text(path), str(path), "exec")
            except SyntaxError as error:
                findings.append(f"{path}:{error.lineno}: {error.msg}")
    none(findings, "Python that does not compile")
