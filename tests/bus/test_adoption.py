# SPDX-License-Identifier: MIT
"""Tokens that nobody here has issued, with both stores: adopted once, ended for good."""

import json
import os
import re
import subprocess
import time

import pytest

from adopting_host import Host, issuer, store  # noqa: F401 (fixtures)
from foreign_issuer import AUDIENCE, URL, Issuer, Rsa, Secret
from frames import CLAIMS, DENIED, OK, TOKEN, VALIDATE, ask, ask_as
from private_bus import OTHER_UID, OTHER_USER, OWN_UID, OWN_USER, SECONDS, CallError, wait_until

N_ENDED_MAX = 256  # as USER_STATE_ENDED_MAX


@pytest.fixture(scope="module", autouse=True)
def daemon(bus, root, store, issuer):
    host = Host(bus, root, store, issuer)
    if store.redis:
        assert host.log_in(issuer.token(OWN_USER)) == "adoption-unconfirmed"
        assert "the store is new" in host.daemon.log_text()
        assert host.adoption() == ("new", ["adoption: the store is new; no token without a session is taken until "
                                           '"authtokenctl adopt --confirm"'])
    host.confirm()
    yield host
    host.stop()


@pytest.fixture
def host(daemon, root):
    yield daemon
    if daemon.daemon.config.read_text() != daemon.plain:
        daemon.configure("")
    for user in (OWN_USER, OTHER_USER):
        root.call("RevokeUser", f"('{user}', '')")


def only_session(root, user=OWN_USER):
    ((row,),) = root.call("ListSessions", f"({{'user': <'{user}'>}},)")
    return row


def test_a_token_of_another_issuer_logs_in_and_has_a_session(host, root, issuer):
    token = issuer.token(OWN_USER)
    assert host.log_in(token) == "ok"
    row = only_session(root)
    assert (row["user"], row["source"]) == (OWN_USER, URL)
    assert host.log_in(token) == "ok"
    assert only_session(root)["session"] == row["session"]


def test_an_issuer_without_keys_is_warned_of(host, bus):
    """Also at the start, when no keys have been fetched yet: anybody else sees a wrong token."""
    url, file = "https://second.example.org", bus.directory / "second.json"
    section = Issuer(file, Secret("second")).section().replace(URL, url)
    file.rename(file.with_suffix(".away"))
    host.configure(section)
    warning = f"issuer {url}: no keys, so none of its tokens is taken; the journal says why"
    assert warning in host.status()["warnings"]
    file.with_suffix(".away").rename(file)
    wait_until(lambda: warning not in host.status()["warnings"], "its keys to be read")
    assert not [text for text in host.status()["warnings"] if "issuer" in text]


def test_its_session_ends_with_it(host, root, issuer):
    now = int(time.time())
    assert host.log_in(issuer.token(OWN_USER, exp=now + 77)) == "ok"
    assert only_session(root)["expires"] == now + 77


def test_text_that_the_bus_does_not_take_hides_no_session(host, root, issuer, ctl):
    odd = ["\ufdd0x", "\ufffe", "\U0001fffe", "\U0010ffff", "\ufdcf\ufdf0\ufffd\U0010fffd"]
    token = issuer.token(OWN_USER, aud=[AUDIENCE, *odd])
    assert host.log_in(token) == "ok"
    _, other = root.issue(OTHER_USER)
    (rows,) = root.call("ListSessions", "(@a{sv} {},)")
    assert other in {row["session"] for row in rows}
    (row,) = (row for row in rows if row["user"] == OWN_USER)
    assert row["audience"] == [AUDIENCE, "\ufffdx", "\ufffd", "\ufffd", "\ufffd", odd[-1]]
    assert ctl("list").returncode == 0


def test_nor_does_it_make_a_token_bad(host, root):
    del host
    token, _ = root.issue(OWN_USER, r"""{'data': <'{"odd": "<\\uffff>"}'>}""")
    (answer,) = root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    assert json.loads(answer["claims"])["data"] == {"odd": "<\ufffd>"}


def test_it_is_validated_only_once_it_has_one(host, root, issuer):
    token = issuer.token(OWN_USER)
    with pytest.raises(CallError) as refusal:
        root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    assert refusal.value.code == "session-unknown"
    assert host.log_in(token) == "ok"
    (info,) = root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    assert info["user"] == OWN_USER


