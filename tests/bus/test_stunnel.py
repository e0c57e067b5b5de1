# SPDX-License-Identifier: MIT
"""Redis beyond the host, over stunnel, as the manual says: verified on both sides."""

import socket
import stat

import pytest

import redis_server
from frames import OK
from private_bus import OWN_USER, wait_until
from token_login import log_in
from tunnel import NAME, Authority, Impostor, Stunnel, Tunnel, free_port


@pytest.fixture(scope="module")
def tunnel(bus, redis):
    started = Tunnel(bus.directory / "tunnel", redis.socket)
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def store(bus, redis, tunnel):
    redis_server.make_keys(bus.directory)
    return redis.store_at(tunnel.socket)


@pytest.fixture(scope="module")
def token(root):
    return root.issue(OWN_USER)[0]


def works(daemon, token):
    return log_in(daemon, token)[0] == OK


def is_online(root):
    (status,) = root.call("GetStatus")
    return status["store_online"]


def test_logins_go_by_the_tunnel(redis, daemon, token):
    assert works(daemon, token)
    assert redis.run("EXISTS", f"authtoken:default:u:{OWN_USER}") == "1"


def test_its_socket_is_for_the_daemons_group_only(tunnel):
    assert stat.S_IMODE(tunnel.socket.stat().st_mode) == 0o770


@pytest.mark.parametrize("end", ["client", "server"])
def test_an_end_that_died_takes_the_store_away_until_it_is_back(tunnel, daemon, root, token, end):
    getattr(tunnel, end).kill()
    wait_until(lambda: not is_online(root), "the daemon to notice")
    assert not works(daemon, token)
    getattr(tunnel, f"start_{end}")()
    wait_until(lambda: works(daemon, token), "the store")
    assert is_online(root)


def answer(tunnel, directory, name, text):
    """The answer of the tunnel to a PING from another client."""
    path = directory / f"{name}.sock"
    client = Stunnel(directory, name, text.replace(str(tunnel.socket), str(path)))
    client.start()
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(20)
            peer.connect(str(path))
            peer.sendall(b"PING\r\n")
            return peer.recv(100)
    except ConnectionError:
        return b""
    finally:
        client.kill()


def test_the_server_takes_nobody_without_a_certificate_of_its_authority(tunnel, tmp_path):
    text = tunnel.text("stunnel-redis-client.conf")
    assert answer(tunnel, tmp_path, "right", text) == b"+PONG\r\n"
    without = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("cert =", "key =")))
    assert without != text
    assert answer(tunnel, tmp_path, "without", without) == b""
    stranger = Authority(tmp_path / "stranger")
    stranger.issue("host", "host.example.com")
    host = tunnel.authority.directory / "host"
    assert answer(tunnel, tmp_path, "stranger", text.replace(str(host), str(stranger.directory / "host"))) == b""


@pytest.fixture(params=["another authority", "another name", "no TLS"])
def impostor(request, tunnel, tmp_path):
    certificate = None
    if request.param == "another authority":
        other = Authority(tmp_path / "other")
        other.issue("redis", NAME)
        certificate = other.directory / "redis.pem"
    elif request.param == "another name":
        tunnel.authority.issue("other", "other.example.com")
        certificate = tunnel.authority.directory / "other.pem"
    tunnel.server.kill()
    started = Impostor(tunnel.port, certificate)
    yield started
    started.stop()
    tunnel.server.start()


def test_an_impostor_is_sent_nothing(tunnel, daemon, root, token, impostor):
    wait_until(lambda: impostor.n_connections >= 2, "the daemon to come by twice")
    assert not works(daemon, token)
    assert not is_online(root)
    if impostor.certificate:
        assert impostor.received == b""
    assert b"AUTH" not in impostor.received and redis_server.PASSWORD.encode() not in impostor.received


def test_the_store_is_back_after_all_of_it(daemon, token):
    wait_until(lambda: works(daemon, token), "the store")


def test_the_impostor_would_have_seen_it(tmp_path):
    """Without this the test above could not fail."""
    authority = Authority(tmp_path)
    authority.issue("redis", NAME)
    port = free_port()
    impostor = Impostor(port, authority.directory / "redis.pem")
    client = Stunnel(tmp_path, "client", f"foreground = yes\npid =\n[redis]\nclient = yes\naccept = {tmp_path}/sock\n"
                     f"connect = 127.0.0.1:{port}\n")
    client.start()
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(tmp_path / "sock"))
        peer.sendall(b"AUTH x\r\n")
        wait_until(lambda: b"AUTH" in impostor.received, "what was sent")
    client.kill()
    impostor.stop()
