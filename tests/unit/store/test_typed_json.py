"""What is read from JSON has the types that its fields state, or the file and the key are named."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from tilewright.errors import ArtifactError, ShapeError
from tilewright.store.typed_json import from_json, to_json


@dataclass(frozen=True, slots=True)
class Leaf:
    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ShapeError(f"sizes are at least 0, not {self.size}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    name: str
    is_green: bool
    height: float
    kind: Literal["oak", "elm"]
    leaves: tuple[Leaf, ...]
    place: tuple[int, int]
    labels: dict[str, str]
    anything: Any
    owner: str | None
    nest: Leaf | None = None
    rings: int = 3
    marks: tuple[int, ...] = field(default_factory=tuple)


TREE = Tree(
    name="a",
    is_green=True,
    height=1.5,
    kind="oak",
    leaves=(Leaf(1), Leaf(2)),
    place=(3, 4),
    labels={"x": "y"},
    anything=[1, {"z": None}],
    owner=None,
)
STORED = {
    "name": "a",
    "is_green": True,
    "height": 1.5,
    "kind": "oak",
    "leaves": [{"size": 1}, {"size": 2}],
    "place": [3, 4],
    "labels": {"x": "y"},
    "anything": [1, {"z": None}],
    "owner": None,
    "rings": 3,
    "marks": [],
}


def test_what_is_written_is_read_back():
    assert to_json(TREE) == STORED | {"nest": None}
    assert from_json(Tree, json.loads(json.dumps(to_json(TREE))), file="t.json") == TREE
    assert from_json(Tree, STORED, file="t.json") == TREE


def test_a_key_with_a_default_may_be_absent():
    less = {key: value for key, value in STORED.items() if key not in ("rings", "marks", "nest")}
    assert from_json(Tree, less, file="t.json") == TREE


def test_an_empty_table_stands_for_none():
    assert from_json(Tree, STORED | {"nest": {}}, file="t.json").nest is None
    assert from_json(Tree, STORED | {"nest": {"size": 5}}, file="t.json").nest == Leaf(5)


def test_an_integer_is_a_number():
    height = from_json(Tree, STORED | {"height": 2}, file="t.json").height
    assert (height, type(height)) == (2.0, float)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 3}, r"^t\.json must hold a text at name, not 3: it was altered"),
        ({"name": None}, "must hold a text at name, not None"),
        ({"is_green": 1}, "must hold true or false at is_green, not 1"),
        ({"rings": True}, "must hold an integer at rings, not True"),
        ({"rings": 3.0}, "must hold an integer at rings, not 3.0"),
        ({"height": "1"}, "must hold a finite number at height, not '1'"),
        ({"height": float("nan")}, "must hold a finite number at height, not nan"),
        ({"kind": "ash"}, "must hold 'oak' or 'elm' at kind, not 'ash'"),
        ({"leaves": {}}, "must hold a list at leaves, not {}"),
        ({"leaves": [{"size": "1"}]}, r"must hold an integer at leaves\[0\]\.size, not '1'"),
        ({"leaves": [3]}, r"must hold a table at leaves\[0\], not 3"),
        ({"leaves": [{}]}, r"must have the key leaves\[0\]\.size, but has not"),
        ({"leaves": [{"size": -1}]}, r"^t\.json: sizes are at least 0, not -1$"),
        ({"place": [1]}, r"must hold a list of 2 items at place, not \[1\]"),
        ({"labels": []}, r"must hold a table at labels, not \[\]"),
        ({"labels": {"x": 1}}, r"must hold a text at labels\.x, not 1"),
        ({"owner": 1}, "must hold a text at owner, not 1"),
        ({"rinsg": 4}, "must not have the key rinsg, which nothing reads"),
    ],
)
def test_what_has_another_type_is_named(change, message):
    with pytest.raises(ArtifactError, match=message):
        from_json(Tree, STORED | change, file="t.json")


@pytest.mark.parametrize("value", [None, [], "tree", 3])
def test_a_file_that_holds_no_table_is_named(value):
    with pytest.raises(ArtifactError, match=r"^t\.json must hold a table, not "):
        from_json(Tree, value, file="t.json")


@pytest.mark.parametrize("key", [key for key in STORED if key not in ("rings", "marks")])
def test_a_key_that_is_absent_is_named(key):
    less = {name: value for name, value in STORED.items() if name != key}
    with pytest.raises(ArtifactError, match=rf"^t\.json must have the key {key}, but has not: it"):
        from_json(Tree, less, file="t.json")
