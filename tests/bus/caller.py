#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A client of a private bus with a uid of its own: JSON lines in, JSON lines out.

  caller.py ADDRESS UID

In:  {"id": 1, "member": "ListSessions", "arguments": "(@a{sv} {},)", "interactive": true}
     {"id": 2, "listen": true}
     {"id": 3, "member": "GetStatus", "files": 16}
Out: {"name": ":1.4"} once, then {"id": 1, "value": [...]}, {"id": 1, "error": NAME, "message": TEXT},
     {"signal": MEMBER, "value": [...]}
"""

import json
import os
import sys

from gi.repository import Gio, GLib

NAME = "org.authtoken1"
PATH = "/org/authtoken1"
INTERFACE = "org.authtoken1.Manager"
FOREVER = 2**31 - 1


def tell(**row):
    print(json.dumps(row), flush=True)


class Caller:
    def __init__(self, address):
        self.loop = GLib.MainLoop()
        self.bus = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.bus.connect("closed", lambda *_: self.loop.quit())
        self.rest = b""
        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, 0, GLib.IOCondition.IN | GLib.IOCondition.HUP,
                              self.on_input)
        tell(name=self.bus.get_unique_name())

    def on_input(self, fd, _condition):
        data = os.read(fd, 1 << 20)
        if not data:
            self.loop.quit()
            return False
        *rows, self.rest = (self.rest + data).split(b"\n")
        for row in rows:
            self.do(json.loads(row))
        return True

    def do(self, order):
        if order.get("listen"):
            # The bus answers in order, so what comes after this reply is heard.
            self.bus.signal_subscribe(NAME, INTERFACE, None, None, None, 0, self.on_signal)
            order = {"id": order["id"], "destination": "org.freedesktop.DBus",
                     "path": "/org/freedesktop/DBus", "interface": "org.freedesktop.DBus",
                     "member": "GetId"}
        message = Gio.DBusMessage.new_method_call(
            order.get("destination", NAME), order.get("path", PATH),
            order.get("interface", INTERFACE), order["member"])
        if order.get("interactive"):
            message.set_flags(Gio.DBusMessageFlags.ALLOW_INTERACTIVE_AUTHORIZATION)
        if order.get("files"):
            files = Gio.UnixFDList.new()
            for _ in range(order["files"]):
                files.append(0)
            message.set_unix_fd_list(files)
        if "arguments" in order:
            message.set_body(GLib.Variant.parse(None, order["arguments"], None, None))
        self.bus.send_message_with_reply(message, 0, FOREVER, None, self.on_reply, order["id"])

    def on_reply(self, bus, result, number):
        try:
            reply = bus.send_message_with_reply_finish(result)
        except GLib.Error as error:
            tell(id=number, error="connection", message=error.message)
            return
        body = reply.get_body()
        value = body.unpack() if body else []
        if reply.get_message_type() == Gio.DBusMessageType.ERROR:
            tell(id=number, error=reply.get_error_name(), message=value[0] if value else "")
        else:
            tell(id=number, value=value)

    def on_signal(self, _bus, _sender, _path, _interface, member, value, _data=None):
        tell(signal=member, value=value.unpack())


def main():
    address, uid = sys.argv[1], int(sys.argv[2])
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    Caller(address).loop.run()


if __name__ == "__main__":
    main()
