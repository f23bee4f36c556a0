"""The house rules that a machine can check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
INTEGER_HALF = (
    "spec",
    "ops",
    "verify",
    "tile",
    "vectors",
    "sim",
    "cores",
    "facts",
    "rtl",
    "report",
    "config",
    "bundles",
    "interchange",
    "engine",
    "cost",
    "trials",
    "judge",
)


@pytest.mark.parametrize("room", INTEGER_HALF)
def test_the_integer_half_does_not_load_torch(room):
    code = f"import sys, tilewright.{room}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_loads_neither_torch_nor_numpy():
    code = (
        "import sys\nsys.argv = ['tilewright', '--help']\nfrom tilewright.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'pydantic')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_modules_and_functions_stay_small(path):
    text = path.read_text()
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.body[0].lineno < 50, node.name


def test_only_the_command_line_prints():
    for path in SOURCES:
        calls = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
        ]
        prints = [node.lineno for node in calls if getattr(node.func, "id", "") == "print"]
        assert not prints or path.parent.name == "cli", f"{path}: {prints}"


def test_no_room_has_a_name_that_says_nothing():
    empty = {"utils", "util", "helpers", "helper", "misc", "common", "core"}
    parts = {part for path in SOURCES for part in (*path.parent.parts, path.stem)}
    assert not parts & empty


OWN = ("tile/dataflows/output_stationary.py", "sim/textbook.py")
"""The modules of the dataflows that are called "os": ours and the textbook's."""


def test_nobody_asks_which_dataflow_it_is_but_the_dataflow():
    asked = re.compile(r"""["']os["']|is_os|["']simd["']|["']dataflow["']\s*==""")
    found = []
    for path in SOURCES:
        place = str(path.relative_to(ROOT / "src/tilewright"))
        if place.startswith("rtl/") or place in (*OWN, "tile/dataflows/two_channels.py"):
            continue
        found += [
            f"{place}: {line.strip()}"
            for line in path.read_text().splitlines()
            if asked.search(line)
        ]
    assert found == []


def test_the_package_holds_its_data_files():
    from importlib.resources import files

    package = files("tilewright")
    assert package.joinpath("rtl/tw_core.sv").is_file()
    assert package.joinpath("vectors/layouts/ece284-ws.toml").is_file()
    assert package.joinpath("report/page.html.j2").is_file()
    assert package.joinpath("py.typed").is_file()


def test_every_example_runs(tmp_path):
    examples = sorted((ROOT / "examples").glob("*.py"))
    assert examples
    for example in examples:
        done = subprocess.run(
            [sys.executable, example], check=False, capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 0, f"{example.name}: {done.stderr}"
