# SPDX-License-Identifier: MIT
"""What is not a proper argument is refused by name, whoever sends it, and changes nothing."""

import json

import pytest

from private_bus import OWN_USER, CallError

INVALID = "org.authtoken1.Error.InvalidArgument"
REFUSED = "org.authtoken1.Error.Refused"
NOT_FOUND = "org.authtoken1.Error.NotFound"
SIGNATURE = "org.freedesktop.DBus.Error.InvalidArgs"
NONE = "@a{sv} {}"
REFRESH = "atr1." + "A" * 22 + ".1." + "B" * 43
LONG = "x" * 257
HUGE = "x" * (12 << 20)


def options(text):
    return f"('{OWN_USER}', {text})"


CASES = {
    # names of users
    "an empty user": ("IssueToken", f"('', {NONE})", INVALID, "user-invalid"),
    "a user with a newline": ("IssueToken", f"('al\\nice', {NONE})", INVALID, "user-invalid"),
    "a user with a space behind": ("IssueToken", f"('root ', {NONE})", INVALID, "user-invalid"),
    "a user with a colon": ("RevokeUser", "('root:x', '')", INVALID, "user-invalid"),
    "a user with a slash": ("RevokeUser", "('../root', '')", INVALID, "user-invalid"),
    "a user that looks like an option": ("KickUser", f"('-1', {NONE}, '')", INVALID, "user-invalid"),
    "a user that is a uid": ("KickUser", f"('4294967295', {NONE}, '')", INVALID, "user-invalid"),
    "a user of another alphabet": ("IssueToken", f"('аlice', {NONE})", INVALID, "user-invalid"),
    "a user of 256 characters": ("IssueToken", f"('{'a' * 256}', {NONE})", INVALID, "user-invalid"),
    "a user of 12 MiB": ("IssueToken", f"('{HUGE}', {NONE})", INVALID, "user-invalid"),
    "a bad user in a filter": ("ListSessions", "({'user': <'a b'>},)", INVALID, "user-invalid"),
    # ids and tokens
    "a session id that is too short": ("RevokeSession", "('AAAA', '')", INVALID, "bad-request"),
    "a session id with a bad character": ("KickSession", "('AAAAAAAAAAAAAAAAAAAA=A', '')", INVALID, "bad-request"),
    "a session id of 12 MiB": ("KickSession", f"('{HUGE}', '')", INVALID, "bad-request"),
    "an unknown session": ("RevokeSession", "('AAAAAAAAAAAAAAAAAAAAAA', '')", NOT_FOUND, "session-unknown"),
    "an unknown jti": ("RevokeToken", "('AAAAAAAAAAAAAAAAAAAAAA.1', '')", NOT_FOUND, "session-unknown"),
    "no jti at all": ("RevokeToken", "('', '')", NOT_FOUND, "session-unknown"),
    "a token that is none": ("RevokeToken", "('a.b.c', '')", REFUSED, None),
    "a token of 12 MiB": ("RevokeToken", f"('{HUGE}', '')", INVALID, "token-too-large"),
    "a text as token": ("ValidateToken", f"('hello', {NONE})", REFUSED, "token-malformed"),
    "a token to validate of 12 MiB": ("ValidateToken", f"('{HUGE}', {NONE})", INVALID, "token-too-large"),
    "a code for no token": ("CreateCode", f"('hello', {NONE})", NOT_FOUND, "session-unknown"),
    "a code for a token of 12 MiB": ("CreateCode", f"('{HUGE}', {NONE})", INVALID, "token-too-large"),
    "a code of another type": ("CreateCode", "('a.b.c', {'long': <'yes'>})", INVALID, "bad-request"),
    "a code with an option of another method": ("CreateCode", "('a.b.c', {'lifetime': <uint64 1>})", INVALID,
                                                "bad-request"),
    # words for the journal
    "a reason with a newline": ("RevokeUser", f"('{OWN_USER}', 'a\\nMESSAGE=b')", INVALID, "bad-request"),
    "a reason with a token": ("RevokeUser", f"('{OWN_USER}', 'leaked: {REFRESH}')", INVALID, "bad-request"),
    "a refresh token for a user": ("RevokeUser", f"('{REFRESH}', '')", INVALID, "user-invalid"),
    "a token for a user": ("IssueToken", "('eyJhbGciOiJub25lIn0.e30.AA', @a{sv} {})", INVALID, "user-invalid"),
    "a reason that is too long": ("RevokeUser", f"('{OWN_USER}', '{LONG}')", INVALID, "bad-request"),
    # options
    "an unknown option": ("IssueToken", options("{'colour': <'red'>}"), INVALID, "bad-request"),
    "an option of another method": ("KickUser", f"('{OWN_USER}', {{'lifetime': <uint64 1>}}, '')", INVALID, "bad-request"),
    "an option of making keys": ("IssueToken", options("{'algorithm': <'ES256'>}"), INVALID, "bad-request"),
    "an option of making tokens": ("RotateKey", "({'no_refresh': <true>},)", INVALID, "bad-request"),
    "a filter that is not understood": ("KickUser", f"('{OWN_USER}', {{'plattform': <'x'>}}, '')", INVALID, "bad-request"),
    "an option of another type": ("IssueToken", options("{'lifetime': <'1h'>}"), INVALID, "bad-request"),
    "a number of another type": ("IssueToken", options("{'lifetime': <int32 5>}"), INVALID, "bad-request"),
    "a text of another type": ("IssueToken", options("{'device': <['a']>}"), INVALID, "bad-request"),
    "a list of another type": ("IssueToken", options("{'roles': <[1, 2]>}"), INVALID, "bad-request"),
    "an empty filter": ("KickUser", f"('{OWN_USER}', {{'platform': <''>}}, '')", INVALID, "bad-request"),
    "an option with a control character": ("IssueToken", options("{'name': <'a\\u0007b'>}"), INVALID, "bad-request"),
    "an option that is too long": ("IssueToken", options(f"{{'device': <'{LONG}'>}}"), INVALID, "bad-request"),
    "a client's address that is none": ("IssueToken", options("{'client_address': <'my laptop'>}"), INVALID, "bad-request"),
    "an empty role": ("IssueToken", options("{'roles': <['admin', '']>}"), INVALID, "bad-request"),
    "65 roles": ("IssueToken", options(f"{{'roles': <{['r%d' % i for i in range(65)]}>}}"), INVALID, "bad-request"),
    "data that is too long": ("IssueToken", options(f"{{'data': <'{LONG * 32}'>}}"), INVALID, "bad-request"),
    "data that is empty": ("IssueToken", options("{'data': <''>}"), INVALID, "bad-request"),
    "data that is no object": ("IssueToken", options("{'data': <'[1]'>}"), INVALID, "claim-invalid"),
    "data that is no JSON": ("IssueToken", options("{'data': <'{'>}"), INVALID, "claim-invalid"),
    "a lifetime above the maximum": ("IssueToken", options("{'lifetime': <uint64 86401>}"), INVALID, "lifetime-exceeded"),
    "the longest lifetime there is": ("IssueToken", options("{'lifetime': <uint64 18446744073709551615>}"), INVALID, "lifetime-exceeded"),
    "a not-before after all time": ("IssueToken", options("{'not_before': <uint64 18446744073709551615>}"), INVALID, None),
    "a not-before at the end": ("IssueToken", options("{'not_before': <uint64 4102444800>}"), INVALID, "claim-invalid"),
    "two audiences to validate for": ("ValidateToken", "('a.b.c', {'audience': <['a', 'b']>})", INVALID, "bad-request"),
    # signatures
    "no arguments": ("IssueToken", None, SIGNATURE, None),
    "too many arguments": ("Reload", "('now',)", SIGNATURE, None),
    "arguments of another type": ("RevokeUser", "(1, 2)", SIGNATURE, None),
}


