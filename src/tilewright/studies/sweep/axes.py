"""The question of a sweep: axes by the keys of the configuration, and what is to be small or large."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.config import Config
from tilewright.cost.hardware import AXES, MEMORIES, HardwareAxes
from tilewright.errors import ConfigError, UnknownNameError, printable
from tilewright.store.toml import parse_toml, read_toml
from tilewright.tile import CORE_DATAFLOWS

OBJECTIVES = {
    "cycles": 1,
    "pes": 1,
    "memory_words": 1,
    "memory_bits": 1,
    "psum_bits": 1,
    "weight_bits": 1,
    "utilization": -1,
    "efficiency": -1,
    "accuracy": -1,
}
"""Figures that can be asked for; 1: less is better, -1: more is."""

USUAL = ("cycles", "pes", "memory_bits")
HARDWARE = {f"{'memory' if name in MEMORIES else 'array'}.{name}": name for name in AXES}
"""Axes that re-use one network, by their keys."""

_RANGE = re.compile(r"(\d{1,9})\.\.(\d{1,9})(?::(\d{1,9}))?")
MOST_VALUES = 4096

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is swept, and which figures count.

    source: the network, or the configuration of the trials. axes: values by key, ``array.*`` and ``memory.*``
    on one network, any other key of the configuration by training. objectives: names in `OBJECTIVES`. within:
    bounds that a point of the Pareto set keeps, by figure: at most, or at least where more is better.

    Raises `UnknownNameError` or `ConfigError` for a key, an objective or a bound that does not exist.
    """

    source: str | None
    axes: Mapping[str, Values]
    objectives: tuple[str, ...] = USUAL
    within: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for key in self.axes:
            _expect_key(key)
        if not self.objectives or len(set(self.objectives)) != len(self.objectives):
            raise ConfigError(
                f"a sweep needs one objective or more, each once, not {self.objectives}"
            )
        for name in (*self.objectives, *(self.within or {})):
            if name not in OBJECTIVES:
                raise UnknownNameError.among("objective", name, tuple(OBJECTIVES))

    @property
    def hardware(self) -> HardwareAxes:
        """The grid of arrays."""
        return HardwareAxes(**{HARDWARE[key]: v for key, v in self.axes.items() if key in HARDWARE})

    @property
    def trained(self) -> dict[str, Values]:
        """The axes that take a training for each combination."""
        return {key: values for key, values in self.axes.items() if key not in HARDWARE}

    def to_facts(self) -> dict[str, Any]:
        """The question as JSON."""
        return {
            "source": self.source,
            "axes": {key: list(values) for key, values in self.axes.items()},
            "objectives": list(self.objectives),
            "within": dict(self.within or {}),
        }


def read_question(
    source: str | None,
    axes: Sequence[str],
    objectives: Sequence[str],
    within: Sequence[str],
) -> Question:
    """The question of a study file with ``[study]`` and ``[axes]``, or of a source; options go before it.

    axes: ``KEY=VALUES``, as `parse_axis` takes them. within: ``FIGURE=BOUND``. Raises `ConfigError`.
    """
    stated: dict[str, Any] = {}
    if source is not None and source.endswith(".toml") and Path(source).is_file():
        values = read_toml(Path(source))
        if "study" in values:
            stated = _read_study(values, source)
            source = stated["source"]
    swept: dict[str, Values] = dict(stated.get("axes", {}))
    swept |= dict(parse_axis(text) for text in axes)
    bounds = dict(stated.get("within", {})) | dict(_parse_bound(text) for text in within)
    wanted = tuple(objectives) or stated.get("objectives", ()) or _usual(swept)
    return Question(source, swept or _DEFAULT, wanted, bounds)


def _usual(axes: Mapping[str, Values]) -> tuple[str, ...]:
    """Fewer bits cost less in every figure but accuracy, so that trainings are compared by it too."""
    return USUAL if axes.keys() <= HARDWARE.keys() else ("accuracy", *USUAL)


