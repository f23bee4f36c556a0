"""What `pip install tilewright` can do: every package that an extra brings is blocked."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from tilewright.errors import EXTRAS

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/bundle"
SIZES = "ic=3,oc=2,size=2,kernel=1,bits=4/4/16,rows=2,cols=3"
READER = ROOT / "tests/unit/lint/readers/tokens.v"

BLOCKED = {*EXTRAS, "sklearn", "scipy", "llvmlite"}
HOOK = f"""
import sys


class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        is_blocked = name.partition(".")[0] in {sorted(BLOCKED)}
        return None if is_blocked else self.finder.find_spec(name, path, target)


sys.meta_path[:] = map(Without, sys.meta_path)
"""


@pytest.fixture
def light(tmp_path: Path):
    """Runs a command where nothing but a plain installation is there."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join(
        filter(None, (str(tmp_path / "hook"), str(ROOT / "src"), os.environ.get("PYTHONPATH")))
    )

    def run(*arguments: object, of: str = "tilewright") -> subprocess.CompletedProcess[str]:
        before = ["-c"] if of == "python" else ["-m", of]
        command = [sys.executable, *before, *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": path}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path
        )

    return run


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--help",), "train"),
        (("layouts",), "readmemh"),
        (("advise", "vgg_tiny", "--array", "4x8"), "vgg_tiny without a chokepoint, on 4x8: "),
        (("layouts", "ece284-ws"), "[weight]"),
        (("verify-bundle", GOLDEN), "verdict: pass"),
        (("decode", GOLDEN, "--show", "all"), "weight"),
        (("convert", GOLDEN, "--to", "readmemh", "--out", "other"), "ece284-ws to readmemh"),
        (("lint", GOLDEN, "--layout", "ece284-ws"), "verdict: pass"),
        (
            ("export", "--random", "--layout", "readmemh", "--geometry", SIZES, "--out", "b"),
            "b: 3 -> 2",
        ),
        (
            ("try", GOLDEN, "--dump", "dump.txt", "--", "cp", "psum.txt", "dump.txt"),
            "verdict: pass",
        ),
        (
            ("try", GOLDEN, "--pass-if", "ok", "--junit", "j.xml", "--", "echo", "ok"),
            "verdict: pass",
        ),
        (("explain", GOLDEN, GOLDEN / "psum.txt"), "0 differ"),
        (("plan", "vgg16", "--set", "model.choke_width=8"), "features.27"),
        (("plan", "resnet20", "--csv"), "layer3.0.shortcut.0"),
        (("plan", ROOT / "configs/digits_w4a4.toml", "--json"), '"features.15"'),
    ],
    ids=lambda value: " ".join(map(str, value[:1])) if isinstance(value, tuple) else "",
)
def test_what_a_plain_installation_is_for_runs(light, arguments, line):
    done = light(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert line in done.stdout


def test_lint_reads_a_testbench(light):
    done = light("lint", GOLDEN, "--testbench", READER)
    assert (done.returncode, done.stderr) == (1, "")  # it is another layer's
    assert "tokens.v:" in done.stdout
    assert done.stdout.endswith("verdict: fail\n")


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        (("train",), "torch", "train"),
        (("run",), "torch", "train"),
        (("evaluate", ROOT / "models/vgg16-choke16-w4a2.json"), "numba", "sim"),
        (("certify", ROOT / "models/vgg16-choke16-w4a2.json"), "numba", "sim"),
        (("psum-width", ROOT / "models/vgg16-choke16-w4a2.json"), "numba", "sim"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_needs_more_says_which_extra_and_leaves_no_trace(
    light, tmp_path, arguments, package, extra
):
    done = light(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: this needs {package}: pip install 'tilewright[{extra}]'\n"
    assert {path.name for path in tmp_path.iterdir()} == {"hook"}


@pytest.mark.rtl
@pytest.mark.parametrize("stage", ["recover", "simulate", "cosim", "report"])
def test_a_stage_of_a_run_says_what_it_needs(light, run, stage):
    done = light(stage, run)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("error: this needs ")
    assert (run / "report.html").exists()


def test_every_extra_that_an_error_names_is_one_of_the_package():
    extras = {line.partition("extra == ")[2].strip("\"'") for line in requires("tilewright") or ()}
    if "sim" not in extras:
        pytest.skip("the installed metadata is older than the source")
    assert set(EXTRAS.values()) <= extras


def test_help_of_the_package_describes_what_can_be_loaded(light):
    done = light("import tilewright; help(tilewright); print(*dir(tilewright))", of="python")
    assert done.returncode == 0, done.stderr
    assert "load_network(path: 'Path | str')" in done.stdout
    assert "load_layout" in done.stdout.splitlines()[-1]
    assert "quantize" not in done.stdout.splitlines()[-1]
    assert "import_module" not in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("quantize", "train"),
        ("link_report", "train"),
        ("recover", "train"),
        ("save_run", "sim"),
        ("Engine", "sim"),
    ],
)
def test_a_name_that_lacks_a_package_says_which_extra_brings_it(light, name, extra):
    done = light(f"from tilewright import {name}", of="python")
    assert done.stderr.splitlines()[-1].startswith(
        "tilewright.errors.MissingPackageError: this needs "
    )
    assert done.stderr.splitlines()[-1].endswith(f": pip install 'tilewright[{extra}]'")
    words = f"try:\n    from tilewright import {name}\nexcept ImportError:\n    print('without')"
    assert light(words, of="python").stdout == "without\n"


def test_a_packed_network_needs_numpy_alone(light):
    path = ROOT / "models" / "vgg16-choke8-w4a4.json"
    done = light(
        f"import tilewright as tw; print(len(tw.load_network({str(path)!r}).layers))", of="python"
    )
    assert done.stdout == "14\n", done.stderr


@pytest.mark.parametrize(
    "study",
    ["advise", "certify", "faults", "packed", "psum_width", "multiplier_shift", "sweep.run"],
)
def test_studies_of_integers_load_no_torch(study):
    words = f"import sys; import tilewright.studies.{study}; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=False
    )
    assert done.stdout == "False\n", done.stderr
