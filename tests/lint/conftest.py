# SPDX-License-Identifier: MIT
"""Where the rules about built files look."""

import os
import pathlib

import pytest


@pytest.fixture(scope="session")
def build():
    """A finished build without sanitizers: its program files are what gets installed."""
    where = os.environ.get("AUTHTOKEN_BUILD")
    if not where:
        pytest.skip("AUTHTOKEN_BUILD does not name a build directory")
    return pathlib.Path(where).resolve()
