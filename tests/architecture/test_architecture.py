"""The house rules that a machine can check."""

import ast
import json
import re
import runpy
import subprocess
import sys
from functools import cache
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


LOADED = """
import importlib, json, sys
found = {}
for room in sys.argv[1:]:
    importlib.import_module(f"tilewright.{room}")
    found[room] = "torch" in sys.modules
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def loads_torch():
    """For each room whether torch was loaded once it and those before it in the list were."""
    command = [sys.executable, "-c", LOADED, *INTEGER_HALF]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


@pytest.mark.parametrize("room", INTEGER_HALF)
def test_the_integer_half_does_not_load_torch(room, loads_torch):
    assert not loads_torch[room]


@cache
def parsed(path):
    return ast.parse(path.read_text())


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
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.body[0].lineno < 50, node.name


def test_only_the_command_line_prints():
    for path in SOURCES:
        calls = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
        prints = [node.lineno for node in calls if getattr(node.func, "id", "") == "print"]
        assert not prints or path.parent.name == "cli", f"{path}: {prints}"


def test_no_room_has_a_name_that_says_nothing():
    empty = {"utils", "util", "helpers", "helper", "misc", "common", "core"}
    parts = {part for path in SOURCES for part in (*path.parent.parts, path.stem)}
    assert not parts & empty


OWN = ("tile/dataflows/output_stationary.py", "sim/textbook.py", "prove/array.py")
"""The modules of the dataflows that are called "os": ours, the textbook's, and what is proved of ours."""


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


EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("default")
def test_every_example_runs(example, tmp_path, monkeypatch, capsys):
    """As `python EXAMPLE` does, but in this process, which has loaded what it imports."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(example)])
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out


def test_there_are_examples():
    assert EXAMPLES
