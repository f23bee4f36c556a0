"""Who may import whom: the table of rooms in docs/architecture.md, held against the imports there are."""

import re
from collections import defaultdict
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def _graph():
    return grimp.build_graph("tilewright", exclude_type_checking_imports=False)


def _table(text):
    return {room: set(re.findall(r"`(\w+)`", allowed)) for room, allowed in ROW.findall(text)}


def _room(module):
    return module.split(".")[1] if "." in module else ""


def _edges(graph):
    """Room to the rooms that it imports, within functions too."""
    edges = defaultdict(set)
    for module in graph.modules:
        edges[_room(module)] |= {
            _room(other) for other in graph.find_modules_directly_imported_by(module)
        }
    return {
        room: targets - {room, ""}
        for room, targets in edges.items()
        if room not in ("", "__main__")
    }


def _differences(table, edges):
    """What the table forbids and is done, what it allows and nobody does, rooms that one lacks."""
    for room in sorted(table.keys() ^ edges.keys()):
        yield f"{room} is {'not a room' if room in table else 'not in the table'}"
    for room in sorted(table.keys() & edges.keys()):
        yield from (f"{room} imports {other}" for other in sorted(edges[room] - table[room]))
        yield from (
            f"{room} does not import {other}" for other in sorted(table[room] - edges[room])
        )


def _circles(edges):
    """Sets of nodes that reach one another."""

    def reach(start):
        seen, todo = set(), [start]
        while todo:
            for target in edges.get(todo.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        return seen

    reached = {node: reach(node) for node in edges}
    return {
        frozenset(other for other in reached[node] if node in reached.get(other, ()))
        for node in edges
        if node in reached[node]
    }


@pytest.fixture(scope="module")
def graph():
    return _graph()


def test_the_table_of_rooms_is_the_imports_there_are(graph):
    assert list(_differences(_table(PAGE.read_text()), _edges(graph))) == []


def test_the_table_forbids_what_it_does_not_name():
    table = _table("| `spec` | nouns | `errors` |\n| `errors` | the exceptions | - |\n")
    assert table == {"spec": {"errors"}, "errors": set()}
    edges = {"spec": set(), "errors": {"spec"}, "sim": set()}
    assert list(_differences(table, edges)) == [
        "sim is not in the table",
        "errors imports spec",
        "spec does not import errors",
    ]


def test_no_rooms_import_one_another(graph):
    assert _circles(_edges(graph)) == set()


def test_no_modules_import_one_another(graph):
    modules = {
        module: {
            other
            for other in graph.find_modules_directly_imported_by(module)
            if not module.startswith(
                f"{other}."
            )  # a package's own names are there when its parts begin
        }
        for module in graph.modules
    }
    assert _circles(modules) == set()


def test_a_circle_is_found():
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == {frozenset({"b", "c"})}