_DEFAULT: dict[str, Values] = {
    "array.rows": tuple(range(1, 65)),
    "array.cols": tuple(range(1, 65)),
    "array.mode": tuple(flow.name for flow in CORE_DATAFLOWS),
    "array.schedule": ("serial", "overlapped"),
}


def parse_axis(text: str) -> tuple[str, Values]:
    """An axis from ``array.rows=1..64``, ``1..64:8`` (in steps) or ``array.mode=ws,os``.

    >>> parse_axis("array.rows=4..12:4")
    ('array.rows', (4, 8, 12))
    """
    key, equals, values = text.partition("=")
    key = key.strip()
    if not equals or not values.strip():
        raise ConfigError(
            f"--axis is KEY=VALUES, for example array.rows=1..64 or array.mode=ws,os, not {text!r}"
        )
    _expect_key(key)
    found = _RANGE.fullmatch(values.strip())
    if found is None:
        return key, tuple(_value(word.strip()) for word in values.split(","))
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if not first <= last or step < 1 or (last - first) // step >= MOST_VALUES:
        raise ConfigError(
            f"--axis {key}: a range is FIRST..LAST:STEP, upward, of at most {MOST_VALUES:,} values, "
            f"not {values.strip()}"
        )
    return key, tuple(range(first, last + 1, step))


def _value(word: str) -> Any:
    """A number, true or false; else text."""
    try:
        return parse_toml(f"value = {word[:100]}", "--axis")["value"]
    except ConfigError:
        return word


def _parse_bound(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise ConfigError(
            f"--within is FIGURE=NUMBER, for example pes=256, not {printable(text)!r}"
        ) from None


def _read_study(values: Mapping[str, Any], path: str) -> dict[str, Any]:
    tables = {name: values.get(name, {}) for name in ("study", "axes", "within")}
    for name in set(values) - set(tables):
        raise ConfigError(f"{path}: {name} is no section of a study: study, axes, within")
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {name} must be a section, not {table!r}")
    study = tables["study"]
    for key in set(study) - {"source", "objectives"}:
        raise ConfigError(f"{path}: study.{key} is no key; valid here: source, objectives")
    source, objectives = study.get("source"), study.get("objectives", [])
    if source is not None and not isinstance(source, str):
        raise ConfigError(f"{path}: study.source must be a name or a path, not {source!r}")
    if not isinstance(objectives, list) or not all(isinstance(one, str) for one in objectives):
        raise ConfigError(f"{path}: study.objectives must be a list of names, not {objectives!r}")
    axes = dict(_read_axis(path, *pair) for pair in _flat(tables["axes"]))
    for name, bound in tables["within"].items():
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise ConfigError(f"{path}: within.{name} must be a number, not {bound!r}")
    return {
        "source": source,
        "objectives": tuple(objectives),
        "axes": axes,
        "within": tables["within"],
    }


def _flat(axes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """``rows`` in ``[axes.array]`` is ``array.rows``, as ``"array.rows"`` in ``[axes]`` is."""
    pairs = []
    for section, value in axes.items():
        if isinstance(value, dict):
            pairs += [(f"{section}.{name}", one) for name, one in value.items()]
        else:
            pairs.append((section, value))
    return pairs


def _read_axis(path: str, key: str, value: Any) -> tuple[str, Values]:
    if isinstance(value, str):
        return parse_axis(f"{key}={value}")
    _expect_key(key)
    if not isinstance(value, list):
        raise ConfigError(f"{path}: axis {key} must be a list or a range as text, not {value!r}")
    return key, tuple(tuple(map(_tuple, one)) if isinstance(one, list) else one for one in value)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _expect_key(key: str) -> None:
    section, _, name = key.partition(".")
    fields = Config.model_fields
    is_key = section in fields and section != "phases" and section != "array"
    if key in HARDWARE or (is_key and name in type(fields[section].default).model_fields):
        return
    known = [
        f"{one}.{field}"
        for one in ("model", "train", "data")
        for field in type(fields[one].default).model_fields
    ]
    raise UnknownNameError.among("axis", key, (*HARDWARE, *known))
