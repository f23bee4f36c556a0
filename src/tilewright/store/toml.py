"""TOML from outside: read, or refused in one line, whatever is in it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tilewright.errors import ConfigError

MAX_DEPTH = 16
"""Tables and lists within each other; a file of ours has three."""

MAX_BYTES = 1 << 22
"""Of a file: a configuration has some thousand."""


def tables_of(text: str) -> dict[str, Any]:
    """The tables of `text`; raises `ConfigError` that says why if it is no TOML, or too deep.

    A byte order mark, which some editors write, is no part of it.
    """
    try:
        tables = tomllib.loads(text.removeprefix("\ufeff"))
        _check_depth(tables)
    except (ValueError, RecursionError) as error:  # also an integer of thousands of digits
        raise ConfigError(str(error)[:200]) from None
    return tables


def parse_toml(text: str, origin: str, *, needs: str = "") -> dict[str, Any]:
    """As `tables_of`; the error names `origin`, and what the TOML `needs`."""
    try:
        return tables_of(text)
    except ConfigError as error:
        raise ConfigError(f"{origin} must be TOML{needs}: {error}") from None


def read_toml(path: Path, *, needs: str = "") -> dict[str, Any]:
    """As `parse_toml`, of a file; raises `ConfigError` also if it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(
            f"{path} must be TOML of at most {MAX_BYTES:,} bytes, not {len(content):,}"
        )
    try:
        return parse_toml(content.decode(), str(path), needs=needs)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} must be TOML: {error}") from None


def _check_depth(value: object) -> None:
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        inner = [item for table in level if isinstance(table, dict) for item in table.values()]
        inner += [item for entries in level if isinstance(entries, list) for item in entries]
        level = [item for item in inner if isinstance(item, dict | list)]
        if not level:
            return
    raise ValueError(f"tables and lists may stand in each other {MAX_DEPTH} times, not more")
