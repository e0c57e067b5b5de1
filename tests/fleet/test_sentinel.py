# SPDX-License-Identifier: MIT
"""A Redis with replicas and three sentinels: the daemon finds the master and follows it."""

import contextlib
import socket
import threading
import time

import pytest

import redis_server
from fleet import running
from private_bus import OWN_USER, CallError, host_on, private_bus, wait_until
from replicated_redis import HOST, NAME, PASSWORD, USER, replicated

FOLLOWED_SECONDS = 5
MEMORY_MAX_KIB = 64 * 1024


@contextlib.contextmanager
def host_of(store, more=""):
    with private_bus() as bus:
        redis_server.make_keys(bus.directory)
        secret = bus.directory / "redis.password"
        secret.write_text(PASSWORD + "\n", encoding="ascii")
        secret.chmod(0o600)
        with host_on(bus, f"{store}Username={USER}\nPasswordFile={secret}\nTimeout=500ms\n{more}") as host:
            yield host


@pytest.fixture
def redis():
    with replicated() as started:
        yield started


def is_online(host):
    (status,) = host.root.call("GetStatus")
    return status["store_online"]


def wait_online(host, online=True):
    wait_until(lambda: is_online(host) == online, f"the store to be online: {online}")


def answers(host, token):
    try:
        host.root.call("ValidateToken", f"('{token}', @a{{sv}} {{}})")
    except CallError as error:
        assert error.code in ("store-offline", "store-timeout", "store-refused"), error
        return False
    return True


def wait_for_line(host, text):
    wait_until(lambda: text in host.daemon.log_text(), f"{text!r} in the journal")


def connections_to(server):
    clients = server.ask_as_admin("CLIENT", "LIST").splitlines()
    return [line for line in clients if "name=authtokend" in line]


def test_a_master_that_is_killed_is_replaced(redis):
    with host_of(redis.store()) as host:
        wait_online(host)
        token, _ = host.root.issue(OWN_USER)
        assert answers(host, token)
        wait_until(lambda: redis.master.ask_as_admin("WAIT", "2", "1000"), "replicas")
        switches = redis.switches()
        redis.master.kill()
        switched_at, port = wait_until(lambda: switches.seen, "another master", 60)[0]
        wait_until(lambda: answers(host, token), "the new master to be used")
        took = time.monotonic() - switched_at
        print(f"used {took:.2f} s after +switch-master")
        assert took <= FOLLOWED_SECONDS
        assert port != redis.master.port
        assert connections_to(redis.find(port))
        wait_for_line(host, f"sentinels: the master is tcp:{HOST}:{port}")
        assert host.root.issue(OWN_USER)


def test_a_master_that_hung_is_left_for_good(redis):
    """The old master's data, and what it acknowledged after the election, do not count."""
    with host_of(redis.store()) as host:
        wait_online(host)
        token, _ = host.root.issue(OWN_USER)
        switches = redis.switches()
        redis.master.stop_for_a_while()
        _, port = wait_until(lambda: switches.seen, "another master", 60)[0]
        wait_until(lambda: answers(host, token), "the new master to be used", FOLLOWED_SECONDS)
        redis.master.go_on()
        host.root.call("RevokeUser", f"('{OWN_USER}', '')")
        assert not host.root.sessions(OWN_USER)
        wait_until(lambda: redis.master.info("replication", "role") == "slave", "the old master to be demoted", 30)
        assert not connections_to(redis.master)
        assert connections_to(redis.find(port))


