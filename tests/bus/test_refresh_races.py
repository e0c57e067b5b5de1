# SPDX-License-Identifier: MIT
"""Refresh when many come at once, a revocation races it, or the daemon dies during it; on both stores."""

import os
import random
import re
import subprocess

import pytest

from bus_fixtures import on_stores
from private_bus import SECONDS, serving

# Both stores together have to stay below a minute.
ROUNDS = {"parallel": 200, "revoke": 2000, "rotate": 50}
N_CLIENTS = 32
N_KILLS = 6
pytestmark = on_stores("sqlite", "redis")


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, store):
    # A line for each call would be what is measured.
    with serving(bus, root, store=store, log_level="info") as started:
        yield started


def race(bus, mode, count):
    done = subprocess.run([os.environ["REFRESH_RACE"], bus.address, mode, str(count)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("mode", ROUNDS)
def test_it_holds(bus, mode):
    race(bus, mode, ROUNDS[mode])


def test_no_client_is_lost_when_the_daemon_is_killed(bus, root, daemon):
    load = subprocess.Popen([os.environ["REFRESH_RACE"], bus.address, "load", str(N_CLIENTS)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    dice = random.Random(1)
    for _ in range(N_KILLS):
        for _ in range(dice.randint(1, 3)):
            assert load.stdout.readline(), load.stderr.read()
        daemon.process.kill()
        daemon.process.wait()
        daemon.start_again(root)
    assert load.stdout.readline(), load.stderr.read()
    out, err = load.communicate(timeout=SECONDS * 3)
    assert load.returncode == 0, err
    found = re.search(r"rotations=(\d+) revoked=(\d+) resent=(\d+)", out)
    # Else nobody was in the middle of anything.
    assert all(int(number) > 0 for number in found.groups()), out
