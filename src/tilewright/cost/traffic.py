"""Words that move between the memories and the array, for one layer and one sample."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.cost.outline import LayerOutline
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


def layer_traffic(outline: LayerOutline, plan: TilePlan) -> Traffic:
    """Traffic of the serial weight-stationary schedule.

    Every fold reads its `cols` weight words and all nij activation words, and writes each ofmap pixel
    once; every fold but the first of a job reads the psum that it adds to. The host writes the
    activations once, the weights job by job, and reads the psums after each job.
    """
    array, shape = plan.array, plan.shape
    folds = plan.otiles * plan.folds_per_otile
    return Traffic(
        xmem=MemoryTraffic(
            word_bits=array.rows * outline.act_format.bits,
            reads=folds * shape.nij,
            writes=0,
            host_words=plan.itiles * shape.nij,
        ),
        wmem=MemoryTraffic(
            word_bits=array.rows * outline.weight_format.bits,
            reads=folds * array.cols,
            writes=0,
            host_words=folds * array.cols,
        ),
        pmem=MemoryTraffic(
            word_bits=array.cols * array.psum_bits,
            reads=(folds - plan.otiles) * shape.onij,
            writes=folds * shape.onij,
            host_words=plan.otiles * shape.onij,
        ),
    )