def test_an_old_master_on_our_side_of_a_split_is_left_though_it_says_that_it_is_the_master(redis):
    with host_of(redis.store()) as host:
        wait_online(host)
        assert connections_to(redis.master)
        switches = redis.switches()
        # It answers us as before, and the sentinels no more.
        redis.master.ask("ACL", "SETUSER", "default", "off")
        redis.master.ask_as_admin("CLIENT", "KILL", "USER", "default")
        switched_at, port = wait_until(lambda: switches.seen, "another master", 60)[0]
        wait_until(lambda: connections_to(redis.find(port)) and is_online(host), "the new master to be used")
        assert time.monotonic() - switched_at <= FOLLOWED_SECONDS
        assert redis.master.ask_as_admin("ROLE").startswith("master")
        wait_until(lambda: not connections_to(redis.master), "the old master to be left", FOLLOWED_SECONDS)


def test_a_demoted_master_is_left_also_without_sentinels():
    with replicated(n_replicas=1, n_sentinels=0) as redis:
        with host_of(f"Type=redis\nAddress={redis.master.address}\n") as host:
            wait_online(host)
            redis.master.ask("REPLICAOF", HOST, str(redis.replicas[0].port))
            wait_online(host, False)
            wait_for_line(host, "the server is a replica, and not the master")
            with pytest.raises(CallError) as refusal:
                host.root.issue(OWN_USER)
            assert refusal.value.code in ("store-offline", "store-refused")
            redis.master.ask("REPLICAOF", "NO", "ONE")
            wait_online(host)


def test_a_replica_is_refused():
    with replicated(n_replicas=1, n_sentinels=0) as redis:
        with host_of(f"Type=redis\nAddress={redis.replicas[0].address}\n") as host:
            wait_for_line(host, "the server is a replica, and not the master")
            assert not is_online(host)


def test_without_sentinels_the_master_stays_the_master(redis):
    with host_of(redis.store()) as host:
        wait_online(host)
        for sentinel in redis.sentinels:
            sentinel.kill()
        wait_for_line(host, f"no sentinel answers; {redis.master.address} stays the master")
        token, _ = host.root.issue(OWN_USER)
        assert answers(host, token)
        for sentinel in redis.sentinels:
            sentinel.start()
        wait_for_line(host, f"sentinel {redis.sentinels[0].address}: answers again")
        assert answers(host, token)


def test_sentinels_that_ask_for_a_login_get_it():
    with replicated(n_replicas=1, n_sentinels=1) as redis:
        sentinel = redis.sentinels[0]
        sentinel.ask("ACL", "SETUSER", "guest", "on", ">of-the-sentinels", "+sentinel|get-master-addr-by-name",
                     "+sentinel|master", "+client|setname")
        sentinel.ask("ACL", "SETUSER", "default", "off")
        with private_bus() as bus:
            redis_server.make_keys(bus.directory)
            for name, text in (("store", PASSWORD), ("sentinel", "of-the-sentinels")):
                (bus.directory / name).write_text(text, encoding="ascii")
                (bus.directory / name).chmod(0o600)
            logins = (f"Username={USER}\nPasswordFile={bus.directory}/store\n"
                      f"SentinelUsername=guest\nSentinelPasswordFile={bus.directory}/sentinel\n")
            with host_on(bus, redis.store(more=logins)) as host:
                wait_online(host)
                assert "of-the-sentinels" not in host.daemon.log_text()
        with host_of(redis.store()) as host:
            wait_for_line(host, f"sentinel {sentinel.address}: the server refuses everything without a login")
            assert not is_online(host)


def test_after_a_failover_a_kick_ends_logins_on_other_hosts(redis):
    secret = redis.directory / "password"
    secret.write_text(PASSWORD, encoding="ascii")
    secret.chmod(0o600)
    store = redis.store(more=f"Username={USER}\nPasswordFile={secret}\nTimeout=500ms\n")
    with running(2, store=store) as fleet:
        for host in fleet.hosts:
            wait_until(lambda caller=host.root: watches(caller), "the store")
        token, sid = fleet.hosts[0].root.issue(OWN_USER)
        logins = fleet.log_in_everywhere(token)
        assert redis.master.ask_as_admin("WAIT", "2", "1000")
        switches = redis.switches()
        redis.master.kill()
        wait_until(lambda: switches.seen, "another master", 60)
        for host in fleet.hosts:
            wait_until(lambda caller=host.root: watches(caller), "the new master to tell of changes")
            assert host.root.sessions(OWN_USER) == {sid}
        assert not fleet.logind.ended
        at = fleet.kick(host=0)
        ended = fleet.logind.wait_ended(logins)
        assert ended[logins[1]] - at < FOLLOWED_SECONDS


