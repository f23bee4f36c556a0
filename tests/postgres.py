"""A PostgreSQL server of the test's own, on loopback, from the programs of Debian's package."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER = "postgres"


def _program(name: str) -> str:
    places = [
        shutil.which(name),
        *sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))),
    ]
    found = next((place for place in places if place), None)
    if found is None:
        pytest.skip(f"there is no {name}: install PostgreSQL's server")
    return found


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of an empty database; a server refuses to run as root, who becomes its user."""
    initdb, server = _program("initdb"), _program("postgres")
    who = {"user": USER} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="tilewright-postgres-"))
    if who:
        shutil.chown(folder, USER)
    data = folder / "data"
    subprocess.run(
        [initdb, "-D", data, "-U", USER, "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=folder,
        **who,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
    process = subprocess.Popen(
        [server, "-D", data, "-p", str(port), "-k", folder, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        **who,
    )
    try:
        _wait(port)
        yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)  # it waits for no client
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("PostgreSQL did not start")
