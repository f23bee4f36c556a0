"""What a testbench does besides reading one file: other reads, and looks at the design, by process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tilewright.verilog.heap import Process


@dataclass(slots=True)
class Acts:
    """Reads are numbered as they come.

    nets: paths of what the design drives. is_watched: a block that is not followed looks at them, and says
    what it finds. callers: the process of each read; looks: of each process, how many reads there were when
    it looked at the design last.
    """

    nets: frozenset[str] = frozenset()
    is_watched: bool = False
    callers: dict[int, Process] = field(default_factory=dict)
    looks: dict[Process, int] = field(default_factory=dict)

    def are_over(self, call: int, others: Iterable[int]) -> bool:
        """Whether there are reads of other files, numbered `others`, and looks at the design, all of them
        before read `call`. A process without time comes before all that have time in them."""
        own = self.callers.get(call, ())
        acts = [(self.callers.get(one, ()), one) for one in others]
        if self.is_watched or not acts or not self.looks:
            return False
        acts += self.looks.items()
        return all(at < call and process in ((), own) for process, at in acts)
