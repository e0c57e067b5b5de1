# SPDX-License-Identifier: MIT
"""The database of a running daemon: a copy over it makes the daemon refuse everything; making a copy of it does no
harm."""

import contextlib
import shutil
import sqlite3
import subprocess
import threading

import pytest

from frames import OK
from private_bus import OTHER_USER, OWN_USER, CallError
from token_login import log_in

N_CHANGES = 300
REFUSAL = "removed, overwritten or replaced under the running daemon; restart it"


@pytest.fixture
def database(root, daemon):
    yield daemon.directory / "state/state.db"
    daemon.restart(root)
    for user in (OWN_USER, OTHER_USER):
        root.call("RevokeUser", f"('{user}', '')")


def live(root, user):
    with contextlib.suppress(CallError):
        return root.sessions(user)
    return None


def test_a_backup_over_it_ends_all_until_a_restart(root, daemon, database, tmp_path):
    token, sid = root.issue(OWN_USER)
    daemon.restart(root)
    shutil.copyfile(database, tmp_path / "backup.db")
    root.call("RevokeToken", f"('{sid}', '')")
    _, later = root.issue(OTHER_USER)
    daemon.restart(root)
    _, last = root.issue(OTHER_USER)
    subprocess.run(["cp", tmp_path / "backup.db", database], check=True)
    for session in (later, last):
        with pytest.raises(CallError) as refusal:
            root.call("RevokeToken", f"('{session}', '')")
        assert refusal.value.code == "store-offline"
    assert log_in(daemon, token)[0] != OK
    assert live(root, OTHER_USER) is None
    assert REFUSAL in daemon.log_text()
    daemon.restart(root)
    assert log_in(daemon, token)[0] == OK
    assert root.sessions(OTHER_USER) == set()
    assert "does not belong to it is put aside" in daemon.log_text()
    assert database.with_name("state.db-wal-stray").stat().st_size > 0


def look_at_it(database, copies):
    """As administrators and programs for backups do."""
    for path in (database, database.with_name("state.db-wal")):
        subprocess.run(["cp", "-p", path, copies], check=True)
        path.touch()
        path.chmod(0o640)
        path.chmod(0o600)
    with contextlib.closing(sqlite3.connect(database, timeout=0)) as file:
        for words in ("SELECT * FROM state", f"VACUUM INTO '{copies}/backup.db'", "DELETE FROM state"):
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                file.execute(words)
    with contextlib.closing(sqlite3.connect(f"file:{database}?immutable=1", uri=True)) as file, \
            contextlib.suppress(sqlite3.DatabaseError):
        file.execute("SELECT count(*) FROM state").fetchone()


def test_who_reads_it_under_load_is_no_writer(root, daemon, database, tmp_path):
    failures, rounds, over = [], [], threading.Event()
    before = daemon.log_text().count(REFUSAL)

    def look():
        try:
            while not over.is_set():
                look_at_it(database, tmp_path)
                rounds.append(1)
        except BaseException as failure:
            failures.append(failure)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        changes = 0
        while changes < N_CHANGES or (not rounds and not failures):
            _, sid = root.issue(OWN_USER)
            root.call("RevokeToken", f"('{sid}', '')")
            changes += 1
    finally:
        over.set()
        looking.join()
    assert failures == []
    daemon.restart(root)
    assert root.sessions(OWN_USER) == set()
    assert daemon.log_text().count(REFUSAL) == before
