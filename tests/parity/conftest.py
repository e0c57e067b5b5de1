# SPDX-License-Identifier: MIT
"""A private bus, and a service that tests configure as they need it."""

import pytest

from bus_fixtures import (bus, bus_owner, ctl, own, polkit, pytest_collection_modifyitems,  # noqa: F401
                          root, started_polkit)
from service import Service


@pytest.fixture(scope="module")
def service(bus, root):
    started = Service(bus, root)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def daemon(service):
    return service.daemon


@pytest.fixture
def configured(service):
    """Configure for one test; the defaults come back after it."""
    yield service.configure
    service.forget_sessions()
    service.configure("")


@pytest.fixture
def fresh(service):
    """The service without sessions, before and after."""
    service.forget_sessions()
    yield service
    service.forget_sessions()
