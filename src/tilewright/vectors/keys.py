"""Checks of parsed TOML and JSON: which keys, and of which type."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from tilewright.errors import ConfigError

Types = type | tuple[type, ...]


def check_keys(
    facts: object,
    where: str,
    *,
    required: Mapping[str, Types],
    optional: Mapping[str, Types] | None = None,
    examples: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return `facts` if it is a table with exactly the `required` and possibly the `optional` keys.

    Raises `ConfigError` that names the missing keys, with `examples` of them, or the first unknown or
    ill-typed one, the nearest and the valid ones.
    """
    if not isinstance(facts, dict):
        raise ConfigError(f"{where} must be a table of keys and values, not {_shown(facts)}")
    valid = {**required, **(optional or {})}
    missing = [key for key in required if key not in facts]
    if missing:
        names = f"key{'s' * (len(missing) > 1)} {', '.join(map(repr, missing))}"
        told = [examples[key] for key in missing if key in examples] if examples else []
        example = f"; for example {', '.join(told)}" if told else ""
        raise ConfigError(
            f"{where} must have the {names}; found {', '.join(facts) or 'none'}{example}"
        )
    for key, value in facts.items():
        if key not in valid:
            near = get_close_matches(key, valid, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise ConfigError(
                f"{where} has the unknown key '{key}'; {hint}valid: {', '.join(valid)}"
            )
        wanted = valid[key]
        types = wanted if isinstance(wanted, tuple) else (wanted,)
        if type(value) not in types:  # exact: a bool is not a number
            names = " or ".join(kind.__name__ for kind in types)
            raise ConfigError(f"{where}: '{key}' must be of type {names}, not {_shown(value)}")
    return facts


def check_list(values: list[Any], where: str, *, of: type) -> tuple[Any, ...]:
    """Return `values` as a tuple if each one is exactly of type `of`; else raises `ConfigError`."""
    for value in values:
        if type(value) is not of:
            raise ConfigError(
                f"{where} must hold values of type {of.__name__}, not {_shown(value)}"
            )
    return tuple(values)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
