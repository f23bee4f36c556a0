"""How a layer is run: the one noun that model, activity, cost and core take."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.spec import OutputFunction, PsumRule, Schedule
from tilewright.tile.plan import TilePlan

SERIAL = Schedule()
ERROR = PsumRule()
RELU = OutputFunction()


@dataclass(frozen=True, slots=True)
class Execution:
    """A layer on an array in a dataflow (the plan), and when, with which sums and to what result it runs.

    schedule: when folds follow one another. rule: what becomes of a sum that does not fit. output: what the
    accumulate unit puts out for a psum. A job is what one start of the core runs of it: an output tile, or,
    if the schedule says so, the whole layer.
    """

    plan: TilePlan
    schedule: Schedule = SERIAL
    rule: PsumRule = ERROR
    output: OutputFunction = RELU

    @property
    def column_bits(self) -> int:
        """Bits of a psum in a PE."""
        return self.rule.column_bits or self.plan.array.psum_bits

    @property
    def otiles_per_job(self) -> int:
        """Output tiles that one start of the core runs."""
        return self.plan.otiles if self.schedule.is_whole_layer else 1