def test_a_service_is_told_who_it_is_here(host, root, issuer):
    """What our claims are called may stand in the token as well, and say what nobody here has allowed."""
    token = issuer.token(OWN_USER, sub=f"{OWN_USER}@example.org", roles=["admin"], tnt="other", did="phone", plat="web",
                         src="x", data={"a": 1}, email="somebody@example.org", name="Some Body")
    assert host.log_in(token) == "ok"
    (info,) = root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    claims = json.loads(info["claims"])
    assert (claims["sub"], claims["jti"]) == (OWN_USER, info["jti"])
    assert sorted(claims) == ["aud", "email", "exp", "iat", "iss", "jti", "name", "sub"]
    _, status, answer = ask(host.directory / "socket" / "pam.sock", VALIDATE, {TOKEN: token})
    assert (status, json.loads(answer[CLAIMS])) == (OK, claims)
    done = subprocess.run([os.environ["WHOAMI"], host.directory / "socket" / "pam.sock"], input=token + "\n", text=True,
                          capture_output=True, timeout=SECONDS, check=True)
    assert done.stdout == f"{OWN_USER}\n"
    root.call("RevokeToken", f"('{claims['jti']}', '')")
    assert host.log_in(token) == "session-revoked"


def test_only_a_login_by_root_adopts(host, root, issuer):
    token = issuer.token(OWN_USER)
    path = host.directory / "socket" / "pam.sock"
    path.parent.chmod(0o755)
    path.chmod(0o666)
    status, _ = ask_as(OWN_UID, path, "AUTHENTICATE", f"USER={OWN_USER}", "SERVICE=sshd", f"TOKEN={token}")
    assert int(status) == DENIED
    assert ask(path, VALIDATE, {TOKEN: token})[1] == DENIED
    assert root.sessions(OWN_USER) == set()


@pytest.mark.parametrize("end", ["RevokeToken", "RevokeSession", "RevokeUser", "KickSession", "KickUser"])
def test_an_ended_one_stays_ended(host, root, issuer, end):
    token = issuer.token(OWN_USER)
    assert host.log_in(token) == "ok"
    subject = {"RevokeToken": token, "RevokeUser": OWN_USER, "KickUser": OWN_USER}.get(
        end, only_session(root)["session"])
    options = "@a{sv} {}, " if end == "KickUser" else ""
    root.call(end, f"('{subject}', {options}'')")
    ended = "session-kicked" if end.startswith("Kick") else "session-revoked"
    assert host.log_in(token) == ended
    host.stop()
    host.start()
    assert host.log_in(token) == ended


def test_one_that_is_revoked_before_its_first_use_has_none(host, root, issuer):
    token, other = issuer.token(OWN_USER), issuer.token(OWN_USER)
    root.call("RevokeToken", f"('{token}', '')")
    assert [host.log_in(one) for one in (token, other)] == ["session-revoked", "ok"]
    with pytest.raises(CallError) as refusal:
        root.call("RevokeToken", f"('{token}', '')")
    assert refusal.value.code == "session-revoked"
    with pytest.raises(CallError) as refusal:
        root.call("RevokeToken", f"('{issuer.token(OWN_USER, iat=1000, exp=2000)}', '')")
    assert refusal.value.code == "session-unknown"


def test_many_ends_of_our_own_shut_none_out_and_keep_none_in(host, root, issuer):
    for _ in range(N_ENDED_MAX + 1):
        root.call("RevokeSession", f"('{root.issue(OWN_USER)[1]}', '')")
    token, other = issuer.token(OWN_USER), issuer.token(OWN_USER)
    root.call("RevokeToken", f"('{token}', '')")
    assert [host.log_in(one) for one in (token, other)] == ["session-revoked", "ok"]


@pytest.mark.redis_only
def test_the_longest_token_of_one_jti_says_how_long_it_stays_out(host, root, store, issuer):
    """An issuer that gives a session's tokens one "jti": which of them was brought first, and ended, decides nothing."""
    now = int(time.time())
    short = issuer.token(OWN_USER, jti="same", exp=now + 100)
    longer, longest = (issuer.token(OWN_USER, jti="same", exp=now + life) for life in (5000, 9000))
    assert host.log_in(short) == "ok"
    field = f"e:{only_session(root)['session']}"

    def kept_until():
        text = store.redis.run("HGET", f"authtoken:default:u:{OWN_USER}", field)
        return max(int(number) for number in re.findall(r"\d{10,}", text))

    root.call("RevokeToken", f"('{longer}', '')")
    assert kept_until() >= now + 5000
    with pytest.raises(CallError) as refusal:
        root.call("RevokeToken", f"('{longest}', '')")
    assert refusal.value.code == "session-revoked"
    assert kept_until() >= now + 9000
    with pytest.raises(CallError):
        root.call("RevokeToken", f"('{short}', '')")
    assert kept_until() >= now + 9000
    assert [host.log_in(token) for token in (short, longer, longest)] == ["session-revoked"] * 3


