"""Words that move between the memories and the array, for one layer and one sample."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tilewright.cost.outline import LayerOutline
from tilewright.sim import words_streamed
from tilewright.tile import Execution


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

    def plus(self, other: MemoryTraffic, times: int) -> MemoryTraffic:
        """With that of another job, so many times; a word is as wide."""
        return MemoryTraffic(
            word_bits=self.word_bits,
            reads=self.reads + times * other.reads,
            writes=self.writes + times * other.writes,
            host_words=self.host_words + times * other.host_words,
        )

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

    def plus(self, other: Traffic, times: int) -> Traffic:
        """With that of another part of the layer, so many times."""
        return Traffic(
            self.xmem.plus(other.xmem, times),
            self.wmem.plus(other.wmem, times),
            self.pmem.plus(other.pmem, times),
        )

    def to_facts(self) -> dict[str, int]:
        """All figures, flat."""
        facts: dict[str, int] = {}
        for name, memory in (("xmem", self.xmem), ("wmem", self.wmem), ("pmem", self.pmem)):
            facts |= {f"{name}_{key}": count for key, count in asdict(memory).items()}
        return facts


def layer_traffic(outline: LayerOutline, execution: Execution) -> Traffic:
    """Words that move when a layer is run so.

    Every fold reads its weight words and one word for each activation that it streams. Where psums add up in
    PMEM, every fold writes each ofmap pixel once and, but for the first of an output tile, reads the psum
    that it adds to; where they stay in the PEs, each is written once. The host writes the activations once,
    the weights of every output tile, and reads the psums of each.
    """
    plan = execution.plan
    array, dataflow = plan.array, plan.dataflow
    folds, psums = plan.otiles * plan.folds_per_otile, plan.otiles * plan.shape.onij
    written = dataflow.psum_words(plan)
    return Traffic(
        xmem=MemoryTraffic(
            word_bits=plan.lanes * outline.act_format.bits,
            reads=folds * words_streamed(execution),
            writes=0,
            host_words=dataflow.sample_words(plan),
        ),
        wmem=MemoryTraffic(
            word_bits=dataflow.weight_lanes(plan) * outline.weight_format.bits,
            reads=folds * dataflow.fold_words(plan),
            writes=0,
            host_words=plan.otiles * dataflow.otile_words(plan),
        ),
        pmem=MemoryTraffic(
            word_bits=array.cols * array.psum_bits,
            reads=written - psums,
            writes=written,
            host_words=psums,
        ),
    )
