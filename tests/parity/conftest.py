# SPDX-License-Identifier: MIT
"""The private bus of tests/bus, and a service that tests configure as they need it."""

import importlib.util
import pathlib
import sys

import pytest

BUS = pathlib.Path(__file__).resolve().parents[1] / "bus"
sys.path.insert(0, str(BUS))

# Two files of this name cannot both be imported as "conftest".
_spec = importlib.util.spec_from_file_location("bus_conftest", BUS / "conftest.py")
_bus_conftest = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_bus_conftest)
pytest_configure = _bus_conftest.pytest_configure
pytest_collection_modifyitems = _bus_conftest.pytest_collection_modifyitems
bus_owner = _bus_conftest.bus_owner
bus = _bus_conftest.bus
root = _bus_conftest.root
own = _bus_conftest.own
started_polkit = _bus_conftest.started_polkit
polkit = _bus_conftest.polkit
ctl = _bus_conftest.ctl


@pytest.fixture(scope="module")
def service(bus, root):
    from service import Service
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


@pytest.fixture(scope="module")
def redis(bus):
    from service import Redis
    started = Redis(bus.directory)
    yield started
    started.stop()
