"""One run folder, one writer."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tilewright.errors import ArtifactError
from tilewright.pipeline.inventory import LOCK, remove_leftovers


@contextmanager
def locked_run(root: Path, command: str) -> Iterator[None]:
    """Hold the run folder `root`, which is made if it is not there, for `command`.

    The kernel holds the lock, so that it ends with the process, however that ends; the file says only who
    holds it, since when. What a killed command left half written is removed. A folder that stays empty is
    removed again. Of processes that train together, the first holds the folder for all.

    Raises `ArtifactError` if another process holds it, or the folder cannot be written.
    """
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    path = root / LOCK
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = _acquire(path)
    except OSError as error:
        raise ArtifactError(f"cannot lock {root}: {error.strerror or error}") from None
    try:
        os.truncate(handle, 0)
        os.write(handle, _owner(command).encode())
        remove_leftovers(root)
        yield
    finally:
        with suppress(OSError):
            _unlink(path, handle)
            root.rmdir()
        os.close(handle)


def _acquire(path: Path) -> int:
    """The open lock file, locked; it is the one at `path`, which a command that ends removes."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same(path, handle):
                return handle
        except BlockingIOError:
            owner = os.read(handle, 1000).decode(errors="replace") or "another command"
            os.close(handle)
            raise ArtifactError(
                f"{path.parent} must be written by one command at a time, but is held by {owner}: "
                "wait until that ends, or give another folder"
            ) from None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_same(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _unlink(path: Path, handle: int) -> None:
    if _is_same(path, handle):
        path.unlink()


def _owner(command: str) -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return f"'tilewright {command}' (process {os.getpid()} on {socket.gethostname()}) since {since}"
