# SPDX-License-Identifier: MIT
"""What [Service "NAME"] demands of a token, as the asking programs see it."""

import pytest

import frames
from frames import AUTHENTICATE, AUTHENTICATE_SESSION, DENIED, OK, PROMPT, REASON, SERVICE, TOKEN, USER, VALIDATE, ask
from private_bus import OWN_USER, CallError

CONFIG = """
[Service "door"]
RequireRole=admin
[Service "sudo"]
Audience=sudo
[Service "shut"]
Tokens=no
"""


@pytest.fixture
def answer(daemon):
    """("ok" or the reason, or else the status) of a token at a service"""
    def login(service, token, **more):
        fields = {USER: OWN_USER, SERVICE: service, TOKEN: token}
        fields |= {getattr(frames, name): text for name, text in more.items()}
        status, got = ask(daemon.socket, AUTHENTICATE, fields)[1:]
        return "ok" if status == OK else got[REASON] if status == DENIED else status

    return login


def issue(root, **lists):
    rows = ", ".join(f"'{name}': <{values}>" for name, values in lists.items())
    return root.issue(OWN_USER, f"{{{rows}}}" if rows else "@a{sv} {}")[0]


def code_for(root, token):
    return root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")[0]


def test_a_role_is_required_of_its_service_alone(configure, root, answer):
    configure(CONFIG)
    with_role, without = issue(root, roles=["dev", "admin"]), issue(root, roles=["dev"])
    assert [answer("door", token) for token in (with_role, without)] == ["ok", "role-missing"]
    assert [answer("window", token) for token in (with_role, without)] == ["ok", "ok"]


def test_the_role_of_the_stack_is_required_as_well(configure, root, answer):
    configure(CONFIG)
    both, one = issue(root, roles=["dev", "admin"]), issue(root, roles=["admin"])
    assert [answer("door", token, ROLE="dev") for token in (both, one)] == ["ok", "role-missing"]


def test_the_audience_of_a_service_takes_the_place_of_the_general_one(configure, root, answer):
    configure(CONFIG)
    general, special, every = (issue(root, audience=audience)
                               for audience in (["authtoken"], ["sudo"], ["authtoken", "sudo"]))
    tokens = (general, special, every)
    assert [answer("sudo", token) for token in tokens] == ["audience-mismatch", "ok", "ok"]
    assert [answer("sshd", token) for token in tokens] == ["ok", "audience-mismatch", "ok"]


def test_a_service_without_tokens_takes_none(configure, root, answer):
    configure(CONFIG)
    token = issue(root, roles=["admin"])
    assert answer("shut", token) == "service-refused"
    assert answer("open", token) == "ok"


def test_polkit_takes_none_until_it_is_told(configure, root, answer, daemon):
    token = issue(root)
    assert answer("polkit-1", token) == "service-refused"
    configure('[Service "polkit-1"]\nRequireRole=admin\n')
    assert answer("polkit-1", issue(root, roles=["admin"])) == "service-refused"
    configure('[Service "polkit-1"]\nTokens=yes\n')
    assert answer("polkit-1", token) == "ok"
    assert ask(daemon.socket, VALIDATE, {TOKEN: token})[1] == OK


def test_a_code_is_held_against_the_same(configure, root, answer):
    configure(CONFIG)
    token = issue(root, roles=["dev"])
    assert answer("polkit-1", code_for(root, token)) == "service-refused"
    assert answer("shut", code_for(root, token)) == "service-refused"
    assert answer("door", code_for(root, token)) == "role-missing"
    assert answer("sudo", code_for(root, token)) == "audience-mismatch"
    assert answer("sshd", code_for(root, token)) == "ok"


def test_a_refused_file_leaves_the_rules_as_they_were(configure, root, answer, daemon):
    configure(CONFIG)
    daemon.config.write_text(daemon.config.read_text() + '[Service "shut"]\nTokens=perhaps\n')
    with pytest.raises(CallError, match="stands in line"):
        root.call("Reload")
    assert answer("shut", issue(root)) == "service-refused"


def test_a_service_that_takes_no_tokens_may_still_take_sessions(configure, daemon):
    """There is none here; but the answer is not that it may not ask."""
    configure(CONFIG)
    status, fields = ask(daemon.socket, AUTHENTICATE_SESSION,
                         {USER: OWN_USER, SERVICE: "shut"})[1:]
    assert (status, fields) == (PROMPT, {REASON: "shell-none"})
