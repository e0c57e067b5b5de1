# SPDX-License-Identifier: MIT
"""The real authtokend on a bus of its own, with callers of several uids and a polkit that obeys."""

import json
import os
import pathlib
import re
import select
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECONDS = 20

# Every Debian has them; their names are what the daemon finds for their uids.
OWN_USER, OWN_UID = "games", 5
OTHER_USER, OTHER_UID = "news", 9
STRANGE_UID = 3_000_000_000

BUS_CONFIG = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
        "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
        <type>system</type>
        <auth>EXTERNAL</auth>
        <listen>unix:path={directory}/bus</listen>
        <policy context="default">
                <allow user="*"/>
                <deny own="*"/>
                <deny send_type="method_call"/>
                <allow send_type="signal"/>
                <allow send_requested_reply="true" send_type="method_return"/>
                <allow send_requested_reply="true" send_type="error"/>
                <allow receive_type="method_call"/>
                <allow receive_type="method_return"/>
                <allow receive_type="error"/>
                <allow receive_type="signal"/>
                <allow send_destination="org.freedesktop.DBus"/>
                <allow send_destination="org.freedesktop.PolicyKit1"/>
        </policy>
        <policy user="root">
                <allow own="org.freedesktop.PolicyKit1"/>
        </policy>
        <include>{policy}</include>
</busconfig>
"""

DAEMON_CONFIG = """
[Daemon]
Socket={directory}/socket/pam.sock
RuntimeDirectory={directory}/run
StateDirectory={directory}/state
Bus=system
LogTarget=stderr
LogLevel=debug
[Store]
"""


class CallError(Exception):
    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.code = message.split(":")[0]


def wait_until(condition, what, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.01)
    return value


class Child:
    """A program that talks in JSON lines."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([sys.executable, "-B", HERE / program, *map(str, arguments)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.rows = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.rows.append(json.loads(line))
                self.changed.notify_all()
        with self.changed:
            self.rows.append({"ended": True})
            self.changed.notify_all()

    def write(self, **row):
        self.process.stdin.write(json.dumps(row) + "\n")
        self.process.stdin.flush()

    def find(self, condition, seconds=SECONDS):
        """The first row that fulfils the condition, waited for, and taken out."""
        with self.changed:
            def found():
                return next((row for row in self.rows if condition(row)), None)

            assert self.changed.wait_for(found, seconds), f"nothing came in {seconds} s"
            row = found()
            self.rows.remove(row)
            return row

    def seen(self, key):
        """The rows so far that have the key, left where they are."""
        with self.changed:
            return [row for row in self.rows if key in row]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


class Caller(Child):
    def __init__(self, bus, uid):
        super().__init__("caller.py", bus.address, uid)
        self.uid = uid
        self.n_calls = 0
        self.name = self.find(lambda row: "name" in row)["name"]

    def send(self, member, arguments=None, **options):
        self.n_calls += 1
        if arguments is not None:
            options["arguments"] = arguments
        self.write(id=self.n_calls, member=member, **options)
        return self.n_calls

    def result(self, number, seconds=SECONDS):
        row = self.find(lambda row: row.get("id") == number, seconds)
        if "error" in row:
            raise CallError(row["error"], row["message"])
        return row["value"]

    def call(self, member, arguments=None, **options):
        return self.result(self.send(member, arguments, **options))

    def listen(self):
        self.n_calls += 1
        self.write(id=self.n_calls, listen=True)
        self.result(self.n_calls)

    def signal(self, member, sid):
        return self.find(lambda row: row.get("signal") == member and row["value"][0] == sid)["value"]

    def issue(self, user, options="@a{sv} {}"):
        """(token, session id)"""
        token, _, info = self.call("IssueToken", f"('{user}', {options})")
        return token, info["session"]

    def sessions(self, user):
        (rows,) = self.call("ListSessions", f"({{'user': <'{user}'>}},)")
        return {row["session"] for row in rows}


class Polkit(Child):
    def __init__(self, bus):
        super().__init__("polkit_mock.py", bus.address)
        self.find(lambda row: "ready" in row)

    def order(self, **row):
        self.write(**row)
        self.find(lambda row: "done" in row)

    def answers(self, answer):
        """Answer this from now on, and forget what was asked before."""
        self.order(answer=answer)
        self.asked()

    def asked(self):
        """The questions since the last time; the answer to an order comes after all of them."""
        self.order()
        with self.changed:
            checks = [row["check"] for row in self.rows if "check" in row]
            self.rows = [row for row in self.rows if "check" not in row]
            return checks

    def next_question(self):
        return self.find(lambda row: "check" in row)["check"]

    def cancelled(self, cancellation):
        return self.find(lambda row: row.get("cancel") == cancellation)


class Bus:
    def __init__(self, directory, owner):
        self.directory = directory
        self.address = f"unix:path={directory}/bus"
        policy = (ROOT / "systemd/org.authtoken1.conf").read_text(encoding="utf-8")
        (directory / "policy.conf").write_text(policy.replace('user="authtoken"', f'user="{owner}"'))
        self.config = directory / "bus.conf"
        self.config.write_text(BUS_CONFIG.format(directory=directory, policy=directory / "policy.conf"))
        # dbus-daemon takes no uid without a name. The daemon does not see this file.
        for name, row in (("passwd", f"stranger:x:{STRANGE_UID}:{STRANGE_UID}::/:/bin/false\n"),
                          ("group", f"stranger:x:{STRANGE_UID}:\n")):
            (directory / name).write_text(pathlib.Path("/etc", name).read_text(encoding="utf-8") + row)
        self.environment = {**os.environ, "LD_PRELOAD": "libnss_wrapper.so",
                            "NSS_WRAPPER_PASSWD": str(directory / "passwd"),
                            "NSS_WRAPPER_GROUP": str(directory / "group")}
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self.config}", "--nofork", "--nopidfile",
             "--print-address=1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=self.environment)
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
        assert ready and self.process.stdout.readline(), "dbus-daemon does not start"

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        (self.directory / "bus").unlink(missing_ok=True)


class Daemon:
    def __init__(self, bus, uid=0, environment=None, store="Synchronous=off\n"):
        self.directory = bus.directory
        self.config = bus.directory / "authtokend.conf"
        # Tests of something else fail to log in as often as they like.
        limits = "" if "LoginFailures=" in store else "[Limits]\nLoginFailures=1000000\n"
        self.config.write_text(limits + DAEMON_CONFIG.format(directory=bus.directory) + store)
        self.log = bus.directory / "authtokend.log"
        for name in ("run", "socket", "state"):
            (bus.directory / name).mkdir(mode=0o700, exist_ok=True)
            os.chown(bus.directory / name, uid, uid)
        self.uid = uid
        self.environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus.address, **(environment or {})}
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [os.environ["AUTHTOKEND"], "--config", self.config], stderr=log, user=self.uid,
                group=self.uid, extra_groups=[], env=self.environment)

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        assert self.is_alive(), f"authtokend ended by itself:\n{self.log_text()}"
        self.process.terminate()
        assert self.process.wait(SECONDS) == 0, self.log_text()
        assert not re.search(r"Sanitizer|runtime error:", self.log_text()), self.log_text()


def is_served(caller):
    (owned,) = caller.call("NameHasOwner", "('org.authtoken1',)", destination="org.freedesktop.DBus",
                           path="/org/freedesktop/DBus", interface="org.freedesktop.DBus")
    return owned
