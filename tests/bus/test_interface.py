# SPDX-License-Identifier: MIT
"""What the object offers: as installed, nothing private, and signals for everybody."""

import base64
import hashlib
import json
import os
import subprocess
import xml.etree.ElementTree

import pytest

from private_bus import OWN_USER, ROOT, CallError

XML = ROOT / "systemd/org.authtoken1.Manager.xml"
README_CALL = ["KickUser", "sa{sv}s", OWN_USER, "0", "left the company"]


def described(text):
    """{interface: {(kind, member): ((name, type, direction), ...)}} with annotations"""
    found = {}
    for interface in xml.etree.ElementTree.fromstring(text).iter("interface"):
        members = found.setdefault(interface.get("name"), {})
        for member in interface:
            arguments = tuple((arg.get("name"), arg.get("type"), arg.get("direction"))
                              for arg in member.iter("arg"))
            notes = tuple(sorted((note.get("name"), note.get("value"))
                                 for note in member.iter("annotation")))
            members[member.tag, member.get("name")] = (
                arguments, member.get("type"), member.get("access"), notes)
    return found


def live(caller, path="/org/authtoken1"):
    (text,) = caller.call("Introspect", path=path, interface="org.freedesktop.DBus.Introspectable")
    return text


def test_the_installed_description_is_what_is_there(other):
    installed = described(XML.read_text(encoding="utf-8"))
    assert list(installed) == ["org.authtoken1.Manager"]
    assert described(live(other))["org.authtoken1.Manager"] == installed["org.authtoken1.Manager"]


def test_there_is_one_object_with_one_interface_of_ours(other):
    interfaces = set(described(live(other)))
    assert {name for name in interfaces if not name.startswith("org.freedesktop.DBus.")} == {
        "org.authtoken1.Manager"}
    assert not list(xml.etree.ElementTree.fromstring(live(other)).iter("node"))[1:]


def test_the_only_property_is_the_version(other):
    (properties,) = other.call("GetAll", "('org.authtoken1.Manager',)",
                               interface="org.freedesktop.DBus.Properties")
    assert list(properties) == ["Version"]
    with pytest.raises(CallError):
        other.call("Set", "('org.authtoken1.Manager', 'Version', <'9'>)",
                   interface="org.freedesktop.DBus.Properties")


def test_there_is_no_object_manager(root):
    for path in ("/", "/org/authtoken1"):
        with pytest.raises(CallError):
            root.call("GetManagedObjects", path=path, interface="org.freedesktop.DBus.ObjectManager")


def test_the_status_names_nobody(root, other):
    token, sid = root.issue(OWN_USER)
    (status,) = other.call("GetStatus")
    text = json.dumps(status)
    assert OWN_USER not in text and sid not in text and token not in text
    assert status["store_type"] == "sqlite" and status["store_online"] is True
    assert status["keys"] == 1 and status["signing_key"]
    root.call("RevokeUser", f"('{OWN_USER}', '')")


def test_keys_are_told_without_their_private_halves(other):
    (keys,) = other.call("ListKeys")
    (jwks,) = other.call("GetJWKS")
    # What only seals refresh tokens has no public half to show.
    ((row,), (key,)) = ([row for row in keys if row["state"] != "refresh"], json.loads(jwks)["keys"])
    assert (row["kid"], row["algorithm"]) == (key["kid"], key["alg"])
    assert (row["signing"], row["private"]) == (True, True)
    assert not {"d", "k", "p", "q", "dp", "dq", "qi"} & set(key)


def test_everybody_hears_of_ends_and_learns_no_name(root, other):
    other.listen()
    _, sid = root.issue(OWN_USER)
    root.call("RevokeSession", f"('{sid}', 'stolen laptop')")
    ending = other.signal("SessionEnding", sid)
    assert ending[:2] == [sid, "session-revoked"] and ending[2] > 0
    assert other.signal("SessionEnded", sid) == [sid, "session-revoked"]
    _, sid = root.issue(OWN_USER)
    assert root.call("KickUser", f"('{OWN_USER}', @a{{sv}} {{}}, '')") == [0, 0]
    assert other.signal("SessionEnding", sid)[1] == "session-kicked"
    assert other.signal("SessionEnded", sid) == [sid, "session-kicked"]


def test_nor_does_an_id_tell_the_name_to_who_tries_some(root, other):
    """Everybody can read the names of users, and make digests of them."""
    other.listen()
    _, sid = root.issue(OWN_USER)
    root.call("RevokeSession", f"('{sid}', '')")
    assert other.signal("SessionEnded", sid)[0] == sid
    digest = base64.urlsafe_b64encode(hashlib.sha256(f"default\0{OWN_USER}".encode()).digest()).decode()
    assert sid[:10] != digest[:10]


def test_the_call_of_the_manual_works(bus, daemon, root):
    root.issue(OWN_USER)
    done = subprocess.run(
        ["busctl", f"--address={bus.address}", "call", "org.authtoken1", "/org/authtoken1",
         "org.authtoken1.Manager", *README_CALL], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "uu 0 0\n"), done.stderr
    assert root.sessions(OWN_USER) == set()


def test_a_reload_that_fails_says_where_and_changes_nothing(root, daemon):
    good = daemon.config.read_text()
    daemon.config.write_text(good + "\n[Token]\nColour=red\n")
    with pytest.raises(CallError) as refusal:
        root.call("Reload")
    assert refusal.value.name == "org.authtoken1.Error.Refused"
    number = len(good.splitlines()) + 3
    assert refusal.value.message.startswith(f"{daemon.config}:{number}: ")
    root.issue(OWN_USER)
    daemon.config.write_text(good)
    root.call("Reload")
    assert root.call("RevokeUser", f"('{OWN_USER}', '')") == [1]


def test_a_configuration_is_checked_without_a_daemon(tmp_path):
    def check(text):
        path = tmp_path / "authtokend.conf"
        path.write_text(text, encoding="ascii")
        return subprocess.run([os.environ["AUTHTOKEND"], "--check", "--config", path], capture_output=True, text=True,
                              timeout=60, check=False)

    good = check(f"[Daemon]\nStateDirectory={tmp_path}/state\nBus=session\n")
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    bad = check("[Token]\nLeeway=1h\n")
    assert bad.returncode == 1
    assert f"{tmp_path}/authtokend.conf:2: bad value for Leeway=" in bad.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "authtokend.conf"]
