# SPDX-License-Identifier: MIT
from bus_fixtures import bus, bus_owner, pytest_collection_modifyitems, root  # noqa: F401