@pytest.mark.parametrize("case", CASES)
def test_is_refused(root, daemon, case):
    member, arguments, name, code = CASES[case]
    with pytest.raises(CallError) as refusal:
        root.call(member, arguments)
    assert refusal.value.name == name
    assert code is None or refusal.value.code == code
    assert len(refusal.value.message) < 400
    assert daemon.is_alive()
    assert root.sessions(OWN_USER) == set()


def test_an_option_given_twice_is_refused(root):
    with pytest.raises(CallError) as refusal:
        root.call("IssueToken", f"('{OWN_USER}', [{{'device', <'a'>}}, {{'device', <'b'>}}])")
    assert refusal.value.name == INVALID
    assert "twice" in refusal.value.message


def test_an_unknown_option_is_answered_with_the_known_ones(root):
    with pytest.raises(CallError) as refusal:
        root.call("KickUser", f"('{OWN_USER}', {{'colour': <'red'>}}, '')")
    assert refusal.value.message.endswith("platform, device")


def test_an_unknown_method_is_no_method(root):
    with pytest.raises(CallError) as refusal:
        root.call("GiveMeRoot")
    assert refusal.value.name == "org.freedesktop.DBus.Error.UnknownMethod"


def test_file_descriptors_do_not_come_through(root):
    with pytest.raises(CallError) as refusal:
        root.call("GetStatus", files=16)
    assert refusal.value.name == "org.freedesktop.DBus.Error.NotSupported"


