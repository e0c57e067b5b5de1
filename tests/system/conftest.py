# SPDX-License-Identifier: MIT
"""Fixtures: a booted host for each store, and a bed on which nothing is installed yet."""

import contextlib

import pytest

from bed import Bed, BedUnable
from fleet import Fleet
from host import Host

EXIT_SKIP = 77
NOTES = []


def pytest_configure(config):
    config.addinivalue_line("markers", "store(name): a scenario of this store only")


def pytest_collection_modifyitems(items):
    """Leave out, rather than skip, what makes no sense with a store."""
    def fits(item):
        marker = item.get_closest_marker("store")
        return marker is None or item.callspec.params["booted_host"] == marker.args[0]

    items[:] = [item for item in items if fits(item)]


@pytest.fixture(scope="session", params=["sqlite", "redis"])
def booted_host(request):
    try:
        host = Host(request.param)
    except BedUnable as reason:
        pytest.skip(str(reason))
    yield host
    host.stop()


@pytest.fixture
def host(booted_host):
    """A host without shells and token sessions, its journal marked at the test's begin."""
    booted_host.journal.mark()
    yield booted_host
    booted_host.tidy()


@pytest.fixture(scope="module")
def bare_bed():
    """A bed with the package files in it, but not installed."""
    try:
        bed = Bed("--bare")
    except BedUnable as reason:
        pytest.skip(str(reason))
    yield bed
    bed.stop()


@pytest.fixture(scope="session")
def booted_fleet():
    try:
        fleet = Fleet()
    except BedUnable as reason:
        pytest.skip(str(reason))
    yield fleet
    fleet.stop()


@pytest.fixture
def fleet(booted_fleet):
    """Hosts without shells and token sessions, their journals marked at the test's begin."""
    booted_fleet.mark()
    yield booted_fleet
    booted_fleet.tidy()


@pytest.fixture
def note(request):
    """Say something that was measured; it is printed at the end of the run."""
    def say(text):
        NOTES.append(f"{request.node.name}: {text}")
    return say


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Show with a failure what the beds' journals said meanwhile."""
    report = (yield).get_result()
    used = getattr(item, "funcargs", {})
    hosts = [used["host"]] if "host" in used else used.get("fleet", [])
    for host in hosts if report.failed else []:
        # Also a bed that is in pieces must not hide the failure itself.
        with contextlib.suppress(Exception):
            report.sections.append((f"journal of {host.name}", host.journal.text()))


def pytest_sessionfinish(session):
    """Tell "nothing could run" apart from "all is well"."""
    counts = session.config.pluginmanager.get_plugin("terminalreporter").stats
    ran = any(counts.get(kind) for kind in ("passed", "failed", "error"))
    if counts.get("skipped") and not ran:
        session.exitstatus = EXIT_SKIP


def pytest_terminal_summary(terminalreporter):
    if NOTES:
        terminalreporter.section("measured")
        for line in NOTES:
            terminalreporter.write_line(line)
