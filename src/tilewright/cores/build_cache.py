"""Cache of built simulations, keyed by the sources and parameters they were built from."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tilewright.cores.simulator import PROGRAM, Build, Simulator
from tilewright.errors import ToolError


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
) -> Path:
    """The program that simulates `top`, built now if it never was.

    `sources` maps file names to contents. The key is a hash of the sources, the parameters and the
    simulator with its version and options. A build happens in a folder of its own and enters the
    cache by one rename, so any number of processes may request the same simulation at once.

    Raises `ToolError` if the build fails or the cache cannot be written.
    """
    folder = default_cache_dir() if cache_dir is None else cache_dir.absolute()
    key = _key(simulator, sources, top=top, parameters=parameters)
    entry = folder / f"{simulator.name}-{key}"
    if entry.is_file():
        return entry
    with tempfile.TemporaryDirectory(prefix="tilewright-build-") as name:
        workshop = Path(name)
        for file, content in sources.items():
            (workshop / file).write_bytes(content)
        simulator.build(Build(tuple(sources), top, workshop, parameters, timeout_s))
        _enter(workshop / PROGRAM, entry)
    return entry


def _key(
    simulator: Simulator, sources: Mapping[str, bytes], *, top: str, parameters: Mapping[str, int]
) -> str:
    facts = {
        "simulator": [simulator.name, simulator.version, *simulator.options],
        "machine": [platform.system(), platform.machine()],
        "top": top,
        "parameters": dict(sorted(parameters.items())),
        "sources": {name: hashlib.sha256(sources[name]).hexdigest() for name in sorted(sources)},
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _enter(program: Path, entry: Path) -> None:
    """Copy `program` into the cache under a temporary name, then rename it."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=".new-") as name:
            shutil.copy(program, name)  # contents and execute bits
            (Path(name) / program.name).replace(entry)
    except OSError as error:
        raise ToolError(
            f"the cache folder {entry.parent} must be writable: {error.strerror or error}; "
            "choose another one with XDG_CACHE_HOME"
        ) from None
