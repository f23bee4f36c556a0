"""Read the record that the testbench writes: nothing of it is the core's, and all of it is there.

The testbench writes to a file of its own, so that whatever the core prints stays outside. Each line begins
with the nonce of this one simulation; counts say how many lines there are, and the last line is the summary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tilewright.cores.result import Fault
from tilewright.errors import FormatError, SimulationError, printable
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
_MOST_REPORTS = 20
"""As many lines of a kind as the bench writes in a layer; what is beyond is counted only."""

_COUNT = re.compile(r"\d{1,12}", re.ASCII)
_MOST_BYTES = 1 << 26
"""Of a record: a line for each fold, and a few for each layer, are far less."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The bench's lines about one layer by kind, each a dict of its ``key=value`` pairs.

    Raises `SimulationError` if there are not as many lines as the counts of the layer say.
    """

    folds: tuple[dict[str, str], ...]
    jobs: tuple[dict[str, str], ...]
    mismatches: tuple[dict[str, str], ...]
    overflows: tuple[dict[str, str], ...]
    faults: tuple[Fault, ...]
    counts: dict[str, int]

    def __post_init__(self) -> None:
        counts = self.counts
        wrong = sum(count for key, count in counts.items() if key.endswith("_mismatches"))
        for what, lines, count in (
            ("mismatches", self.mismatches, wrong),
            ("overflows", self.overflows, counts["overflows"]),
            ("faults", self.faults, counts["faults"]),
        ):
            if len(lines) != min(count, _MOST_REPORTS):
                raise SimulationError(
                    f"the testbench counts {count} {what} and must write {min(count, _MOST_REPORTS)} "
                    f"of them, but its record has {len(lines)}: the core writes where it must not"
                )
        most = (counts["psums"], counts["outputs"])
        if counts["psum_mismatches"] > most[0] or counts["output_mismatches"] > most[1]:
            raise SimulationError(f"more values differ than were compared: {counts}")


def read_record(path: Path) -> str:
    """What the bench wrote, "" if nothing; raises `SimulationError` if it is too much for a run."""
    if not path.is_file():
        return ""
    if path.stat().st_size > _MOST_BYTES:
        raise SimulationError(
            f"the testbench's record must have at most {_MOST_BYTES:,} bytes, but has "
            f"{path.stat().st_size:,}: the core ends folds without end"
        )
    return path.read_text(encoding="utf-8", errors="replace")


def read_transcript(
    record: str, *, nonce: str, status: int, output: str, layers: int
) -> tuple[Transcript, ...]:
    """Read `record`, what the testbench wrote in a simulation of `layers` that ended with exit `status`.

    `output`, what bench and core printed, is only quoted where the simulation did not come to its end.

    Raises `FormatError` if the bench rejected a file, with its place, and `SimulationError` if
    the record has no end, a line that is not the bench's, or fewer lines than it says.
    """
    lines = [_own(line, nonce) for line in record.splitlines()]
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
            + ("; does the core call $finish or $stop?" if status == 0 else "")
        )
    ends = [at for at, line in enumerate(lines) if line.startswith("layer ")]
    said = _pairs(lines[-1])
    if len(ends) != layers or said.get("layers") != str(layers):
        raise SimulationError(
            f"the testbench must run {layers} layers, but ran {len(ends)}: "
            f"{printable(lines[-1], 200)}"
        )
    if said != {"layers": str(layers), "lines": str(len(lines) - 1)}:
        raise SimulationError(
            f"the testbench's record must have as many lines as it says, but has {len(lines) - 1}: "
            f"{printable(lines[-1], 200)}"
        )
    begins = [0, *(end + 1 for end in ends)]
    return tuple(_layer(lines[a : b + 1]) for a, b in zip(begins, ends, strict=False))


def _own(line: str, nonce: str) -> str:
    first, _, rest = line.partition(" ")
    if first != nonce:
        raise SimulationError(
            f"each line of the testbench's record must begin with the word of this run, but one is "
            f"{line[:80]!r}: the core writes where it must not"
        )
    return rest


def _layer(lines: list[str]) -> Transcript:
    counts = _pairs(lines[-1])
    if tuple(counts) != _LAYER_KEYS or not all(map(_COUNT.fullmatch, counts.values())):
        raise SimulationError(
            f"a layer must have {', '.join(_LAYER_KEYS)}, each a number, but has: "
            f"{printable(lines[-1], 200)}"
        )
    return Transcript(
        folds=_of_kind(lines, "fold"),
        jobs=_of_kind(lines, "job"),
        mismatches=_of_kind(lines, "mismatch"),
        overflows=_of_kind(lines, "overflow"),
        faults=tuple(_fault(line) for line in lines if line.startswith("fault ")),
        counts={key: int(value) for key, value in counts.items()},
    )


def _fault(line: str) -> Fault:
    parts = re.fullmatch(r"fault otile=(\d{1,12}) time=(\d{1,18}) (.*)", line)
    if parts is None:
        raise SimulationError(
            f"a fault must have otile, time and a text, but is: {printable(line, 200)}"
        )
    return Fault(int(parts[1]), int(parts[2]), parts[3])


def _of_kind(lines: list[str], kind: str) -> tuple[dict[str, str], ...]:
    return tuple(_pairs(line) for line in lines if line.startswith(f"{kind} "))


def _pairs(line: str) -> dict[str, str]:
    parts = (word.partition("=") for word in line.split())
    return {key: value for key, equals, value in parts if equals and key.isidentifier() and value}
