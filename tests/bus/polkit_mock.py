#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A polkit that says what it is told to: JSON lines in, JSON lines out.

  polkit_mock.py ADDRESS

In:  {"answer": "yes" | "no" | "challenge" | "hang"} from now on
     {"release": "yes"} to all that hang
Out: {"ready": true} once, {"done": true} after each order, {"check": {...}}, {"cancel": ID}
"""

import json
import os
import sys

from gi.repository import Gio, GLib

NAME = "org.freedesktop.PolicyKit1"
PATH = "/org/freedesktop/PolicyKit1/Authority"
XML = """
<node>
  <interface name="org.freedesktop.PolicyKit1.Authority">
    <method name="CheckAuthorization">
      <arg name="subject" type="(sa{sv})" direction="in"/>
      <arg name="action_id" type="s" direction="in"/>
      <arg name="details" type="a{ss}" direction="in"/>
      <arg name="flags" type="u" direction="in"/>
      <arg name="cancellation_id" type="s" direction="in"/>
      <arg name="result" type="(bba{ss})" direction="out"/>
    </method>
    <method name="CancelCheckAuthorization">
      <arg name="cancellation_id" type="s" direction="in"/>
    </method>
  </interface>
</node>
"""


def tell(**row):
    print(json.dumps(row), flush=True)


class Polkit:
    def __init__(self, address):
        self.loop = GLib.MainLoop()
        self.answer = "no"
        self.held = []
        self.rest = b""
        self.bus = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.bus.connect("closed", lambda *_: self.loop.quit())
        interface = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
        self.bus.register_object(PATH, interface, self.on_call, None, None)
        Gio.bus_own_name_on_connection(self.bus, NAME, 0, lambda *_: tell(ready=True), None)
        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.IN | GLib.IOCondition.HUP,
                              self.on_input)

    def on_input(self, fd, _condition):
        data = os.read(fd, 1 << 16)
        if not data:
            self.loop.quit()
            return False
        *rows, self.rest = (self.rest + data).split(b"\n")
        for row in map(json.loads, rows):
            self.answer = row.get("answer", self.answer)
            if "release" in row:
                held, self.held = self.held, []
                for invocation in held:
                    self.reply(invocation, row["release"])
            tell(done=True)
        return True

    def on_call(self, _bus, _sender, _path, _interface, member, value, invocation):
        if member == "CancelCheckAuthorization":
            tell(cancel=value.unpack()[0])
            invocation.return_value(None)
            return
        (kind, subject), action, details, flags, cancellation = value.unpack()
        tell(check={"kind": kind, "subject": subject, "action": action, "details": details,
                    "flags": flags, "cancellation": cancellation})
        if self.answer == "hang":
            self.held.append(invocation)
        else:
            self.reply(invocation, self.answer)

    @staticmethod
    def reply(invocation, answer):
        result = (answer == "yes", answer == "challenge", {})
        invocation.return_value(GLib.Variant("((bba{ss}))", (result,)))


if __name__ == "__main__":
    Polkit(sys.argv[1]).loop.run()
