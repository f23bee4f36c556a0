"""Cache of what programs made, such as built simulations, keyed by what it was made from."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from tilewright.cores.simulator import PROGRAM, Build, SharesParts, Simulator
from tilewright.errors import ToolError
from tilewright.verilog.source_files import compiled

KEPT_DAYS = 60
"""An entry that nobody asked for in so many days goes when another one is made."""

_ENTRY = re.compile(r".+-[0-9a-f]{32}\.[0-9a-f]{64}")
"""Name of an entry; what else lies in the folder, such as downloads, is not touched."""


def default_cache_dir() -> Path:
    """``$XDG_CACHE_HOME/tilewright`` if that is an absolute path, else ``~/.cache/tilewright``.

    Raises `ToolError` if this user has no home folder.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if base.is_absolute():
        return base / "tilewright"
    try:
        return Path.home() / ".cache" / "tilewright"
    except RuntimeError:
        raise ToolError(
            "builds are kept in the user's home folder, but this user has none: "
            "set XDG_CACHE_HOME to a folder that can be written"
        ) from None


def cached_build(
    simulator: Simulator,
    sources: Mapping[str, bytes],
    *,
    top: str,
    parameters: Mapping[str, int],
    cache_dir: Path | None,
    timeout_s: float,
    defines: tuple[str, ...] = (),
) -> Path:
    """The program that simulates `top`, built now if it never was.

    `sources` maps file names to contents; those that others include are not compiled, nor is a `MAIN`, which
    is the program's main. The key is a hash of the sources, the parameters, the macros and the simulator with
    its version and options. A build happens in a folder of its own and enters the cache by one rename, so any
    number of processes may request the same simulation at once. The name of an entry ends with the hash of
    its content, which is checked before each use: a damaged entry is built again. The key also holds the
    code that builds. What was not used for `KEPT_DAYS` is removed.

    Files that all builds of a simulator share (`SharesParts`) are kept there in the same way.

    Raises `ToolError` if the build fails, or the cache cannot be written or is another user's.
    """
    folder = own_folder(default_cache_dir() if cache_dir is None else cache_dir.absolute())
    key = _key(simulator, sources, top=top, parameters=parameters, defines=defines)
    stem = f"{simulator.name}-{key}."
    if (entry := kept(folder, stem)) is not None:
        return entry
    with tempfile.TemporaryDirectory(prefix="tilewright-build-") as name:
        workshop = Path(name)
        for file, content in sources.items():
            (workshop / file).parent.mkdir(parents=True, exist_ok=True)
            (workshop / file).write_bytes(content)
        with with_shared_parts(simulator, workshop, folder):
            texts = {file: content.decode("latin-1") for file, content in sources.items()}
            files = tuple(compiled(texts))
            simulator.build(Build(files, top, workshop, parameters, timeout_s, defines))
        return keep(workshop / PROGRAM, folder, stem)


@contextmanager
def with_shared_parts(simulator: Simulator, workshop: Path, folder: Path) -> Iterator[None]:
    """Put what earlier builds made into `workshop`, and after this one keep what was not there yet.

    `folder` is the cache, an `own_folder`.
    """
    parts = simulator.shared_parts() if isinstance(simulator, SharesParts) else {}
    stems = {
        part: f"part-{simulator.name}-{_digest([_facts(simulator), part, made_by])}."
        for part, made_by in parts.items()
    }
    entries = {part: kept(folder, stem) for part, stem in stems.items()}
    for part, entry in entries.items():
        if entry is not None:
            (workshop / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(entry, workshop / part)
    yield
    for part, entry in entries.items():
        if entry is None and (workshop / part).is_file():
            keep(workshop / part, folder, stems[part])


def kept(folder: Path, stem: str) -> Path | None:
    """The entry of that name in an `own_folder`, if it is ours and whole; one that is not is removed.

    `stem` ends with a point; the rest of the name is the hash of the content.
    """
    for entry in sorted(folder.glob(f"{stem}*")):
        if _is_ours(entry) and entry.name == stem + _sha256(entry):
            with suppress(OSError):  # it is as good where its time cannot be set
                os.utime(entry)
            return entry
        _remove(entry)
    return None


def own_folder(folder: Path) -> Path:
    """`folder`, made if it is not there, which from now on nobody but its owner, this user, can open.

    Raises `ToolError` if it is another user's, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=stat.S_IRWXU)
        found = folder.stat()
        if found.st_uid != os.geteuid():
            raise ToolError(
                f"the cache folder {folder} must belong to this user, whose programs are run from it, but "
                f"belongs to user {found.st_uid}: choose another one with XDG_CACHE_HOME"
            )
        if stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
            folder.chmod(stat.S_IRWXU)
    except OSError as error:
        raise _not_writable(folder, error) from None
    return folder


def _is_ours(entry: Path) -> bool:
    """Whether `entry` is a file, no link, that nobody but this user could have written."""
    found = entry.lstat()
    is_closed = not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and is_closed


def _sha256(program: Path) -> str:
    with program.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(entry: Path) -> None:
    try:
        entry.unlink(missing_ok=True)
    except OSError as error:
        raise _not_writable(entry.parent, error) from None


def _key(
    simulator: Simulator,
    sources: Mapping[str, bytes],
    *,
    top: str,
    parameters: Mapping[str, int],
    defines: tuple[str, ...],
) -> str:
    facts = _facts(simulator) | {
        "top": top,
        "parameters": dict(sorted(parameters.items())),
        "defines": defines,
        "sources": {name: hashlib.sha256(sources[name]).hexdigest() for name in sorted(sources)},
    }
    return _digest(facts)


@cache
def _how() -> str:
    """Hash of the code that starts simulators: flags that are not among their options are there."""
    files = [Path(__file__).with_name(name) for name in ("simulator.py", "build_cost.py")]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _facts(simulator: Simulator) -> dict[str, Any]:
    return {
        "how": _how(),
        "simulator": [simulator.name, simulator.version, *simulator.options],
        "machine": [platform.system(), platform.machine()],
    }


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def keep(program: Path, folder: Path, stem: str) -> Path:
    """Copy `program` into an `own_folder` under a temporary name, bring it to the disk, then rename it.

    Raises `ToolError` if the folder cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as name:
            copy = Path(shutil.copy(program, name))  # contents and execute bits
            copy.chmod(copy.stat().st_mode & ~(stat.S_IWGRP | stat.S_IWOTH))
            with copy.open("rb") as file:
                os.fsync(file.fileno())
            entry = folder / (stem + _sha256(copy))
            copy.replace(entry)
        _forget_unused(folder)
    except OSError as error:
        raise _not_writable(folder, error) from None
    return entry


def _forget_unused(folder: Path) -> None:
    """Remove entries that were not used for long; one that another process removes first is no failure."""
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for entry in folder.iterdir():
        if _ENTRY.fullmatch(entry.name):
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime < oldest:
                    entry.unlink()


def _not_writable(folder: Path, error: OSError) -> ToolError:
    return ToolError(
        f"the cache folder {folder} must be writable: {error.strerror or error}; "
        "choose another one with XDG_CACHE_HOME"
    )