def test_every_option_reaches_the_token(root):
    token, _, info = root.call("IssueToken", options(
        "{'audience': <['authtoken', 'other']>, 'roles': <['admin', 'ops']>, 'platform': <'ssh'>,"
        " 'device': <'laptop'>, 'source': <'ci'>, 'name': <'Gäste'>, 'data': <'{\"team\": 7}'>,"
        " 'lifetime': <uint64 120>}"))
    (answer,) = root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    claims = json.loads(answer["claims"])
    assert (claims["sub"], claims["jti"]) == (OWN_USER, info["jti"])
    assert claims["aud"] == ["authtoken", "other"]
    assert claims["roles"] == ["admin", "ops"]
    assert (claims["plat"], claims["did"], claims["src"]) == ("ssh", "laptop", "ci")
    assert (claims["name"], claims["data"]) == ("Gäste", {"team": 7})
    assert claims["exp"] - claims["iat"] == 120
    assert answer["expires"] == info["expires"] == claims["exp"]
    assert (answer["user"], answer["session"]) == (OWN_USER, info["session"])
    ((row,),) = root.call("ListSessions", f"({{'user': <'{OWN_USER}'>}},)")
    assert row["session"] == info["session"]
    assert (row["platform"], row["device"], row["source"]) == ("ssh", "laptop", "ci")
    assert (row["roles"], row["audience"], row["logins"]) == (["admin", "ops"], ["authtoken", "other"], [])
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_one_text_is_a_list_of_one(root):
    token, _, _ = root.call("IssueToken", options("{'audience': <'authtoken'>, 'roles': <'admin'>}"))
    (answer,) = root.call("ValidateToken", f"('{token}', {{'audience': <'authtoken'>}})")
    assert json.loads(answer["claims"])["roles"] == ["admin"]
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_a_token_for_another_audience_is_refused(root):
    token, _ = root.issue(OWN_USER, "{'audience': <'other'>}")
    with pytest.raises(CallError) as refusal:
        root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    assert (refusal.value.name, refusal.value.code) == (REFUSED, "audience-mismatch")
    root.call("ValidateToken", f"('{token}', {{'audience': <'other'>}})")
    root.call("RevokeUser", f"('{OWN_USER}', '')")


@pytest.mark.parametrize("subject", ["token", "sid", "jti"])
def test_a_session_is_revoked_by_its_token_its_id_and_its_jti(root, subject):
    token, _, info = root.call("IssueToken", options(NONE))
    root.call("ValidateToken", f"('{token}', {NONE})")
    text = {"token": token, "sid": info["session"], "jti": info["jti"]}[subject]
    root.call("RevokeToken", f"('{text}', 'lost')")
    with pytest.raises(CallError) as refusal:
        root.call("ValidateToken", f"('{token}', {NONE})")
    assert (refusal.value.name, refusal.value.code) == (REFUSED, "session-revoked")


def test_a_session_that_has_ended_says_why(root):
    _, sid = root.issue(OWN_USER)
    root.call("KickSession", f"('{sid}', '')")
    with pytest.raises(CallError) as refusal:
        root.call("RevokeSession", f"('{sid}', '')")
    assert (refusal.value.name, refusal.value.code) == (REFUSED, "session-kicked")


def test_a_forged_token_revokes_nothing(root):
    token, sid = root.issue(OWN_USER)
    head, body, mac = token.split(".")
    forged = f"{head}.{body}.{mac[:-2]}{'AA' if mac[-2:] != 'AA' else 'BA'}"
    with pytest.raises(CallError) as refusal:
        root.call("RevokeToken", f"('{forged}', '')")
    assert (refusal.value.name, refusal.value.code) == (REFUSED, "signature-invalid")
    assert root.sessions(OWN_USER) == {sid}
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_a_kick_hits_what_its_filter_names(root):
    _, phone = root.issue(OWN_USER, "{'platform': <'phone'>, 'device': <'a'>}")
    _, desk = root.issue(OWN_USER, "{'platform': <'desktop'>, 'device': <'a'>}")
    _, plain = root.issue(OWN_USER)
    root.call("KickUser", f"('{OWN_USER}', {{'platform': <'phone'>, 'device': <'b'>}}, '')")
    assert root.sessions(OWN_USER) == {phone, desk, plain}
    root.call("KickUser", f"('{OWN_USER}', {{'platform': <'phone'>}}, '')")
    assert root.sessions(OWN_USER) == {desk, plain}
    assert root.call("RevokeUser", f"('{OWN_USER}', '')") == [2]


def test_no_token_is_in_the_log(root, daemon):
    token, _ = root.issue(OWN_USER)
    root.call("ValidateToken", f"('{token}', {NONE})")
    root.call("RevokeToken", f"('{token}', '')")
    with pytest.raises(CallError):
        root.call("ValidateToken", f"('{token}', {NONE})")
    for part in token.split(".")[1:]:
        assert part[:20] not in daemon.log_text()
