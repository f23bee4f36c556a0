"""What the testbench prints, read into numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tilewright.cosim.process import last_lines
from tilewright.errors import FormatError, SimulationError, ToolError

_SUMMARY_KEYS = (
    "jobs",
    "psums",
    "psum_mismatches",
    "outputs",
    "output_mismatches",
    "stored_mismatches",
    "unused_mismatches",
    "faults",
)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The bench's lines by kind, each a dict of its ``key=value`` pairs; faults as text."""

    folds: tuple[dict[str, str], ...]
    jobs: tuple[dict[str, str], ...]
    mismatches: tuple[dict[str, str], ...]
    faults: tuple[str, ...]
    summary: dict[str, int]


def read_transcript(output: str, *, status: int) -> Transcript:
    """Read `output`, the text that a simulation printed before it ended with exit status `status`.

    Raises `FormatError` if the bench rejected a file, with its place, `SimulationError` if
    the simulation ended without its summary, and `ToolError` if that is incomplete.
    """
    lines = [line[3:] for line in output.splitlines() if line.startswith("TW ")]
    for line in lines:
        if line.startswith("error "):
            raise FormatError(
                f"the testbench cannot read this bundle: {line.removeprefix('error ')}; "
                "export it again"
            )
    summaries = [_pairs(line) for line in lines if line.startswith("summary ")]
    if len(summaries) != 1 or not lines[-1].startswith("summary ") or status != 0:
        raise SimulationError(
            "the simulation must end with its summary and status 0, but ended with status "
            f"{status} and: {last_lines(output)}"
        )
    if tuple(summaries[0]) != _SUMMARY_KEYS:
        raise ToolError(f"the summary must have {', '.join(_SUMMARY_KEYS)}, but is: {lines[-1]}")
    return Transcript(
        folds=_of_kind(lines, "fold"),
        jobs=_of_kind(lines, "job"),
        mismatches=_of_kind(lines, "mismatch"),
        faults=tuple(line.removeprefix("fault ") for line in lines if line.startswith("fault ")),
        summary={key: int(value) for key, value in summaries[0].items()},
    )


def _of_kind(lines: list[str], kind: str) -> tuple[dict[str, str], ...]:
    return tuple(_pairs(line) for line in lines if line.startswith(f"{kind} "))


def _pairs(line: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", line))
