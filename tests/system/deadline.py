# SPDX-License-Identifier: MIT
"""Wait for something that happens, never for time to pass."""

import time

USUAL_SECONDS = 15
POLL_SECONDS = 0.02


def wait_until(condition, what, seconds=USUAL_SECONDS):
    """Return the first true value of condition(); fail with `what` after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(POLL_SECONDS)
