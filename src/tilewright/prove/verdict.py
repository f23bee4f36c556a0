"""What a proof found: proved, refuted or undecided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROVED, REFUTED, UNDECIDED = "proved", "refuted", "undecided"


@dataclass(frozen=True, slots=True)
class Killing:
    """Inputs that show the fault.

    inputs: names to numbers, of those that are not 0. cycle, port, low, width: the bits that are wrong.
    expected, found: their pattern; found is None where they are not known. simulator, simulated: which one
    showed what, in binary, or "".
    """

    inputs: Mapping[str, int]
    cycle: int
    port: str
    low: int
    width: int
    expected: int
    found: int | None
    simulator: str = ""
    simulated: str = ""

    @property
    def is_confirmed(self) -> bool | None:
        """Whether a simulator shows other bits than expected; None: none was asked."""
        if not self.simulated:
            return None
        bits = self.simulated
        return bool(set(bits) - {"0", "1"}) or int(bits, 2) != self.expected


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one proof.

    answer: "proved", "refuted" or "undecided". claim: what was to be proved, and under which control.
    compared: values that were compared. bits: of the inputs for all of which a proof holds. cycles:
    simulated. is_for_any_folds, is_for_more_vectors: a proof holds for any number of folds, of so many
    activations or more. reason: why it is not proved, with net, cycle and range. difference: found minus
    expected, a polynomial.
    """

    answer: str
    claim: str
    compared: int = 0
    bits: int = 0
    cycles: int = 0
    seconds: float = 0.0
    reason: str = ""
    difference: str = ""
    killing: Killing | None = None
    is_for_any_folds: bool = False
    is_for_more_vectors: bool = False

    def __post_init__(self) -> None:
        if self.answer not in (PROVED, REFUTED, UNDECIDED):
            raise ValueError(f"an answer must be one of three, but is {self.answer!r}")

    def __str__(self) -> str:
        if self.answer == PROVED:
            return (
                f"PROVED {self.claim}: {self.compared:,} values are equal for all 2^{self.bits} inputs "
                f"({self.cycles:,} cycles, {self.seconds:.2f} s)"
            )
        difference = f"; found minus expected is {self.difference}" if self.difference else ""
        return f"{self.answer.upper()} {self.claim}: {self.reason}{difference}"

    def to_facts(self) -> dict[str, Any]:
        """The verdict for JSON."""
        facts: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("answer", "claim", "compared", "bits", "cycles", "reason", "difference")
        }
        facts["seconds"] = round(self.seconds, 2)
        facts["any_folds"] = self.is_for_any_folds
        facts["more_vectors"] = self.is_for_more_vectors
        if self.killing is not None:
            names = ("cycle", "port", "low", "width", "expected", "found", "simulator", "simulated")
            facts["killing"] = {name: getattr(self.killing, name) for name in names}
            facts["killing"]["inputs"] = dict(self.killing.inputs)
        return facts
