# SPDX-License-Identifier: MIT
"""authtoken-jwks-fetch against HTTPS servers of the test's own on loopback, good ones and others."""

import http.server
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("JWKS_FETCH", "")
KEYS = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIuaPcHURo", "kid": "a"}]}
LARGE = 300_000
SECONDS = 20

pytestmark = [pytest.mark.skipif(not PROGRAM, reason="JWKS_FETCH does not name what meson built"),
              pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is missing")]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """ca.pem trusts good.pem and old.pem, which has expired; bad.pem is nobody's."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("ca", "bad"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", folder / f"{name}.key",
                "-out", folder / f"{name}.pem")
    for name, names, dates in (("good", "IP:127.0.0.1,DNS:localhost", ("-days", "2")),
                               ("other", "DNS:other.example.org", ("-days", "2")),
                               ("old", "IP:127.0.0.1", ("-days", "-1"))):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout",
                folder / f"{name}.key", "-out", folder / f"{name}.csr")
        (folder / "extensions").write_text(f"subjectAltName={names}\n")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                "-CAcreateserial", *dates, "-extfile", folder / "extensions", "-out", folder / f"{name}.pem")
    return folder


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, body, status=200, size=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if size is None else size))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        base = self.server.base
        documents = {
            "/keys": KEYS,
            "/none": {"keys": []},
            "/encryption": {"keys": [{**KEYS["keys"][0], "use": "enc"}]},
            "/secret": {"keys": [{"kty": "oct", "k": "AAAA", "kid": "s"}]},
            "/no-set": {"sorry": True},
            "/.well-known/openid-configuration": {"issuer": base, "jwks_uri": f"{base}/keys"},
            "/slash/.well-known/openid-configuration": {"issuer": f"{base}/slash/", "jwks_uri": f"{base}/keys"},
            "/liar/.well-known/openid-configuration": {"issuer": base, "jwks_uri": f"{base}/keys"},
            "/elsewhere/.well-known/openid-configuration": {
                "issuer": f"{base}/elsewhere", "jwks_uri": "https://keys.example.org/keys"},
            "/plain/.well-known/openid-configuration": {
                "issuer": f"{base}/plain", "jwks_uri": base.replace("https", "http") + "/keys"},
            "/nowhere/.well-known/openid-configuration": {"issuer": f"{base}/nowhere"},
        }
        if self.path in documents:
            self.send(json.dumps(documents[self.path]).encode())
        elif self.path == "/page":
            self.send(b"<html>It works!</html>")
        elif self.path == "/moved":
            self.send(b"", 302, Location=f"{base}/keys")
        elif self.path == "/down":
            self.send(b"", 302, Location=f"http://127.0.0.1:{self.server.server_port}/keys")
        elif self.path == "/error":
            self.send(json.dumps(KEYS).encode(), 500)
        elif self.path == "/huge":
            self.send(json.dumps(KEYS).encode() + b" " * LARGE)
        elif self.path == "/endless":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(LARGE // 1000):
                self.wfile.write(b"3e8\r\n" + b" " * 1000 + b"\r\n")
        elif self.path == "/truncated":
            text = json.dumps(KEYS).encode()
            self.send(text[:-5], size=len(text))
            self.close_connection = True
        elif self.path == "/slow":
            self.server.released.wait(SECONDS)
        else:
            self.send(b"", 404)


class Server:
    def __init__(self, place, certificate):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None
        self.http.released = threading.Event()
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(place / f"{certificate}.pem", place / f"{certificate}.key")
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.base = self.http.base = f"http{'s' if certificate else ''}://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.released.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture(scope="module")
def server(place):
    started = Server(place, "good")
    yield started
    started.stop()


@pytest.fixture
def fetch(place, tmp_path):
    """Run it; (exit status, what it says). The copy of before is checked to be there after a failure."""
    output = tmp_path / "keys.json"

    def run(*arguments, ca=True):
        output.write_text("before")
        done = subprocess.run([PROGRAM, *arguments, "--output", output, *(["--ca", place / "ca.pem"] if ca else [])],
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        text = output.read_text()
        assert (text == "before") == (done.returncode != 0), done
        assert done.returncode != 0 or json.loads(text) == KEYS
        assert sorted(tmp_path.iterdir()) == [output], "nothing else is left behind"
        return done.returncode, done.stdout + done.stderr

    return run


def test_keys_are_fetched(fetch, server):
    status, said = fetch("--jwks", f"{server.base}/keys")
    assert status == 0 and "1 keys from" in said


@pytest.mark.parametrize("path", ["", "/slash/"])
def test_an_issuer_says_where_its_keys_are(fetch, server, path):
    assert fetch("--issuer", server.base + path)[0] == 0


@pytest.mark.parametrize(("path", "word"), [
    ("page", "not a JWK Set"), ("none", "not a JWK Set"), ("no-set", "not a JWK Set"), ("secret", "not a JWK Set"),
    ("encryption", "not a JWK Set"), ("moved", "302"), ("down", "302"), ("error", "500"), ("missing", "404"),
    ("huge", "Maximum file size"), ("endless", "larger than"), ("truncated", "bytes remaining"),
])
def test_what_is_no_set_of_keys_changes_nothing(fetch, server, path, word):
    status, said = fetch("--jwks", f"{server.base}/{path}")
    assert status == 1
    assert word in said and "stays as it was" in said


@pytest.mark.parametrize(("path", "word"), [
    ("/liar", "another issuer's"), ("/elsewhere", "--jwks-host"), ("/plain", "--jwks-host"), ("/nowhere", "no jwks_uri"),
])
def test_metadata_that_lead_elsewhere_are_refused(fetch, server, path, word):
    status, said = fetch("--issuer", server.base + path)
    assert status == 1 and word in said


def test_another_host_has_to_be_named(fetch, server):
    status, said = fetch("--issuer", f"{server.base}/elsewhere", "--jwks-host", "keys.example.org")
    assert status == 1 and "https://keys.example.org/keys" in said and "--jwks-host" not in said


@pytest.mark.parametrize("certificate", ["bad", "other", "old"])
def test_a_certificate_that_is_not_the_servers_is_refused(fetch, place, certificate):
    server = Server(place, certificate)
    try:
        status, said = fetch("--jwks", f"{server.base}/keys")
    finally:
        server.stop()
    assert status == 1 and "certificate" in said.lower()


def test_the_systems_certificates_do_not_know_it(fetch, server):
    status, said = fetch("--jwks", f"{server.base}/keys", ca=False)
    assert status == 1 and "certificate" in said.lower()


def test_plain_http_is_refused(fetch, place):
    server = Server(place, None)
    try:
        assert fetch("--jwks", f"{server.base}/keys") == (1, fetch("--jwks", f"{server.base}/keys")[1])
        assert "https:" in fetch("--jwks", f"{server.base}/keys")[1]
        assert fetch("--issuer", server.base)[0] == 1
    finally:
        server.stop()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://user:secret@127.0.0.1/keys", "https://", "ftp://127.0.0.1/"])
def test_what_is_no_place_for_keys_is_refused(fetch, url):
    assert fetch("--jwks", url)[0] == 1


@pytest.mark.parametrize("span", ["0", "601", "5s", "", "-1"])
def test_a_time_out_that_cannot_be_is_told(fetch, server, span):
    status, said = fetch("--jwks", f"{server.base}/keys", "--timeout", span)
    assert status == 2 and "--timeout" in said and "600" in said


def test_the_unit_gives_it_the_time_that_it_may_be_given():
    unit = (ROOT / "systemd" / "authtoken-jwks-fetch@.service.in").read_text(encoding="utf-8")
    minutes = int(re.search(r"^TimeoutStartSec=(\d+)min$", unit, re.MULTILINE).group(1))
    assert minutes * 60 > 2 * 600, "two documents, for each of which --timeout= takes 600 s"


def test_a_server_that_says_nothing_is_left(fetch, server):
    start = time.monotonic()
    status, said = fetch("--jwks", f"{server.base}/slow", "--timeout", "1")
    assert status == 1 and "timed out" in said.lower()
    assert time.monotonic() - start < SECONDS / 2


def test_a_copy_that_is_the_same_is_not_touched(place, server, tmp_path):
    output = tmp_path / "keys.json"
    words = [PROGRAM, "--jwks", f"{server.base}/keys", "--ca", place / "ca.pem", "--output", output]
    subprocess.run(words, check=True, timeout=SECONDS)
    before = output.stat()
    said = subprocess.run(words, check=True, timeout=SECONDS, capture_output=True, text=True).stdout
    assert "as they were" in said
    assert (before.st_ino, before.st_mtime_ns) == (output.stat().st_ino, output.stat().st_mtime_ns)
    assert before.st_mode & 0o777 == 0o644


def test_what_is_no_file_is_not_replaced_by_one(place, server, tmp_path):
    """As root that would be /dev/null and /dev/stdout, for every program of the host."""
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "elsewhere")
    for path in (pipe, link):
        done = subprocess.run([PROGRAM, "--jwks", f"{server.base}/keys", "--ca", place / "ca.pem", "--output", path],
                              capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 1 and "no regular file" in done.stderr
    assert pipe.is_fifo() and link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, pipe]


def test_a_directory_that_cannot_be_written_to_is_told(place, server):
    done = subprocess.run([PROGRAM, "--jwks", f"{server.base}/keys", "--ca", place / "ca.pem", "--output",
                           "/nonexistent/keys.json"], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 1 and "/nonexistent/keys.json" in done.stderr


@pytest.mark.parametrize("words", [[], ["--jwks", "https://a"], ["--output", "/x"],
                                   ["--jwks", "https://a", "--issuer", "https://a", "--output", "/x"],
                                   ["--jwks", "https://a", "--output", "/x", "--timeout", "0"]])
def test_usage(words):
    assert subprocess.run([PROGRAM, *words], capture_output=True, timeout=SECONDS, check=False).returncode == 2
