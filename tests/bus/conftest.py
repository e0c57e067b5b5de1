# SPDX-License-Identifier: MIT
from bus_fixtures import (bus, bus_owner, configure, ctl, daemon, other, own, polkit,  # noqa: F401
                          pytest_collection_modifyitems, redis, root, started_polkit, store)
