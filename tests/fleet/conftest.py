# SPDX-License-Identifier: MIT
import pytest

from bus_fixtures import pytest_collection_modifyitems  # noqa: F401
from fleet import running


@pytest.fixture(scope="module")
def n_hosts():
    """How many hosts a file of tests has; one that needs another number has a fixture of that name itself."""
    return 3


@pytest.fixture(scope="module")
def options():
    """The lines below [Store] on every host."""
    return ""


@pytest.fixture(scope="module")
def fleet(n_hosts, options):
    with running(n_hosts, options) as started:
        yield started
