"""Expected values come from `verify` alone, which shares no function with anything it judges."""

import ast
import inspect
from pathlib import Path

import pytest

from tilewright import spec

ROOMS = Path(__file__).parents[2] / "src" / "tilewright"
MAY_ASK_THE_REFERENCE = {
    *("adopt", "bundles", "cli", "corners", "facts", "judge", "pipeline", "studies", "trials"),
}
"""Whoever writes an answer sheet, judges somebody, or passes on what was judged."""

VERIFY_MAY_IMPORT = {"errors", "registry", "spec"}


JUDGED = {
    *("tile", "vectors", "sim", "cores", "engine", "rtl", "recover", "interchange", "quant", "ops"),
    *("models", "train", "cost"),
}
"""Whose numbers are held against those of the reference."""

SHARED = {
    "op_of": "which op a node is: a name, by which the reference finds its own function",
    "port_name": "what an input is called",
    "signed_bits_needed": "bits of two's complement; by hand in tests/unit/spec/test_number_format.py",
}
"""The functions of `spec` that the reference calls, and others too. All else that they share are nouns."""


def imported_rooms(path):
    """Rooms of the package that a module imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module == "tilewright":
            names = [f"tilewright.{name.name}" for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("tilewright."))


@pytest.mark.parametrize("path", sorted((ROOMS / "verify").rglob("*.py")), ids=lambda p: p.stem)
def test_the_reference_imports_nothing_that_it_judges(path):
    assert set(imported_rooms(path)) <= VERIFY_MAY_IMPORT | {"verify"}


def test_nothing_that_is_judged_imports_the_reference():
    askers = {
        path.relative_to(ROOMS).parts[0]
        for path in ROOMS.rglob("*.py")
        if "verify" in imported_rooms(path)
    }
    assert askers - {"verify"} <= MAY_ASK_THE_REFERENCE


def names_from(room):
    """What the modules of a room import from other rooms, by name, as (module, name)."""
    for path in (ROOMS / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tilewright"):
                yield from ((node.module, name.name) for name in node.names)


def test_the_reference_shares_nouns_with_those_that_it_judges_and_three_functions():
    """`spec` is where both sides meet: a function there that computes numbers would judge itself."""
    of_spec = {
        name for module, name in names_from("verify") if module.startswith("tilewright.spec")
    }
    functions = {name for name in of_spec if inspect.isfunction(getattr(spec, name))}
    assert functions == SHARED.keys()


def test_who_is_judged_stands_below_the_reference_in_no_import():
    """In neither direction, by name or by module: not even a constant."""
    rooms = {path.name for path in ROOMS.iterdir() if path.is_dir()}
    assert rooms >= JUDGED
    for room in JUDGED:
        assert not [name for name in names_from(room) if ".verify" in name[0]], room
        assert not [name for name in names_from("verify") if name[0].split(".")[1] == room]


def test_nobody_that_is_judged_may_ask():
    assert not JUDGED & MAY_ASK_THE_REFERENCE


def test_an_import_of_a_defendant_would_be_seen(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        "def f():\n    from tilewright.sim.exact import put_out\n    return put_out\n"
    )
    assert set(imported_rooms(module)) == {"sim"}
