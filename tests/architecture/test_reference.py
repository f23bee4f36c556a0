"""Expected values come from `verify` alone, which shares no function with anything it judges."""

import ast
from pathlib import Path

import pytest

ROOMS = Path(__file__).parents[2] / "src" / "tilewright"
MAY_ASK_THE_REFERENCE = {
    *("bundles", "cli", "corners", "facts", "judge", "pipeline", "studies", "trials"),
}
"""Whoever writes an answer sheet, judges somebody, or passes on what was judged."""

VERIFY_MAY_IMPORT = {"errors", "registry", "spec"}


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


def test_an_import_of_a_defendant_would_be_seen(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        "def f():\n    from tilewright.sim.exact import put_out\n    return put_out\n"
    )
    assert set(imported_rooms(module)) == {"sim"}
