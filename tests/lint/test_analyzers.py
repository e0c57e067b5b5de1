# SPDX-License-Identifier: MIT
"""Other programs check the code: no finding of theirs is left."""

import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

import accepted
from source_tree import PRODUCT, ROOT, files, need, none, text

JOBS = len(os.sched_getaffinity(0))
# Leaks are LeakSanitizer's, which looks on in every suite: none of these programs follows an owner
# through __attribute__((cleanup)), or through the macros of sys/queue.h.
CPPCHECK_OFF = ["memleak", "resourceLeak", "missingIncludeSystem", "readdirCalled", "getpwnamCalled",
                "getpwuidCalled", "*:/usr/include/*"]
GCC_OFF = ["-Wno-analyzer-malloc-leak"]


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


def judge(findings, table, tool):
    """findings: (file, line and text, name of the check); none may stand that is not in the table."""
    none([f"{path}:{rest} [{check}]" for path, rest, check in findings
          if (path, check) not in table], tool)
    found = {(path, check) for path, _, check in findings}
    none([f"{path}: {check}" for path, check in table.keys() - found],
         f"accepted findings of {tool} that are gone")


def compiler_findings(outputs, build):
    """path:line:column: warning: text [check], as gcc and clang write it"""
    row = re.compile(r"^(\S+?):(\d+:\d+: (?:warning|error): .*) \[(\S+)\]$", re.MULTILINE)
    return [(os.path.relpath(os.path.normpath(build / path), ROOT), rest, check.split(",")[-1])
            for output in outputs for path, rest, check in row.findall(output)]


def queue_header():
    """Where this architecture keeps sys/queue.h."""
    done = run(["gcc", "-E", "-include", "sys/queue.h", "-x", "c", os.devnull])
    return re.search(r'"(/\S+/sys/queue\.h)"', done.stdout).group(1)


def test_cppcheck_finds_nothing(build, tmp_path):
    need("cppcheck", "cppcheck")
    database = tmp_path / "compile_commands.json"
    database.write_text(json.dumps(list(compilations(build).values())), encoding="utf-8")
    done = run(["cppcheck", f"--project={database}", "--enable=warning,performance,portability",
                "--library=posix,gnu", "--quiet", f"-j{JOBS}", f"--include={queue_header()}",
                *(f"--suppress={name}" for name in CPPCHECK_OFF),
                "--template={file}|{line}: {message}|{id}"])
    judge([tuple(row.replace(f"{ROOT}/", "").split("|")) for row in done.stdout.splitlines()],
          accepted.CPPCHECK, "cppcheck")


def test_clang_tidy_finds_nothing(build):
    tool = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if not tool:
        pytest.skip("clang-tidy is missing: install clang-tidy-14")

    def tidy(source):
        return run([tool, "--quiet", "-p", str(build), source]).stdout

    outputs = in_parallel(tidy, compilations(build))
    judge(compiler_findings(outputs, build), accepted.CLANG_TIDY, "clang-tidy")


def test_the_compilers_own_analyzer_finds_nothing(build):
    need("gcc", "gcc")

    def analyze(row):
        command = re.sub(r" -(?:o|MF|MQ) \S+| -MD", "", row["command"])
        arguments = ["gcc", *shlex.split(command)[1:], "-fanalyzer", *GCC_OFF, "-Wno-error",
                     "-fdiagnostics-color=never", "-o", os.devnull]
        return run(arguments, cwd=row["directory"]).stdout

    outputs = in_parallel(analyze, compilations(build).values())
    judge(compiler_findings(outputs, build), accepted.GCC, "gcc -fanalyzer")


def shell_scripts():
    found = []
    for path in files():
        head = (ROOT / path).read_bytes()[:64].split(b"\n")[0]
        if re.match(rb"#!.*\b(sh|bash|dash)\b", head):
            found.append(str(path))
    assert found
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
