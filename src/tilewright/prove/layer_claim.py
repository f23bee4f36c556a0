"""What our whole core (rtl/tw_core.sv) must put out for a layer, whatever its activations and weights are."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tilewright.errors import ConfigError
from tilewright.prove.expected import leaked, rectified
from tilewright.prove.machine import Machine
from tilewright.prove.polynomials import Poly
from tilewright.prove.proof import Check, ControlError, known
from tilewright.prove.words import Value, Words
from tilewright.rtl.descriptor import LayerDescriptor
from tilewright.spec import Ints
from tilewright.tile import Execution

_MOST_CYCLES = 200_000
READY = ("xmem_ready_i", "wmem_ready_i", "pmem_ready_i", "out_ready_i")


@dataclass(frozen=True, slots=True, eq=False)
class LayerJob:
    """A layer on our core, all output tiles in one job.

    execution: plan, schedule, rule and output function; its schedule is of the whole layer. weights: int8
    ``oc ic kh kw``, or None: any. stalls: in each cycle each partner is not ready with this chance in 256.
    is_act_signed: activations are two's complement, else unsigned.
    """

    execution: Execution
    act_bits: int = 4
    weight_bits: int = 4
    weights: Ints | None = None
    stalls: int = 0
    is_act_signed: bool = False
    addresses: Mapping[str, int] = field(
        default_factory=lambda: {"XmemAddrBits": 8, "WmemAddrBits": 8, "PmemAddrBits": 6}
    )

    def __post_init__(self) -> None:
        if not self.execution.schedule.is_whole_layer:
            raise ConfigError(
                "a layer is proved as one job: its schedule must be of the whole layer"
            )
        if self.execution.plan.shape.groups != 1:
            raise ConfigError("a layer of one group is proved, not one of several")

    @property
    def parameters(self) -> dict[str, int]:
        """Of tw_core; a core of before signed activations need not have their parameter."""
        plan = self.execution.plan
        sizes = {
            "Rows": plan.array.rows,
            "Cols": plan.array.cols,
            "ActBits": self.act_bits * plan.dataflow.channels_per_pe,
            "WeightBits": self.weight_bits,
            "ColumnBits": self.execution.column_bits,
            "PsumBits": plan.array.psum_bits,
            **self.addresses,
        }
        return sizes | ({"ActSigned": 1} if self.is_act_signed else {})

    @property
    def descriptor(self) -> LayerDescriptor:
        """The job's descriptor."""
        plan, run = self.execution.plan, self.execution
        return LayerDescriptor.of(
            plan.shape,
            plan.dataflow.name,
            itiles=plan.itiles,
            otiles=plan.otiles,
            **plan.dataflow.counts(plan),
            schedule=run.schedule,
            saturate=run.rule.overflow == "saturate",
            output=run.output,
        )

    def __str__(self) -> str:
        plan, run = self.execution.plan, self.execution
        shape, schedule = plan.shape, run.schedule
        how = "overlapped" if schedule.is_overlapped else "serial"
        skips = ", skipping" if schedule.is_skipping else ""
        signed = ", signed activations" if self.is_act_signed else ""
        weights = "any weights" if self.weights is None else "its own weights"
        stalls = f", stalls of {self.stalls}/256" if self.stalls else ""
        return (
            f"tw_core {plan.array.rows}x{plan.array.cols} {plan.dataflow.name}, {how}{skips}, "
            f"{run.output.function}{signed}{stalls}: a layer {shape.ic}x{shape.ih}x{shape.iw} to "
            f"{shape.oc}x{shape.oh}x{shape.ow} with {weights}"
        )