def test_a_jti_is_its_issuer_s_own(host, root, bus, issuer):
    """An end for one token does not affect the other, and revives nothing."""
    second_url = "https://second.example.org"
    second = Issuer(bus.directory / "second.json", Secret("second"))
    host.configure(second.section().replace(URL, second_url))
    tokens = [issuer.token(OWN_USER, jti="of-both"), second.token(OWN_USER, jti="of-both", iss=second_url)]
    assert [host.log_in(token) for token in tokens] == ["ok", "ok"]
    assert len(root.sessions(OWN_USER)) == 2
    root.call("RevokeToken", f"('{tokens[0]}', '')")
    assert [host.log_in(token) for token in tokens] == ["session-revoked", "ok"]
    root.call("RevokeToken", f"('{tokens[1]}', '')")
    assert [host.log_in(token) for token in tokens] == ["session-revoked", "session-revoked"]


def test_one_jti_for_two_users_is_one_session(host, issuer):
    """Whoever comes second may be the one whose session had ended."""
    first, second = (issuer.token(user, jti="of-two-users") for user in (OWN_USER, OTHER_USER))
    assert host.log_in(first) == "ok"
    assert host.log_in(second, OTHER_USER) == "session-unknown"


def test_more_ends_than_are_remembered_bring_none_back(host, root, issuer):
    """For a user whom no other test logs in: none of their tokens is adopted for some minutes."""
    ended = issuer.token(OTHER_USER)
    assert host.log_in(ended, OTHER_USER) == "ok"
    root.call("RevokeToken", f"('{ended}', '')")
    # The oldest ends are forgotten; among those of one second nobody knows which are.
    end = int(time.time())
    wait_until(lambda: int(time.time()) > end, "the next second")
    for _ in range(N_ENDED_MAX // 64):
        assert [host.log_in(issuer.token(OTHER_USER), OTHER_USER) for _ in range(64)] == ["ok"] * 64
        root.call("RevokeUser", f"('{OTHER_USER}', '')")
    # Redis still knows the id by its index.
    assert host.log_in(ended, OTHER_USER) in ("adoption-before", "session-unknown")


def test_two_tokens_are_two_sessions(host, root, issuer):
    tokens = [issuer.token(OWN_USER) for _ in range(2)]
    assert [host.log_in(token) for token in tokens] == ["ok", "ok"]
    root.call("RevokeToken", f"('{tokens[0]}', '')")
    assert [host.log_in(token) for token in tokens] == ["session-revoked", "ok"]


@pytest.mark.parametrize(("claims", "reason"), [
    ({"aud": "somebody-else"}, "audience-mismatch"),
    ({"iss": "https://evil.example.org"}, "issuer-mismatch"),
    ({"sub": OWN_USER}, "user-unmapped"),
    ({"sub": f"{OTHER_USER}@example.org"}, "user-mismatch"),
    ({"jti": None}, "claim-missing"),
    ({"exp": 1_000_000_000}, "token-expired"),
    ({"iat": None}, "claim-missing"),
    ({"iat": "1"}, "claim-invalid"),
    ({"iat": 32_503_680_000, "exp": 32_503_680_600}, "token-not-yet-valid"),
    ({"iat": 1_000_000_000}, "lifetime-exceeded"),
])
def test_what_is_refused_is_not_adopted(host, root, issuer, claims, reason):
    assert host.log_in(issuer.token(OWN_USER, **claims)) == reason
    assert root.sessions(OWN_USER) == set()


def test_a_ban_and_the_limit_hold_for_it(host, root, issuer):
    root.call("BanUser", f"('{OWN_USER}', uint64 60, '')")
    assert host.log_in(issuer.token(OWN_USER)) == "user-banned"
    root.call("UnbanUser", f"('{OWN_USER}',)")
    host.configure("[Session]\nMaxSessions=1\n")
    assert host.log_in(issuer.token(OWN_USER)) == "ok"
    assert host.log_in(issuer.token(OWN_USER)) == "session-limit"


def test_single_sign_on_replaces_it(host, root, issuer):
    host.configure("[Session]\nSingleSignOn=user\n")
    first, second = issuer.token(OWN_USER), issuer.token(OWN_USER)
    assert [host.log_in(token) for token in (first, second, first)] == ["ok", "ok", "session-replaced"]


def test_its_issuer_s_name_for_us_stands_for_ours_at_a_service(host, root, issuer):
    host.configure('[Service "door"]\nAudience=authtoken\n[Service "sudo"]\nAudience=sudo\n')
    token, special = issuer.token(OWN_USER), issuer.token(OWN_USER, aud=[AUDIENCE, "sudo"])
    assert [host.log_in(token, SERVICE=name) for name in ("door", "window", "sudo")] == ["ok", "ok", "audience-mismatch"]
    assert [host.log_in(special, SERVICE=name) for name in ("door", "sudo")] == ["ok", "ok"]
    (code,) = root.call("CreateCode", f"('{token}', @a{{sv}} {{}})")
    assert host.log_in(code, SERVICE="door") == "ok"


def test_its_user_s_groups_are_looked_up_before_it_has_a_session(host, issuer):
    """Every Debian's "games" is in the group of this name."""
    host.configure('[Policy "group:games"]\nMaxSessions=1\n')
    assert [host.log_in(issuer.token(OWN_USER)) for _ in range(2)] == ["ok", "session-limit"]


def test_revoking_all_is_not_undone_by_a_confirmation_of_the_same_moment(host, root, issuer):
    """The first one keeps the epoch busy, so that the others are served together."""
    token = issuer.token(OWN_USER, iat=int(time.time()) - 10)
    orders = [root.send("ConfirmAdoption"), root.send("ConfirmAdoptionSince", "(uint64 1,)"),
              root.send("RevokeAll", "('',)")]
    for order in orders:
        root.result(order)
    assert host.log_in(token) == "adoption-before"
    root.call("ConfirmAdoptionSince", "(uint64 1,)")


def test_one_from_before_a_time_stays_out(host, root, issuer):
    now = int(time.time())
    root.call("ConfirmAdoptionSince", "(uint64 1,)")
    root.call("RevokeBefore", f"('{OWN_USER}', uint64 {now - 5}, '')")
    assert host.log_in(issuer.token(OWN_USER, iat=now - 10)) == "issued-before"
    assert host.log_in(issuer.token(OWN_USER, iat=now - 1)) == "ok"


def test_one_of_the_second_of_a_revocation_stays_out(host, root, issuer):
    token = issuer.token(OWN_USER)
    root.call("RevokeBefore", f"('{OWN_USER}', uint64 0, '')")
    later = int(time.time()) + 1
    assert host.log_in(token) == "issued-before"
    wait_until(lambda: time.time() >= later, "the next second")
    assert host.log_in(issuer.token(OWN_USER)) == "ok"


def test_one_from_before_all_were_revoked_stays_out(host, root, issuer):
    known, unknown = issuer.token(OWN_USER), issuer.token(OWN_USER)
    assert host.log_in(known) == "ok"
    assert root.call("RevokeAll", "('breach',)") == [1]
    assert host.log_in(known) == "session-revoked"
    assert host.log_in(unknown) == "adoption-before"
    later = int(time.time()) + 1
    wait_until(lambda: time.time() >= later, "the next second")
    assert host.log_in(issuer.token(OWN_USER)) == "ok"


@pytest.mark.redis_only
def test_a_user_record_that_somebody_deleted_is_no_way_back(host, store, issuer):
    token = issuer.token(OWN_USER)
    assert host.log_in(token) == "ok"
    store.redis.run("DEL", f"authtoken:default:u:{OWN_USER}")
    assert host.log_in(token) == "session-unknown"


def test_keys_change_with_their_file(host, issuer):
    key = Rsa(host.directory, "next")
    token = issuer.token(OWN_USER, key=key)
    assert host.log_in(token) == "key-unknown"
    issuer.publish(issuer.key, key)
    wait_until(lambda: host.log_in(token) == "ok", "the new key")
    issuer.publish(key)
    wait_until(lambda: host.log_in(issuer.token(OWN_USER)) == "key-unknown", "the old key to go")
    issuer.publish_text("{}")
    wait_until(lambda: "its keys stay as they were" in host.daemon.log_text(), "a line in the journal")
    assert host.log_in(token) == "ok"
    issuer.publish({"kty": "RSA", "kid": "weak", "n": "AQAB", "e": "AQAB"}, issuer.key)
    wait_until(lambda: host.log_in(issuer.token(OWN_USER)) == "ok", "the first key again")
    assert "1 keys were left out, first key 1 (weak)" in host.daemon.log_text()


def test_an_emptied_store_adopts_nothing_until_it_is_confirmed(host, root, store, issuer):
    ended = issuer.token(OWN_USER)
    assert host.log_in(ended) == "ok"
    root.call("RevokeToken", f"('{ended}', '')")
    if store.redis:
        store.empty()
    else:
        host.stop()
        store.empty()
        host.start()
    assert host.log_in(ended) == "adoption-unconfirmed"
    assert host.log_in(issuer.token(OWN_USER)) == "adoption-unconfirmed"
    assert "the store was emptied" in host.daemon.log_text()
    state, (warning,) = host.adoption()
    assert state == "emptied" and "authtokenctl adopt --confirm" in warning
    assert "\nauthtoken_adoption_stopped 1\n" in root.call("GetMetrics")[0]
    host.stop()
    host.start()
    assert host.log_in(issuer.token(OWN_USER)) == "adoption-unconfirmed"
    assert host.adoption()[0] == "emptied"
    host.confirm()
    assert host.adoption() == ("confirmed", [])
    assert "\nauthtoken_adoption_stopped 0\n" in root.call("GetMetrics")[0]
    assert host.log_in(ended) == "adoption-before"
    assert host.log_in(issuer.token(OWN_USER)) == "ok"


def test_a_store_that_was_set_back_adopts_nothing_until_it_is_confirmed(host, root, store, issuer):
    host.stop()
    backup = store.copy()
    host.start()
    ended = issuer.token(OWN_USER)
    assert host.log_in(ended) == "ok"
    root.call("RevokeToken", f"('{ended}', '')")
    host.stop()
    store.put_back(backup)
    host.start()
    assert host.log_in(ended) == "adoption-unconfirmed"
    assert host.log_in(issuer.token(OWN_USER)) == "adoption-unconfirmed"
    assert "the store was set back" in host.daemon.log_text()
    state, (warning,) = host.adoption()
    assert state == "set-back" and "authtokenctl adopt --confirm" in warning
    host.confirm()
    assert host.adoption() == ("confirmed", [])
    assert host.log_in(ended) == "adoption-before"
    assert host.log_in(issuer.token(OWN_USER)) == "ok"


def test_the_status_tells_how_it_stands(host, root, store, issuer, ctl):
    root.call("ConfirmAdoptionSince", "(uint64 77,)")
    assert host.log_in(issuer.token(OWN_USER)) == "ok"
    status = host.status()
    assert (status["adoption"], status["adoption_since"], status["adoptions"]) == ("confirmed", 77, 1)
    assert "Adoption: on\n" in ctl("status").stdout
    if store.redis:
        store.redis.run("DEL", "authtoken:default:adoption")
        assert host.log_in(issuer.token(OWN_USER)) == "adoption-unconfirmed"
        assert 'Adoption: stopped: the store was emptied; order "authtokenctl adopt --confirm"' in ctl("status").stdout
        assert "adoption_since" not in host.status()
    host.daemon.config.write_text(host.plain.split("[Issuer")[0])
    root.call("Reload")
    assert host.adoption() == ("off", [])
    host.configure("")
    wait_until(lambda: host.adoption()[0] != "off" and host.adoption()[0] != "unknown", "a look at the store")
    host.confirm()


def boot_time():
    with open("/proc/stat", encoding="ascii") as stat:
        return next(int(line.split()[1]) for line in stat if line.startswith("btime"))


def test_a_host_without_memory_takes_nothing_from_before_its_boot(host, root, issuer):
    host.daemon.config.write_text(host.plain + "MaxLifetime=31d\n")
    before = boot_time() - 100
    root.call("ConfirmAdoptionSince", "(uint64 1,)")
    host.stop()
    host.start()
    assert host.log_in(issuer.token(OWN_USER, iat=before)) == "ok"
    host.stop()
    for directory in ("run", "state"):
        (host.directory / directory / "adoption.default").unlink()
    host.start()
    assert host.log_in(issuer.token(OWN_USER, iat=before)) == "adoption-before"
    assert host.log_in(issuer.token(OWN_USER)) == "ok"


@pytest.mark.redis_only
def test_sessions_go_on_while_nothing_is_adopted(host, root, store, issuer):
    kept = issuer.token(OWN_USER)
    assert host.log_in(kept) == "ok"
    key = "authtoken:default:adoption"
    store.redis.run("DEL", key)
    assert host.log_in(issuer.token(OWN_USER)) == "adoption-unconfirmed"
    assert host.log_in(kept) == "ok"
    host.confirm()


def test_only_an_administrator_confirms(host, own, polkit, ctl):
    with pytest.raises(CallError):
        own.call("ConfirmAdoption")
    assert polkit.asked()[0]["action"] == "org.authtoken1.manage-keys"
    assert ctl("adopt", uid=OTHER_UID).returncode == 2
    assert ctl("adopt", "--confirm").returncode == 0
    assert ctl("adopt", "--confirm", "--since", "1").returncode == 0
    assert ctl("adopt", "--confirm", "--since", str(int(time.time()) + 1000)).returncode == 2
