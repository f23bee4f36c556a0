"""Words that move between the memories and the array, for one layer and one sample."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tilewright.cost.outline import LayerOutline
from tilewright.sim.cycles import SERIAL, words_streamed
from tilewright.spec import Schedule
from tilewright.tile import TilePlan


@dataclass(frozen=True, slots=True)
class MemoryTraffic:
    """Words that pass one memory's ports; a word has `word_bits` bits.

    host_words: written or read by the host before and after the jobs.
    """

    word_bits: int
    reads: int
    writes: int
    host_words: int

    @property
    def words(self) -> int:
        """Words that the core reads and writes."""
        return self.reads + self.writes

    @property
    def bits(self) -> int:
        """Bits that the core reads and writes."""
        return self.words * self.word_bits


@dataclass(frozen=True, slots=True)
class Traffic:
    """Traffic of each memory."""

    xmem: MemoryTraffic
    wmem: MemoryTraffic
    pmem: MemoryTraffic

    def to_facts(self) -> dict[str, int]:
        """All figures, flat."""
        facts: dict[str, int] = {}
        for name, memory in (("xmem", self.xmem), ("wmem", self.wmem), ("pmem", self.pmem)):
            facts |= {f"{name}_{key}": count for key, count in asdict(memory).items()}
        return facts


def layer_traffic(outline: LayerOutline, plan: TilePlan, schedule: Schedule = SERIAL) -> Traffic:
    """Words that move in the mode of a plan.

    Weight stationary: every fold reads its weight words and one word for each activation that it streams,
    and writes each ofmap pixel once; every fold but the first of an output tile reads the psum that it
    adds to. Output stationary: every step of a pass reads a word of both, and psums are written once. The
    host writes the activations once, the weights of every output tile, and reads the psums of each.
    """
    array, shape = plan.array, plan.shape
    folds = plan.otiles * plan.folds_per_otile
    is_os = plan.dataflow == "os"
    streamed = folds * words_streamed(plan, schedule)
    loaded = folds * array.cols * plan.channels_per_pe
    return Traffic(
        xmem=MemoryTraffic(
            word_bits=plan.lanes * outline.act_format.bits,
            reads=streamed,
            writes=0,
            host_words=plan.passes * plan.steps if is_os else plan.itiles * shape.nij,
        ),
        wmem=MemoryTraffic(
            word_bits=(array.cols if is_os else array.rows) * outline.weight_format.bits,
            reads=streamed if is_os else loaded,
            writes=0,
            host_words=plan.otiles * plan.steps if is_os else loaded,
        ),
        pmem=MemoryTraffic(
            word_bits=array.cols * array.psum_bits,
            reads=0 if is_os else (folds - plan.otiles) * shape.onij,
            writes=plan.otiles * shape.onij if is_os else folds * shape.onij,
            host_words=plan.otiles * shape.onij,
        ),
    )