class LayerClaim:
    """The claim that the core puts out each word of the layer's result once, and all are right."""

    def __init__(self, job: LayerJob, words: Words) -> None:
        self.job, self.words, self.algebra = job, words, words.algebra
        self.text = str(job)
        plan = job.execution.plan
        shape = plan.shape
        self._acts = self._variables(
            "act", (shape.ic, shape.ih, shape.iw), job.act_bits, is_signed=job.is_act_signed
        )
        sizes = (shape.oc, shape.ic, shape.kh, shape.kw)
        self._weights = (
            self._variables("weight", sizes, job.weight_bits, is_signed=True)
            if job.weights is None
            else [self.algebra.number(int(one)) for one in job.weights.reshape(-1)]
        )
        self._left = {(otile, n) for otile in range(plan.otiles) for n in range(shape.onij)}
        self._is_done = False

    def _variables(
        self, name: str, sizes: tuple[int, ...], bits: int, *, is_signed: bool
    ) -> list[Poly]:
        return [
            self.algebra.word(name + "".join(f"[{i}]" for i in at), bits, is_signed=is_signed)
            for at in np.ndindex(sizes)
        ]

    # -- inputs ---------------------------------------------------------------------------------------

    @property
    def constants(self) -> Mapping[str, int]:
        """The descriptor, which stays for the whole job."""
        return {"layer_i": self.job.descriptor.word}

    def inputs(self) -> Iterator[Mapping[str, Value]]:
        """Reset, the host's writes, start, and cycles until the job is done."""
        idle: dict[str, Value] = {
            **dict.fromkeys(("start_i", "xmem_we_i", "wmem_we_i", "pmem_addr_i"), 0),
            **dict.fromkeys(("xmem_addr_i", "xmem_data_i", "wmem_addr_i", "wmem_data_i"), 0),
            **dict.fromkeys(READY, 1),
        }
        yield {**idle, **self.constants, "rst_ni": 0}
        yield {"rst_ni": 1}
        for memory, word in (("xmem", self._xmem()), ("wmem", self._wmem())):
            for address, data in enumerate(word):
                yield {f"{memory}_we_i": 1, f"{memory}_addr_i": address, f"{memory}_data_i": data}
            yield {f"{memory}_we_i": 0}
        yield {"start_i": 1}
        rng = random.Random(self.job.stalls)  # noqa: S311  # stalls, no secret
        for _ in range(_MOST_CYCLES):
            if self._is_done:
                return
            ready = {name: int(rng.randrange(256) >= self.job.stalls) for name in READY}
            yield {"start_i": 0, **ready}

    def _xmem(self) -> Iterator[Value]:
        """Activations as the core wants them, one for each row, channels of one PE the low one first."""
        plan = self.job.execution.plan
        shape, channels = plan.shape, plan.dataflow.channels_per_pe
        numbers = 1 + np.arange(shape.ic * shape.ih * shape.iw).reshape(
            shape.ic, shape.ih, shape.iw
        )
        tiled = plan.dataflow.tile_activations(numbers, plan)
        yield from self._words(tiled.reshape(-1, plan.array.rows * channels), self._acts, False)

    def _wmem(self) -> Iterator[Value]:
        plan = self.job.execution.plan
        shape, channels = plan.shape, plan.dataflow.channels_per_pe
        sizes = (shape.oc, shape.ic, shape.kh, shape.kw)
        numbers = 1 + np.arange(int(np.prod(sizes))).reshape(sizes)
        lanes = plan.dataflow.weight_lanes(plan)
        tiled = plan.dataflow.tile_weights(numbers, plan).reshape(-1, lanes, channels)
        yield from self._words(tiled.transpose(0, 2, 1).reshape(-1, lanes), self._weights, True)

    def _words(self, numbers: Ints, values: list[Poly], is_weight: bool) -> Iterator[Value]:
        """Each row of numbers as a word: 0 is padding, n is value n - 1."""
        bits = self.job.weight_bits if is_weight else self.job.act_bits
        for row in numbers:
            yield self.words.concatenate(
                [(self.words.of(values[n - 1], bits) if n else 0, bits) for n in map(int, row)]
            )

    # -- outputs --------------------------------------------------------------------------------------

    def checks(self, cycle: int, machine: Machine) -> Iterable[Check]:
        """Each word that is taken: its place is due, and psum and output are the layer's."""
        if cycle == 0:
            return
        self._is_done = bool(known(machine, "done_o"))
        yield Check("the overflow bits", "overflow_o", 0, 2, self.algebra.zero)
        ready = machine.get(machine.netlist.ports["out_ready_i"].source)
        if not known(machine, "out_valid_o") or ready != 1:
            return
        plan = self.job.execution.plan
        place = divmod(known(machine, "out_addr_o"), plan.shape.onij)
        if place not in self._left:
            raise ControlError(
                f"output tile {place[0]}, pixel {place[1]} comes in cycle {cycle}, but is not due",
                is_wrong=True,
            )
        self._left.remove(place)
        width = plan.array.psum_bits
        for col in range(min(plan.array.cols, plan.shape.oc - place[0] * plan.array.cols)):
            oc = place[0] * plan.array.cols + col
            what = f"channel {oc}, pixel {place[1]}"
            total = self._sum(oc, *divmod(place[1], plan.shape.ow))
            yield Check(f"the psum of {what}", "out_psum_o", col * width, width, total)
            yield Check(f"the output of {what}", "out_data_o", col * width, width, self._put(total))

    def _sum(self, oc: int, row: int, column: int) -> Poly:
        """The convolution, as it is defined."""
        shape = self.job.execution.plan.shape
        total = self.algebra.zero
        for ic, ki, kj in np.ndindex(shape.ic, shape.kh, shape.kw):
            y = row * shape.stride[0] + ki - shape.padding[0]
            x = column * shape.stride[1] + kj - shape.padding[1]
            if 0 <= y < shape.ih and 0 <= x < shape.iw:
                weight = self._weights[((oc * shape.ic + ic) * shape.kh + ki) * shape.kw + kj]
                act = self._acts[(ic * shape.ih + y) * shape.iw + x]
                total = self.algebra.add(total, self.algebra.multiply(act, weight))
        return total

    def _put(self, total: Poly) -> Poly:
        output = self.job.execution.output
        if output.function == "relu":
            return rectified(self.algebra, total)
        return leaked(self.algebra, total, output.shift) if output.function == "leaky" else total

    def end(self) -> None:
        """Raise `ControlError` if a word is still due."""
        if self._left:
            otile, pixel = min(self._left)
            raise ControlError(
                f"{len(self._left)} words must still come when the job is done, the first of output tile "
                f"{otile}, pixel {pixel}",
                is_wrong=True,
            )
