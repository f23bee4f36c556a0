"""Fault maps of a run, and the RTL that has the same faults."""

import csv
import json

import pytest

from tests.chain import tilewright
from tilewright.cli.faults import _own_array
from tilewright.spec import PsumFault
from tilewright.studies import faults as study

pytestmark = pytest.mark.rtl
SMALL = ("--layer", "features.15", "--array", "4x8", "--images", 3)


def test_a_map_of_every_pe_and_the_rtl_that_agrees(finished, tmp_path):
    table, figure = tmp_path / "faults.csv", tmp_path / "faults.svg"
    more = ("--kinds", "stuck1,flip", "--confirm", 4, "--simulator", "icarus")
    done = tilewright(
        "faults", finished, *SMALL, *more, "--out", table, "--figure", figure, "--json"
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["passed"]
    assert len(facts["points"]) == 4 * 8 * facts["psum_bits"] * 2
    assert all(one["compared"] == 128 and one["differ"] == 0 for one in facts["confirmed"])
    assert {one["fault"].split()[-1] for one in facts["confirmed"]} == {"stuck1", "flip"}
    with table.open() as file:
        points = list(csv.DictReader(file))
    assert [int(point["correct"]) for point in points] == [
        one["correct"] for one in facts["points"]
    ]
    assert any(one["differ"] for one in facts["points"])
    assert "points of accuracy lost" in figure.read_text()


def test_an_rtl_with_another_fault_is_found(finished, monkeypatch):
    right = study.faulty_sources
    monkeypatch.setattr(
        study,
        "faulty_sources",
        lambda fault, moment: right(
            PsumFault(fault.row, fault.col, (fault.bit + 3) % 8, fault.kind), moment
        ),
    )
    done = tilewright(
        "faults", finished, *SMALL, "--kinds", "stuck1", "--confirm", 1, "--simulator", "icarus"
    )
    assert done.returncode == 1
    assert "FAILED faults: PE(" in done.stderr
    assert "psums differ between RTL and engine" in done.stderr
    assert "stuck1: points of accuracy lost, mean over the bits" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--layer", "features.99"), "features.99"),
        (
            ("--layer", "features.15", "--array", "8"),
            "--array is ROWSxCOLS, for example 8x8, not '8'",
        ),
        (("--layer", "features.15", "--array", "300x8"), "an array has 1..256 rows and cols"),
        (
            ("--layer", "features.15", "--kinds", "open"),
            "a fault is stuck0, stuck1, flip, not 'open'",
        ),
        (("--layer", "features.15", "--images", "0"), "images must be 1..360"),
        (
            ("--layer", "features.15", "--overflow", "error"),
            "an overflow rule must be wrap or saturate",
        ),
    ],
)
def test_bad_input_is_one_line(finished, arguments, message):
    done = tilewright("faults", finished, *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert message in done.stderr


def test_a_run_is_on_its_own_array(finished, tmp_path):
    text = (finished / "config.toml").read_text()
    assert text.count("\ncols = 8\n") == 1
    (tmp_path / "config.toml").write_text(text.replace("\ncols = 8\n", "\ncols = 16\n"))
    assert _own_array(tmp_path) == (8, 16)
    assert _own_array(finished) == (8, 8)
    assert _own_array(tmp_path / "packed.json") == (8, 8)
