"""Parse what the testbench prints into numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tilewright.cores.result import Fault
from tilewright.errors import FormatError, SimulationError, ToolError
from tilewright.programs.process import last_lines

_LAYER_KEYS = (
    "psums",
    "psum_mismatches",
    "outputs",
    "output_mismatches",
    "stored_mismatches",
    "unused_mismatches",
    "overflows",
    "faults",
)


@dataclass(frozen=True, slots=True)
class Transcript:
    """The bench's lines about one layer by kind, each a dict of its ``key=value`` pairs."""

    folds: tuple[dict[str, str], ...]
    jobs: tuple[dict[str, str], ...]
    mismatches: tuple[dict[str, str], ...]
    overflows: tuple[dict[str, str], ...]
    faults: tuple[Fault, ...]
    counts: dict[str, int]


def read_transcript(output: str, *, status: int, layers: int) -> tuple[Transcript, ...]:
    """Read `output`, the text that a simulation of `layers` printed before it ended with exit `status`.

    Raises `FormatError` if the bench rejected a file, with its place, `SimulationError` if
    the simulation ended without its summary, and `ToolError` if what it says is incomplete.
    """
    lines = [line[3:] for line in output.splitlines() if line.startswith("TW ")]
    for line in lines:
        if line.startswith("error "):
            raise FormatError(
                f"the testbench cannot read this bundle: {line.removeprefix('error ')}; "
                "export it again"
            )
    if not lines or not lines[-1].startswith("summary ") or status != 0:
        raise SimulationError(
            "the simulation must end with its summary and status 0, but ended with status "
            f"{status} and: {last_lines(output)}"
        )
    ends = [at for at, line in enumerate(lines) if line.startswith("layer ")]
    if len(ends) != layers or _pairs(lines[-1]) != {"layers": str(layers)}:
        raise ToolError(f"the testbench must run {layers} layers, but ran {len(ends)}: {lines[-1]}")
    begins = [0, *(end + 1 for end in ends)]
    return tuple(_layer(lines[a : b + 1]) for a, b in zip(begins, ends, strict=False))


def _layer(lines: list[str]) -> Transcript:
    counts = _pairs(lines[-1])
    if tuple(counts) != _LAYER_KEYS:
        raise ToolError(f"a layer must have {', '.join(_LAYER_KEYS)}, but has: {lines[-1]}")
    return Transcript(
        folds=_of_kind(lines, "fold"),
        jobs=_of_kind(lines, "job"),
        mismatches=_of_kind(lines, "mismatch"),
        overflows=_of_kind(lines, "overflow"),
        faults=tuple(_fault(line) for line in lines if line.startswith("fault ")),
        counts={key: int(value) for key, value in counts.items()},
    )


def _fault(line: str) -> Fault:
    parts = re.fullmatch(r"fault otile=(\d+) time=(\d+) (.*)", line)
    if parts is None:
        raise ToolError(f"a fault must have otile, time and a text, but is: {line}")
    return Fault(int(parts[1]), int(parts[2]), parts[3])


def _of_kind(lines: list[str], kind: str) -> tuple[dict[str, str], ...]:
    return tuple(_pairs(line) for line in lines if line.startswith(f"{kind} "))


def _pairs(line: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", line))
