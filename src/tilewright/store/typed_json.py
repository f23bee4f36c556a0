"""Frozen dataclasses as JSON, and back: every key that is read has the type that its field states."""

from __future__ import annotations

import math
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tilewright.errors import ArtifactError, TilewrightError

T = TypeVar("T")

_NOUNS = {
    bool: "true or false",
    int: "an integer",
    float: "a finite number",
    str: "a text",
    NoneType: "null",
}


def to_json(value: Any) -> Any:
    """A dataclass as a dict of its fields, tuples as lists, down to plain JSON values.

    A dataclass with a method `to_facts` states its own dict, in which defaults may be absent.

    >>> to_json(_Place("a.json", "layers"))
    {'file': 'a.json', 'key': 'layers'}
    """
    if hasattr(value, "to_facts"):
        return to_json(value.to_facts())
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(kind: type[T], value: object, *, file: str) -> T:
    """The dataclass `kind` that `value`, read from JSON, states; the inverse of `to_json`.

    A key may be absent if its field has a default; no other keys are taken. Fields are int, float, str,
    bool, Literal, tuples, dict of texts, Any, dataclasses, or one of these or None. An empty table also
    stands for None.

    Raises `ArtifactError` that names `file` and the key that is absent, unknown or of another type.
    """
    read: T = _read(kind, value, _Place(file))
    return read


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands in a file; no key: it is the whole file."""

    file: str
    key: str = ""

    def at(self, name: str) -> _Place:
        """The place of a key of the table that stands here."""
        return _Place(self.file, f"{self.key}.{name}" if self.key else name)

    def item(self, number: int) -> _Place:
        """The place of an item of the list that stands here."""
        return _Place(self.file, f"{self.key}[{number}]")

    def refuse(self, wanted: str, value: object) -> ArtifactError:
        """The error for a value that is not what is `wanted` here."""
        where = f" at {self.key}" if self.key else ""
        return ArtifactError(
            f"{self.file} must hold {wanted}{where}, not {_shown(value)}: "
            "it was altered; run the stage that writes it again"
        )


def _read(kind: Any, value: object, place: _Place) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _read_table(kind, value, place)
    if origin in (Union, UnionType):
        return _read_optional(arguments, value, place)
    if origin is tuple:
        return _read_list(arguments, value, place)
    if origin is dict:
        return _read_dict(arguments[1], value, place)
    if origin is Literal:
        return _read_literal(arguments, value, place)
    return _read_scalar(kind, value, place)


def _read_table(kind: Any, value: object, place: _Place) -> Any:
    if not isinstance(value, dict):
        raise place.refuse("a table", value)
    known = _hints(kind)
    for name in value:
        if name not in known:
            raise ArtifactError(
                f"{place.file} must not have the key {place.at(str(name)).key}, which nothing reads: it was "
                "altered, or another version of tilewright wrote it; run the stage that writes it again"
            )
    given = {}
    for field in fields(kind):
        if field.name in value:
            given[field.name] = _read(known[field.name], value[field.name], place.at(field.name))
        elif _is_needed(field):
            raise ArtifactError(
                f"{place.file} must have the key {place.at(field.name).key}, but has not: it was altered, "
                "or another version of tilewright wrote it; run the stage that writes it again"
            )
    try:
        return kind(**given)
    except TilewrightError as error:
        raise ArtifactError(f"{place.file}: {error}") from None


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _read_optional(kinds: tuple[Any, ...], value: object, place: _Place) -> Any:
    if value is None or value == {}:
        return None
    (kind,) = (kind for kind in kinds if kind is not NoneType)
    return _read(kind, value, place)


def _read_list(kinds: tuple[Any, ...], value: object, place: _Place) -> tuple[Any, ...]:
    """``tuple[X, ...]``, or ``tuple[X, Y]`` of just so many items."""
    if not isinstance(value, list | tuple):
        raise place.refuse("a list", value)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise place.refuse(f"a list of {len(kinds)} items", value)
    pairs = enumerate(zip(kinds, value, strict=True))
    return tuple(_read(kind, item, place.item(number)) for number, (kind, item) in pairs)


def _read_dict(kind: Any, value: object, place: _Place) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise place.refuse("a table", value)
    return {name: _read(kind, item, place.at(name)) for name, item in value.items()}


def _read_literal(allowed: tuple[Any, ...], value: object, place: _Place) -> Any:
    if not any(value == one and type(value) is type(one) for one in allowed):
        raise place.refuse(" or ".join(map(repr, allowed)), value)
    return value


def _read_scalar(kind: Any, value: object, place: _Place) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (isinstance(value, float) and not math.isfinite(value)):
        raise place.refuse(_NOUNS[kind], value)
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
