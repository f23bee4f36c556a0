"""What the bench prints is read, and nothing is concluded from less."""

from __future__ import annotations

import pytest

from tilewright.cores import Fault
from tilewright.cores.transcript import read_transcript
from tilewright.errors import FormatError, ToolError

LAYER = (
    "TW layer psums=6 psum_mismatches=1 outputs=6 output_mismatches=0 "
    "stored_mismatches=1 unused_mismatches=0 overflows=1 faults=1\n"
)
SUMMARY = "TW summary layers=2\n"
FIRST = (
    "some banner\n"
    "TW fold otile=0 itile=0 kij=0 cycles=15\n"
    "TW mismatch what=psum otile=0 onij=3 col=2 expected=0101 actual=01xx time=1230\n"
    "TW overflow otile=0 itile=0 kij=0 onij=3 pe=1 pmem=0\n"
    "TW fault otile=0 time=1240 the job did not end\n"
    "TW job otile=0 cycles=15\n" + LAYER
)
SECOND = "TW fold otile=0 itile=0 kij=0 cycles=7\nTW job otile=0 cycles=7\n" + LAYER
OUTPUT = FIRST + SECOND + SUMMARY


def test_lines_become_facts_layer_by_layer() -> None:
    first, second = read_transcript(OUTPUT + "$finish called\n", status=0, layers=2)
    assert first.folds == ({"otile": "0", "itile": "0", "kij": "0", "cycles": "15"},)
    assert first.jobs == ({"otile": "0", "cycles": "15"},)
    assert first.mismatches[0]["actual"] == "01xx"
    assert first.overflows[0]["pe"] == "1"
    assert first.faults == (Fault(0, 1240, "the job did not end"),)
    assert str(first.faults[0]) == "otile=0 time=1240 the job did not end"
    assert first.counts["psum_mismatches"] == 1
    assert (second.jobs, second.faults) == (({"otile": "0", "cycles": "7"},), ())


def test_error_of_the_bench_names_file_and_line() -> None:
    message = r"^the testbench cannot read this bundle: a\.txt:7: the file must end here"
    output = "TW error a.txt:7: the file must end here, but has more words\n"
    with pytest.raises(FormatError, match=message):
        read_transcript(output, status=0, layers=1)


@pytest.mark.parametrize(
    "output",
    ["", FIRST + SECOND, OUTPUT + "TW job otile=1 cycles=15\n"],
    ids=["nothing", "no summary", "summary not last"],
)
def test_missing_summary_is_an_error(output: str) -> None:
    with pytest.raises(ToolError, match=r"^the simulation must end with its summary and status 0"):
        read_transcript(output, status=0, layers=2)


@pytest.mark.parametrize(
    "output", [FIRST + SUMMARY, OUTPUT.replace("layers=2", "layers=1"), FIRST + OUTPUT]
)
def test_another_number_of_layers_is_an_error(output: str) -> None:
    with pytest.raises(ToolError, match=r"^the testbench must run 2 layers, but ran [123]: summ"):
        read_transcript(output, status=0, layers=2)


def test_status_counts_even_with_a_summary() -> None:
    with pytest.raises(ToolError, match="ended with status 134"):
        read_transcript(OUTPUT, status=134, layers=2)


def test_a_fault_without_its_place_is_an_error() -> None:
    with pytest.raises(ToolError, match=r"^a fault must have otile, time and a text, but is: fau"):
        read_transcript(OUTPUT.replace("fault otile=0", "fault otile=x"), status=0, layers=2)


def test_incomplete_counts_are_an_error() -> None:
    with pytest.raises(ToolError, match=r"^a layer must have psums, psum_mismatches, outputs"):
        read_transcript(OUTPUT.replace(" outputs=6", ""), status=0, layers=2)
