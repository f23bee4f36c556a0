"""One folder, one writer."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tilewright.errors import ArtifactError

LOCK = ".lock"
"""Name of the file in the folder."""

LOOK_S = 0.1
"""`is_held` holds a lock for less than this."""


@contextmanager
def locked_folder(
    root: Path, command: str, *, wait: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the folder `root`, which is made if it is not there, for `command`.

    The kernel holds the lock, so that it ends with the process, however that ends; the file says only who
    holds it, since when. A folder that stays empty is removed again.

    wait: where another process holds it, is told who, once, and the folder is waited for; None: that is an
    error. Raises `ArtifactError` if another process holds it, or the folder cannot be written.
    """
    path = root / LOCK
    try:
        handle = _acquire(root, wait)
    except OSError as error:
        raise ArtifactError(f"cannot lock {root}: {error.strerror or error}") from None
    try:
        os.truncate(handle, 0)
        os.write(handle, _owner(command).encode())
        yield
    finally:
        with suppress(OSError):
            _unlink(path, handle)
            root.rmdir()
        os.close(handle)


def is_held(root: Path) -> bool:
    """Whether a living process holds the folder `root`."""
    try:
        handle = os.open(root / LOCK, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _acquire(root: Path, wait: Callable[[str], None] | None) -> int:
    """The open lock file, locked; it is the one in `root`, which a command that ends removes."""
    since, told = time.monotonic(), False
    while True:
        root.mkdir(parents=True, exist_ok=True)
        handle, owner = _try(root / LOCK)
        if handle is not None:
            return handle
        if time.monotonic() - since > LOOK_S and not told:
            if wait is None:
                raise ArtifactError(
                    f"{root} must be written by one command at a time, but is held by {owner}: "
                    "wait until that ends, or give another folder"
                )
            wait(owner)
            told = True
        time.sleep(LOOK_S / 2)


def _try(path: Path) -> tuple[int | None, str]:
    """The lock file, open and locked; None and who holds it, if that is another."""
    while True:
        with ExitStack() as stack:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None, os.read(handle, 1000).decode(errors="replace") or "another command"
            if _is_same(path, handle):
                stack.pop_all()
                return handle, ""


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
