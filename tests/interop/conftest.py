# SPDX-License-Identifier: MIT
"""A private bus, as the tests of the bus have it."""

import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bus"))

from private_bus import Bus, Caller  # noqa: E402


@pytest.fixture(scope="module")
def bus():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="authtoken-interop-"))
    directory.chmod(0o755)
    started = Bus(directory, "root")
    yield started
    started.stop()
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def root(bus):
    caller = Caller(bus, 0)
    yield caller
    caller.stop()
