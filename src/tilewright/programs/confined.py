"""Run a function in a process of its own, with an end to its time and memory.

For outside code that a few bytes of input can keep busy for minutes, or that takes all memory, and that hears
no signal meanwhile: here the parent listens, and kills.
"""

from __future__ import annotations

import os
import pickle
import resource
import selectors
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from tilewright.errors import FormatError, TilewrightError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds of processor time, and as many of the clock times `patience`; bytes of memory to be added."""

    seconds: float
    memory: int = 3 << 29
    patience: float = 4.0


def confined(work: Callable[[], T], bounds: Bounds, *, what: str) -> T:
    """The result of `work`, which a forked process computes within `bounds`; it must be possible to pickle.

    Raises what `work` raises where that is a `TilewrightError`; `FormatError` that calls the work `what`
    where it does not end within `bounds`; and `RuntimeError` with the traceback for any other exception.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads: the child needs none
        child = os.fork()
    if child == 0:
        os.close(reading)
        _child(work, bounds, writing)
    os.close(writing)
    try:
        answer = _read(reading, bounds.seconds * bounds.patience)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)  # it has written all that it has to say
        os.waitpid(child, 0)
    if not answer:
        raise FormatError(
            f"{what} must be read in {bounds.seconds:g} s and {bounds.memory >> 20:,} MB, but takes more: "
            "remove what repeats or nests without end"
        )
    is_result, value = pickle.loads(answer)  # noqa: S301  # of a child of our own
    if is_result:
        return cast("T", value)
    raise value


def limit_processor_time(seconds: float) -> None:
    """From now on, this process has so many seconds; only within `confined`, elsewhere nothing happens."""
    if _is_confined:
        used = time.process_time()
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        soft = int(used + seconds) + 1
        if most != resource.RLIM_INFINITY:
            soft = min(soft, most)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, most))


_is_confined = False


def _child(work: Callable[[], Any], bounds: Bounds, writing: int) -> NoReturn:
    """Never returns: neither handlers nor buffers of the parent are this process's."""
    global _is_confined
    _is_confined = True
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        limit_processor_time(bounds.seconds)
        with suppress(ValueError, OSError):  # a system without such a limit
            _limit_memory(bounds.memory)
        _write(writing, _answer(work))
    finally:
        os._exit(0)


def _answer(work: Callable[[], Any]) -> bytes:
    """What `work` gives or raises; nothing if the memory does not suffice."""
    try:
        return pickle.dumps((True, work()))
    except TilewrightError as error:
        return pickle.dumps((False, error))
    except MemoryError:
        return b""
    except BaseException:
        return pickle.dumps((False, RuntimeError(traceback.format_exc())))


def _limit_memory(more: int) -> None:
    """`more` bytes of address space beyond those that are in use."""
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf(
        "SC_PAGE_SIZE"
    )
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + more if most == resource.RLIM_INFINITY else min(used + more, most)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, most))


def _write(writing: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(writing, view) :]


def _read(reading: int, seconds: float) -> bytes:
    """All that the child writes; nothing if it is late. Signals are heard meanwhile."""
    until = time.monotonic() + seconds
    parts: list[bytes] = []
    with selectors.DefaultSelector() as ready:
        ready.register(reading, selectors.EVENT_READ)
        while ready.select(max(0.0, until - time.monotonic())):
            part = os.read(reading, 1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
    return b""
