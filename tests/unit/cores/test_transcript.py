"""What the bench records is read, and nothing is concluded from less, or from what others wrote."""

from __future__ import annotations

import pytest

from tilewright.cores import Fault
from tilewright.cores.transcript import Transcript, read_transcript
from tilewright.errors import FormatError, SimulationError, ToolError

LAYER = (
    "0f layer psums=6 psum_mismatches={0} outputs=6 output_mismatches=0 "
    "stored_mismatches=0 unused_mismatches=0 overflows={0} faults={0}\n"
)
SUMMARY = "0f summary layers=2 lines=9\n"
FIRST = (
    "0f fold otile=0 itile=0 kij=0 cycles=15\n"
    "0f mismatch what=psum otile=0 onij=3 col=2 expected=0101 actual=01xx time=1230\n"
    "0f overflow otile=0 itile=0 kij=0 onij=3 pe=1 pmem=0\n"
    "0f fault otile=0 time=1240 the job did not end\n"
    "0f job otile=0 cycles=15\n" + LAYER.format(1)
)
SECOND = "0f fold otile=0 itile=0 kij=0 cycles=7\n0f job otile=0 cycles=7\n" + LAYER.format(0)
OUTPUT = FIRST + SECOND + SUMMARY


def read(record: str, *, status: int = 0, layers: int = 2) -> tuple[Transcript, ...]:
    """The record of the simulation whose nonce is 0f."""
    return read_transcript(record, nonce="0f", status=status, output="", layers=layers)


def test_lines_become_facts_layer_by_layer() -> None:
    first, second = read(OUTPUT)
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
    output = "0f error a.txt:7: the file must end here, but has more words\n"
    with pytest.raises(FormatError, match=message):
        read(output, layers=1)


@pytest.mark.parametrize(
    "output",
    ["", FIRST + SECOND, OUTPUT + "0f job otile=1 cycles=15\n"],
    ids=["nothing", "no summary", "summary not last"],
)
def test_missing_summary_is_an_error(output: str) -> None:
    with pytest.raises(ToolError, match=r"^the simulation must end with its summary and status 0"):
        read(output)


@pytest.mark.parametrize(
    "output", [FIRST + SUMMARY, OUTPUT.replace("layers=2", "layers=1"), FIRST + OUTPUT]
)
def test_another_number_of_layers_is_an_error(output: str) -> None:
    with pytest.raises(ToolError, match=r"^the testbench must run 2 layers, but ran [123]: summ"):
        read(output)


def test_status_counts_even_with_a_summary() -> None:
    with pytest.raises(ToolError, match="ended with status 134"):
        read(OUTPUT, status=134)


def test_a_fault_without_its_place_is_an_error() -> None:
    with pytest.raises(ToolError, match=r"^a fault must have otile, time and a text, but is: fau"):
        read(OUTPUT.replace("fault otile=0", "fault otile=x"))


def test_incomplete_counts_are_an_error() -> None:
    with pytest.raises(ToolError, match=r"^a layer must have psums, psum_mismatches, outputs"):
        read(OUTPUT.replace(" outputs=6", ""))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lines=9", "lines=8", r"as many lines as it says, but has 9: summary layers=2 lines=8$"),
        (
            "psum_mismatches=1",
            "psum_mismatches=2",
            r"counts 2 mismatches and must write 2 of them, .* 1:",
        ),
        (
            "faults=1",
            "faults=0",
            r"counts 0 faults and must write 0 of them, but its record has 1:",
        ),
        ("overflows=1", "overflows=3", r"counts 3 overflows and must write 3"),
        ("faults=1", "faults=21", r"counts 21 faults and must write 20 of them"),
        ("outputs=6 output_mismatches=0", "outputs=0 output_mismatches=1", "counts 2 mismatches"),
        ("psums=6", "psums=0", "^more values differ than were compared"),
        (
            "0f fault",
            "TW fault",
            r"must begin with the word of this run, but one is 'TW fault otile=0",
        ),
        ("0f job", "dbg 0f job", r"must begin with the word of this run, but one is 'dbg 0f job"),
        ("0f job", "\n0f job", r"must begin with the word of this run, but one is ''"),
    ],
)
def test_lines_that_do_not_add_up_are_not_believed(old: str, new: str, message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        read(
            FIRST.replace(old, new, 1) + SECOND + SUMMARY
            if old not in SUMMARY
            else OUTPUT.replace(old, new)
        )


def test_a_long_word_costs_no_more_than_its_length() -> None:
    """A search for ``key=value`` that begins at each character would take minutes."""
    with pytest.raises(SimulationError, match="a layer must have psums"):
        read(OUTPUT.replace(" outputs=6", " " + "x" * 1_000_000, 1))
