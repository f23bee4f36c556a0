"""What the bench prints is read, and nothing is concluded from less."""

from __future__ import annotations

import pytest

from tilewright.cosim.transcript import read_transcript
from tilewright.errors import FormatError, ToolError

SUMMARY = (
    "TW summary jobs=1 psums=6 psum_mismatches=1 outputs=6 output_mismatches=0 "
    "stored_mismatches=1 unused_mismatches=0 faults=1\n"
)
OUTPUT = (
    "some banner\n"
    "TW fold otile=0 itile=0 kij=0 cycles=15\n"
    "TW mismatch what=psum otile=0 onij=3 col=2 expected=0101 actual=01xx time=1230\n"
    "TW fault otile=0 time=1240 the job did not end\n"
    "TW job otile=0 cycles=15\n" + SUMMARY
)


def test_lines_become_facts() -> None:
    transcript = read_transcript(OUTPUT + "$finish called\n", status=0)
    assert transcript.folds == ({"otile": "0", "itile": "0", "kij": "0", "cycles": "15"},)
    assert transcript.jobs == ({"otile": "0", "cycles": "15"},)
    assert transcript.mismatches[0]["actual"] == "01xx"
    assert transcript.faults == ("otile=0 time=1240 the job did not end",)
    assert transcript.summary["psum_mismatches"] == 1


def test_error_of_the_bench_names_file_and_line() -> None:
    message = r"^the testbench cannot read this bundle: a\.txt:7: the file must end here"
    with pytest.raises(FormatError, match=message):
        read_transcript("TW error a.txt:7: the file must end here, but has more words\n", status=0)


@pytest.mark.parametrize(
    "output",
    ["", OUTPUT.replace(SUMMARY, ""), OUTPUT + SUMMARY, OUTPUT + "TW job otile=1 cycles=15\n"],
    ids=["nothing", "no summary", "two summaries", "summary not last"],
)
def test_missing_summary_is_an_error(output: str) -> None:
    with pytest.raises(ToolError, match=r"^the simulation must end with its summary and status 0"):
        read_transcript(output, status=0)


def test_status_counts_even_with_a_summary() -> None:
    with pytest.raises(ToolError, match="ended with status 134"):
        read_transcript(OUTPUT, status=134)


def test_incomplete_summary_is_an_error() -> None:
    with pytest.raises(ToolError, match=r"^the summary must have jobs, psums"):
        read_transcript(OUTPUT.replace(" outputs=6", ""), status=0)
