"""The command: exit status, JSON, bad input."""

from __future__ import annotations

import json

import pytest

from tests.chain import tilewright
from tests.formal import arrays
from tilewright.corners import mode_sets

pytestmark = pytest.mark.usefixtures("sources")


def test_our_array_in_all_modes():
    done = tilewright("prove", "--array", "2x2", "--vectors", 2, "--json")
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert facts["passed"]
    assert [one["answer"] for one in facts["proofs"]] == ["proved"] * 3


@pytest.mark.parametrize("mode", ["2ch", "simd"])
def test_our_array_for_signed_activations(mode):
    """The two-channel mode is called as in a configuration, or as in proofs."""
    done = tilewright("prove", "--array", "2x2", "--mode", mode, "--bits", "s4/4/16")
    assert done.returncode == 0
    assert done.stdout.startswith("PROVED tw_array 2x2 2ch, s4/4/16 bits")


def test_an_array_with_a_fault(tmp_path, sources):
    for file, text in sources.items():
        (tmp_path / file).write_text(text.replace("<<< LowBits", "<<< 1"))
    done = tilewright(
        "prove", "--array", "3x2", "--vectors", 3, "--mode", "ws", "--rtl-dir", tmp_path
    )
    assert done.returncode == 1
    assert done.stdout.startswith("REFUTED tw_array 3x2 ws")


def test_a_layer_of_a_bundle(tmp_path):
    small = next(
        one for one in mode_sets(tmp_path, seed=0, has_rules=False) if one.name == "os"
    ).folders[2]
    done = tilewright("prove", small)
    assert done.returncode == 0, done.stderr
    assert (
        "tw_core 3x2 os, overlapped, relu: a layer 2x3x3 to 1x3x3 with any weights" in done.stdout
    )
    assert tilewright("prove", tmp_path).returncode == 2


def test_an_array_of_anybody(tmp_path):
    design = arrays.load("flat_grid")
    if arrays.needs(design):
        pytest.skip(f"{arrays.needs(design)} is not installed")
    arrays.simulate(design, tmp_path, 2, 5)
    words = ["prove", "--streams", arrays.FOLDER / "flat_grid" / "design.toml", "--scope", "dut"]
    words += ["--vcd", tmp_path / "run.vcd", "--rtl", tmp_path / "flat_grid.sv"]
    done = tilewright(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "PROVED flat_grid (identity, P = 2, T = 6, K = 4, C = 4), control as in"
    )
    (tmp_path / "flat_grid.sv").write_text(
        design.texts()["flat_grid.sv"].replace("module ", "modul e ", 1)
    )
    assert tilewright(*words).returncode == 2


def test_a_second_source_that_lacks_its_option():
    done = tilewright("prove", "--rtl", "a.sv", "b.sv", "--streams", "s.toml", "--vcd", "r.vcd")
    assert done.returncode == 2
    assert "if it is a source, repeat the option, --rtl a.sv --rtl b.sv" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "what is to be proved must be named"),
        (("--rtl", "x.v"), "--rtl needs --streams FILE.toml and --vcd FILE.vcd"),
        (("--array", "3"), "--array must be NxN with numbers from 1 to 99, not '3'"),
        (("--array", "3x2", "--bits", "4/4"), "--bits must be N/N/N"),
        (("--array", "3x2", "--mode", "no"), "a mode must be one of ws, 2ch, os, but is 'no'"),
        (
            ("--array", "3x2", "--rtl-dir", "no-such"),
            "no-such must hold module tw_array in Verilog",
        ),
    ],
)
def test_bad_input(words, message):
    done = tilewright("prove", *words)
    assert done.returncode == 2
    assert message in done.stderr
