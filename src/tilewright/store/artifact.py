"""Files that one stage writes and the next one reads: atomic, hashed, without pickle.

An artifact is a pair: ``stem.safetensors`` holds the arrays, ``stem.json`` their sha256, what kind of
artifact they are and the facts beside them.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from tilewright.errors import ArtifactError

VERSION = 1
SEAL = "sha256"
"""The key under which a sealed file states the hash of the rest of it."""


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` so that a reader sees the old file or the new one, never a part.

    A device or a pipe (``/dev/stdout``) is written to, not replaced. Raises `ArtifactError` if the disk
    refuses (full, read-only); the old file is then untouched.
    """
    temporary = None
    try:
        if _takes_bytes(path):
            path.write_bytes(content)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ArtifactError(
            f"cannot write {path}: {error.strerror or error}; nothing was changed"
        ) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _takes_bytes(path: Path) -> bool:
    """Whether it is a device or a pipe, which has no older content."""
    return path.exists() and not path.is_file() and not path.is_dir()


def expect_file(path: Path) -> None:
    """Raise `ArtifactError`, before long work, if `path` is a folder or cannot have one around it."""
    if _takes_bytes(path):
        return
    around = next(folder for folder in path.absolute().parents if folder.exists())
    if path.is_dir():
        raise ArtifactError(f"{path} must be a file to write, but is a folder: name the file in it")
    if not around.is_dir() or not os.access(around, os.W_OK):
        raise ArtifactError(
            f"{path} must be a file to write, but {around} is no folder that can be written: name another"
        )


def write_json(path: Path, facts: object) -> None:
    """Write `facts` as indented JSON, atomically."""
    write_bytes(path, _json(facts))


def write_sealed(path: Path, facts: dict[str, Any]) -> None:
    """Write `facts` as `write_json` does, with the hash of these bytes as the last key."""
    write_bytes(path, _json(facts | {SEAL: sha256(_json(facts))}))


def read_sealed(path: Path) -> tuple[Any, bool]:
    """What `write_sealed` wrote, without the hash; and whether the file is the same in every byte.

    Raises `ArtifactError` if it is missing or no JSON.
    """
    content = read_bytes(path)
    facts = _parse(content, path)
    if not isinstance(facts, dict) or SEAL not in facts:
        return facts, False
    sealed = dict(facts)
    stated = sealed.pop(SEAL)
    return sealed, stated == sha256(_json(sealed)) and content == _json(sealed | {SEAL: stated})


def read_json(path: Path) -> Any:
    """Read a JSON file; raises `ArtifactError` if it is missing or damaged."""
    return _parse(read_bytes(path), path)


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def read_bytes(path: Path) -> bytes:
    """Read a file; raises `ArtifactError` if it is missing or unreadable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"cannot read {path}: {error.strerror or error}; check its name, or run the stage that writes it"
        ) from None


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file; raises `ArtifactError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {error.strerror or error}") from None


def write_artifact(
    stem: Path, kind: str, arrays: dict[str, np.ndarray[Any, Any]], facts: dict[str, Any]
) -> None:
    """Write the pair ``stem.safetensors`` and ``stem.json``."""
    from safetensors.numpy import save  # here: vector files are read and judged with numpy alone

    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    write_bytes(_with_suffix(stem, ".safetensors"), content)
    write_json(
        _with_suffix(stem, ".json"),
        {"kind": kind, "version": VERSION, "sha256": sha256(content), **facts},
    )


def read_artifact(stem: Path, kind: str) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
    """Read the pair back: arrays by name, and facts.

    Raises `ArtifactError` if it is missing, of another kind or version, or does not match its hash.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    facts_path, arrays_path = _with_suffix(stem, ".json"), _with_suffix(stem, ".safetensors")
    facts = read_json(facts_path)
    if not isinstance(facts, dict) or (facts.get("kind"), facts.get("version")) != (kind, VERSION):
        raise ArtifactError(
            f"{facts_path} must describe a {kind}, version {VERSION}: run the stage that writes it"
        )
    content = read_bytes(arrays_path)
    found = sha256(content)
    if found != facts.get("sha256"):
        raise ArtifactError(
            f"{arrays_path} must have sha256 {facts.get('sha256')}, as {facts_path.name} says, "
            f"but has {found}: it was damaged or altered; write it again"
        )
    try:
        return load(content), facts
    except SafetensorError as error:
        raise ArtifactError(f"{arrays_path} is not a safetensors file: {error}") from None


def _json(facts: object) -> bytes:
    return (json.dumps(facts, indent=2, allow_nan=False) + "\n").encode()


def _parse(content: bytes, path: Path) -> Any:
    try:
        return json.loads(content, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} must be JSON, but is damaged: {error}") from None


def _with_suffix(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
