# SPDX-License-Identifier: MIT
"""A service of the host asks through libauthtoken, as an ordinary user."""

import pathlib
import shutil
import subprocess

import pytest

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "examples" / "whoami.c"
WHOAMI = "/usr/local/bin/whoami-by-token"


@pytest.fixture
def whoami(host, tmp_path):
    """The example, compiled against what the packages install; returns a function that runs it as bob."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is missing: install gcc")
    root = host.bed.path("/")
    library = next(root.glob("usr/lib/*/libauthtoken.so"))
    program = tmp_path / "whoami"
    subprocess.run(["gcc", "-o", program, EXAMPLE, f"-I{root}/usr/include", library.parent / library.readlink(),
                    "-Wl,--allow-shlib-undefined"], check=True)
    shutil.copy(program, host.bed.path(WHOAMI))
    yield lambda token: host.bed.run(WHOAMI, user="bob", stdin=token + "\n", check=False)
    host.bed.path(WHOAMI).unlink()


def test_a_service_learns_of_a_revocation_at_once(host, whoami):
    token = host.authtoken.issue("alice")
    assert whoami(token.text).stdout == "alice\n"
    host.authtoken.revoke_session(token)
    done = whoami(token.text)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "refused: session-revoked\n")
