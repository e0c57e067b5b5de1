# SPDX-License-Identifier: MIT
"""What a fleet costs, and how fast a session that one host ends is ended on the others."""

import collections
import json
import os
import pathlib
import socket
import subprocess
import time

from deadline import SECONDS, wait_until

BATCH = 64  # the bus disconnects who waits for more than 128 answers
QUIET_SECONDS = 0.5
IDLE_COMMANDS_PER_HOST = 3  # in QUIET_SECONDS: pings, and the questions of this program
PATIENCE_SECONDS = 120
KICK_RATE = 1000  # a second
DEAD_PID = 2**22 + 1  # no kernel gives it to a process


def cpu_seconds(pid):
    """Of all its threads."""
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def memory_kib(pid):
    """What is its own."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError(f"no memory of {pid}")


def percentile(values, share):
    """The smallest value that at least that share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)]


def redis_info(fleet):
    rows = (line.split(":", 1) for line in fleet.redis.run("INFO").splitlines() if ":" in line)
    return {name: value for name, value in rows}


class Cost:
    """Processor time and traffic from its making until `stop()`."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.before = self.look()

    def look(self):
        info = redis_info(self.fleet)
        hosts = self.fleet.hosts
        return {
            "time": time.monotonic(),
            "daemons": [cpu_seconds(host.daemon.process.pid) for host in hosts],
            "buses": sum(cpu_seconds(host.bus.process.pid) for host in hosts),
            "logind": cpu_seconds(self.fleet.logind.process.pid),
            "redis": cpu_seconds(self.fleet.redis.process.pid),
            "commands": int(info["total_commands_processed"]),
            "in": int(info["total_net_input_bytes"]),
            "out": int(info["total_net_output_bytes"]),
        }

    def stop(self):
        after = self.look()
        self.seconds = after["time"] - self.before["time"]
        self.daemons = [b - a for a, b in zip(self.before["daemons"], after["daemons"])]
        for name in ("buses", "logind", "redis", "commands", "in", "out"):
            setattr(self, f"{name}_", after[name] - self.before[name])
        return self

    def rows(self):
        """(what, value, unit), all for one second."""
        n, seconds = len(self.daemons), self.seconds
        return [("processor, a daemon, mean", sum(self.daemons) / n / seconds * 1e3, "ms/s"),
                ("processor, the busiest daemon", max(self.daemons) / seconds * 1e3, "ms/s"),
                ("processor, Redis", self.redis_ / seconds * 1e3, "ms/s"),
                ("processor, all buses and the mocked logind", (self.buses_ + self.logind_) / seconds * 1e3, "ms/s"),
                ("Redis commands, a daemon", self.commands_ / n / seconds, "/s"),
                ("Redis reads, a daemon", self.in_ / n / seconds, "B/s"),
                ("Redis writes, a daemon", self.out_ / n / seconds, "B/s")]


def settle(fleet):
    """Until nothing goes on any more."""
    def is_quiet():
        before = int(redis_info(fleet)["total_commands_processed"])
        time.sleep(QUIET_SECONDS)
        return int(redis_info(fleet)["total_commands_processed"]) - before <= IDLE_COMMANDS_PER_HOST * len(fleet.hosts)

    wait_until(is_quiet, "a fleet that is at rest", PATIENCE_SECONDS)


def issue(fleet, users, host=0):
    """{user: (token, session id)}"""
    root, sessions = fleet.hosts[host].root, {}
    for start in range(0, len(users), BATCH):
        calls = [(user, root.send("IssueToken", f"('{user}', @a{{sv}} {{}})")) for user in users[start:start + BATCH]]
        for user, number in calls:
            token, _, info = root.result(number)
            sessions[user] = token, info["session"]
    return sessions


def log_in(fleet, wanted, brief=False):
    """Logins of (host's number, user, token), some at a time; in the same order."""
    logins = []
    for start in range(0, len(wanted), 4 * BATCH):
        some = [fleet.logind.open(*one, brief) for one in wanted[start:start + 4 * BATCH]]
        fleet.logind.wait_opened(some, PATIENCE_SECONDS)
        logins += some
    return logins


def kick(fleet, users, rate, hosts=(0,)):
    """{user: row of fleet-kick}: all were answered, and none with an error."""
    command = [os.environ["FLEET_KICK"], str(rate), *(str(fleet.hosts[number].directory) for number in hosts)]
    done = subprocess.run(command, input="".join(f"{user}\n" for user in users), stdout=subprocess.PIPE, text=True,
                          check=True, timeout=PATIENCE_SECONDS)
    rows = {row["user"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert set(rows) == set(users)
    errors = collections.Counter(row["error"] for row in rows.values() if "error" in row)
    assert not errors, errors
    return rows


def one_kick(fleet, user, seconds=SECONDS):
    """A login on each host, and a kick on the first: {host's number: seconds from the call until it ended there}."""
    token, _ = issue(fleet, [user])[user]
    logins = log_in(fleet, [(host.number, user, token) for host in fleet.hosts])
    settle(fleet)
    sent = kick(fleet, [user], 1)[user]["sent"] / 1e9
    return {login.host: at - sent for login, at in fleet.logind.wait_ended(logins, seconds).items()}


def prepare_storm(fleet, number, kickers):
    """{user: login}: each user has a session with a login on one host, and on none that kicks."""
    users = [f"storm{i}" for i in range(number)]
    others = [host.number for host in fleet.hosts if host.number not in kickers]
    sessions = issue(fleet, users)
    logins = log_in(fleet, [(others[i % len(others)], user, sessions[user][0]) for i, user in enumerate(users)], brief=True)
    settle(fleet)
    return dict(zip(users, logins))


def storm(fleet, logins, rate, kickers):
    """Kick all of the users at a rate. ([seconds from each call until the login ended], seconds in all, cost)"""
    cost = Cost(fleet)
    rows = kick(fleet, list(logins), rate, kickers)
    ended = fleet.logind.wait_ended(logins.values(), PATIENCE_SECONDS)
    cost.stop()
    sent = {user: row["sent"] / 1e9 for user, row in rows.items()}
    return ([ended[login] - sent[user] for user, login in logins.items()],
            max(ended.values()) - min(sent.values()), cost)


def write_records(fleet, host, sessions):
    """Login records of an authtokend that ended a moment ago; the processes of the logins are over while their logind
    sessions go on. {user: login} of {user: (token, session id)}"""
    user, (token, _) = next(iter(sessions.items()))
    first = host.log_in(token, user)
    (path,) = (host.directory / "run/logins").iterdir()
    template = json.loads(path.read_text(encoding="utf-8"))
    host.stop_daemon()
    path.unlink()
    logins = {}
    for number, (user, (_, sid)) in enumerate(sessions.items()):
        login = first._replace(id=f"r{number}")
        record = {**template, "id": f"{number:021}A", "session": sid, "user": user, "target": user, "logind": login.id,
                  "pid": DEAD_PID, "opened_logind": True}
        path = path.with_name(record["id"])
        path.write_text(json.dumps(record, separators=(",", ":")), encoding="utf-8")
        path.chmod(0o600)
        (host.directory / "sessions" / login.id).write_text(f"UID=5\nLEADER={DEAD_PID}\n", encoding="ascii")
        logins[user] = login
    host.daemon.start()
    host.wait_served()
    settle(fleet)
    assert len(list(path.parent.iterdir())) == len(sessions), "records that were not taken"
    return logins


def wait_connected(fleet):
    """When Redis got a connection that it had not had, in seconds of time.monotonic()."""
    with socket.socket(socket.AF_UNIX) as redis:
        redis.connect(str(fleet.redis.socket))

        def count():
            redis.sendall(b"INFO stats\r\n")
            data = b""
            while b"total_connections_received" not in data or not data.endswith(b"\r\n"):
                data += redis.recv(65536)
            return int(data.split(b"total_connections_received:")[1].split()[0])

        before = count()
        yield
        end = time.monotonic() + SECONDS
        while count() == before:
            assert time.monotonic() < end, "nobody connects"
        yield time.monotonic()


def come_back(fleet):
    """Close every connection: seconds until all are there again."""
    wanted = int(redis_info(fleet)["connected_clients"])
    at = time.monotonic()
    for kind in ("normal", "pubsub"):
        fleet.redis.run("CLIENT", "KILL", "TYPE", kind)
    wait_until(lambda: int(redis_info(fleet)["connected_clients"]) >= wanted, "connections", PATIENCE_SECONDS)
    return time.monotonic() - at


def after_cut(fleet, host, ending):
    """Cut a host off, kick some of its users elsewhere, mend it: seconds from its reconnect until each of their logins
    was told to end."""
    host.cut()
    kick(fleet, list(ending), KICK_RATE)
    connected = wait_connected(fleet)
    next(connected)
    host.mend()
    at = next(connected)
    ended = fleet.logind.wait_ended(ending.values(), PATIENCE_SECONDS)
    return [end - at for end in ended.values()]
