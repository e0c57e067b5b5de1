# SPDX-License-Identifier: MIT
"""Two tenants in one store: neither sees, ends or is let in by the other."""

import pytest

from authtoken import CallFailed
from deadline import wait_until
from host import SERVICE

DROP_IN = "60-tenant.conf"


def serve(host, tenant):
    """Have the daemon serve this tenant, with the keys and the store it has."""
    host.configure(DROP_IN, f"[Store]\nTenant={tenant}\n")
    host.bed.systemctl("restart", SERVICE)
    host.authtoken.wait_ready()
    wait_until(lambda: host.authtoken.status()["store_online"], "the store is there")


@pytest.fixture
def tenants(host):
    yield host
    host.unconfigure(DROP_IN)
    host.bed.systemctl("restart", SERVICE)
    host.authtoken.wait_ready()
    wait_until(lambda: host.authtoken.status()["store_online"], "the store is there")


def test_a_tenant_sees_and_ends_its_own_only(tenants):
    serve(tenants, "north")
    north = tenants.authtoken.issue("alice")
    serve(tenants, "south")
    assert tenants.authtoken.sessions("alice") == []
    assert tenants.authtoken.verdict(north.text) != "ok"
    for end in (tenants.authtoken.revoke_session, tenants.authtoken.kick_session):
        with pytest.raises(CallFailed, match="session-unknown"):
            end(north)
    assert tenants.authtoken.revoke_user("alice") == 0
    tenants.authtoken.call("RevokeAll", "s", "another tenant's")
    tenants.ssh.refusal("alice", north.text)
    serve(tenants, "north")
    assert [row["session"] for row in tenants.authtoken.sessions("alice")] == [north.session]
    assert tenants.login("alice", north.text).is_open()
