"""`import tilewright` offers the chain by name, loads nothing before it is asked, and its example runs."""

import importlib
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import tilewright as tw
from tilewright.errors import ConfigError, UnknownNameError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "own_model_in_fifteen_lines.py"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLE))


@pytest.mark.parametrize("name", tw.__all__)
def test_every_name_is_there_and_is_described(name):
    assert getattr(tw, name).__doc__
    assert name in dir(tw)


def test_dir_lists_the_names_and_nothing_else():
    assert {name for name in dir(tw) if not name.startswith("__")} == set(tw.__all__)


def test_type_checkers_are_told_the_same_names_of_the_same_rooms():
    stub = (ROOT / "src" / "tilewright" / "__init__.pyi").read_text()
    told = re.findall(r"^from tilewright\.([\w.]+) import (\w+) as \w+$", stub, re.MULTILINE)
    assert {name: room for room, name in told} == tw._WHERE


def test_recover_can_be_called_after_its_room_was_loaded():
    """The room has the name of the function, and becomes an attribute of the package when it is loaded."""
    from tilewright.recover.network import recover

    room = importlib.import_module("tilewright.recover")
    assert tw.recover in (recover, room)
    with pytest.raises(TypeError, match=r"^recover\(\) missing"):
        tw.recover()


def test_a_name_that_it_lacks():
    with pytest.raises(AttributeError, match=r"^module 'tilewright' has no attribute 'quantise'$"):
        _ = tw.quantise


def test_importing_it_loads_nothing_else():
    seen = "import sys; before = set(sys.modules); import tilewright; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "torch", "pydantic", "typer", "importlib_metadata"}
    assert [name for name in done.stdout.split() if name.startswith("tilewright.")] == []


def test_the_chain_of_a_module_of_one_s_own(example):
    found = example["found"]
    assert list(found) == ["verify", "tile", "export", "simulate"]
    assert all(result.passed for result in found.values())
    assert found["verify"].checks
    assert found["simulate"].checks
    assert example["saved"].differ == 0
    network = tw.load_network(str(example["saved"].path))
    assert tw.RunFolder(str(example["saved"].path)).network().layers[0].name == "0"
    assert [layer.name for layer in network.layers] == ["0", "4", "7"]
    assert tw.read_bundle(example["saved"].path / "05_vectors" / "0" / "sample0").layer_name == "0"


def test_stages_tell_print_or_whoever_listens_how_far_they_are(example):
    lines = []
    tw.run_stages(example["saved"].path, "verify", listener=lines.append)
    assert len(lines) > 2
    assert any("psums" in line for line in lines)


def test_its_chain_has_at_most_fifteen_statements_from_quantize_on():
    body = EXAMPLE.read_text().split("torch.manual_seed(0)\n")[1].split("\n\nprint(")[0]
    assert len(body.splitlines()) <= 15


def test_what_no_stage_may_change_is_refused(example):
    path = example["saved"].path
    with pytest.raises(
        UnknownNameError, match=r"there is no stage 'exprt': did you mean 'export'\?"
    ):
        tw.run_stages(path, "exprt")
    with pytest.raises(ConfigError, match="'verify' may change array"):
        tw.run_stages(path, "verify", settings=("train.epochs=3",))