def watches(caller):
    (status,) = caller.call("GetStatus")
    return status["store_online"] and status["store_watching"]


class Liar:
    """Says the same to whoever connects, whatever they say."""

    def __init__(self, answer, again=False):
        self.listener = socket.create_server((HOST, 0))
        self.address = f"tcp:{HOST}:{self.listener.getsockname()[1]}"
        self.answer, self.again = answer, again
        self.n_asked = 0
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self.lie, args=(peer,), daemon=True).start()

    def lie(self, peer):
        with peer, contextlib.suppress(OSError):
            while peer.recv(4096):
                self.n_asked += 1
                peer.sendall(self.answer)
                while self.again:
                    peer.sendall(self.answer)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def of_strings(*texts):
    return (f"*{len(texts)}\r\n" + "".join(f"${len(text)}\r\n{text}\r\n" for text in texts)).encode()


LIES = {
    "nonsense": (b"HTTP/1.1 200 OK\r\n\r\n", False),
    "an array of a billion": (b"*1000000000\r\n", False),
    "a string without end": (b"$2000000000\r\n" + b"x" * 65536, True),
    "arrays in arrays": (b"*1\r\n" * 5000, False),
    "answers without end": (of_strings(HOST, "1") * 100, True),
    "a host's name": (b"+OK\r\n" + of_strings("redis.example", "6379"), False),
    "a number": (b":1\r\n" * 2, False),
    "nil": (b"*-1\r\n" * 2, False),
    "another host": (b"+OK\r\n" + of_strings("192.0.2.1", "6379"), False),
    "silence": (b"", False),
}


def memory_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


@pytest.fixture(scope="module")
def honest():
    with replicated(n_replicas=1, n_sentinels=2) as started:
        yield started


@pytest.mark.parametrize("lie", LIES)
def test_a_sentinel_that_lies_does_no_harm(honest, lie):
    """It is the first of three, and the others say the truth."""
    liar = Liar(*LIES[lie])
    try:
        with host_of(honest.store([liar.address, *honest.sentinels])) as host:
            wait_online(host)
            before = memory_kib(host.daemon.process)
            seen = liar.n_asked
            wait_until(lambda: liar.n_asked >= seen + 2, "it to be asked again")
            token, _ = host.root.issue(OWN_USER)
            assert answers(host, token)
            assert memory_kib(host.daemon.process) - before < MEMORY_MAX_KIB
            host.root.call("RevokeUser", f"('{OWN_USER}', '')")
    finally:
        liar.stop()


def test_a_sentinel_alone_is_believed_of_a_newer_election_only(honest):
    """The master that it names answers, and is a master: of something else, or of an older time."""
    with replicated(n_replicas=0, n_sentinels=0) as other:
        words = of_strings(HOST, str(other.master.port))
        liar = Liar(b"+OK\r\n" + words)
        try:
            with host_of(honest.store([liar.address, *honest.sentinels])) as host:
                wait_online(host)
                for sentinel in honest.sentinels:
                    sentinel.stop_for_a_while()
                wait_until(lambda: liar.n_asked >= 8, "it to be asked")
                assert connections_to(honest.master)
                assert not connections_to(other.master)
        finally:
            liar.stop()
            for sentinel in honest.sentinels:
                sentinel.go_on()


def test_a_master_of_another_name_is_not_known(honest):
    with host_of(honest.store(more=f"SentinelName={NAME}s\n")) as host:
        wait_for_line(host, "knows no master of this SentinelName=")
        assert not is_online(host)
