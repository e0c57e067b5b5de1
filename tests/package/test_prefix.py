# SPDX-License-Identifier: MIT
"""What is built for another prefix than /usr finds there what was installed there."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def staged(tmp_path_factory):
    """(a directory that stands for /, the prefix below it)"""
    for tool in ("meson", "ninja", "gcc"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is missing: install meson, ninja-build and gcc")
    top = tmp_path_factory.mktemp("prefix")
    prefix, build, stage = top / "opt", top / "build", top / "stage"
    run("meson", "setup", str(build), str(ROOT), f"--prefix={prefix}", "-Dtests=false", "-Dman=false",
        "-Doptimization=0", f"-Dsystemdunitdir={prefix}/lib/systemd/system")
    run("meson", "install", "-C", str(build), f"--destdir={stage}")
    return stage, prefix


@pytest.fixture(scope="session")
def installed(staged):
    """The prefix, with everything at its place."""
    stage, prefix = staged
    if not prefix.exists():
        os.symlink(stage / prefix.relative_to("/"), prefix)
    return prefix


def test_nothing_lands_beyond_the_prefix(staged):
    stage, prefix = staged
    files = {pathlib.Path("/") / path.relative_to(stage) for path in stage.rglob("*") if not path.is_dir()}
    assert prefix / "sbin" / "authtokend" in files
    assert {path for path in files if not path.is_relative_to(prefix)} == set()


def test_the_daemon_reads_the_file_that_was_installed(installed, tmp_path):
    file = installed / "lib" / "authtoken" / "authtokend.conf"
    kept = shutil.copy(file, tmp_path)
    file.write_text("[Nonsense]\n", encoding="utf-8")
    try:
        done = subprocess.run([installed / "sbin" / "authtokend", "--check"], stderr=subprocess.PIPE, text=True,
                              check=False)
    finally:
        shutil.copy(kept, file)
    assert f"{file}:1: unknown section" in done.stderr


def test_units_and_services_name_programs_that_are_there(installed):
    files = [*(installed / "lib" / "systemd" / "system").iterdir(),
             *(installed / "share" / "dbus-1" / "system-services").iterdir()]
    named = {(path.name, program) for path in files
             for program in re.findall(r"^Exec\w*=[-+!:@]*(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)}
    assert ("authtokend.service", f"{installed}/sbin/authtokend") in named
    # A name without a folder is one that systemd looks for, of a program that is not ours.
    assert {(unit, program) for unit, program in named if not shutil.which(program)} == set()


def test_no_program_names_the_folders_of_another_prefix(installed):
    programs = [path for folder in ("bin", "sbin", "lib") for path in (installed / folder).rglob("*")
                if path.is_file() and path.read_bytes().startswith(b"\x7fELF")]
    assert len(programs) >= 6
    foreign = rb"/usr/(?:local/)?(?:lib/authtoken|libexec|share|s?bin/authtoken)[\w./-]*"
    assert {(path.name, name) for path in programs for name in re.findall(foreign, path.read_bytes())} == set()
