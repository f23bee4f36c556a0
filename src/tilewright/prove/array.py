"""What our array (rtl/tw_array.sv) must compute, under the control that its core gives it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tilewright.errors import ConfigError
from tilewright.prove.expected import accumulated
from tilewright.prove.machine import Machine
from tilewright.prove.polynomials import Poly
from tilewright.prove.proof import Check, ControlError, known
from tilewright.prove.words import Value, Words
from tilewright.tile.dataflow import Wiring

MODES = ("ws", "2ch", "os")
"""Weight stationary, weight stationary with two channels an activation, output stationary."""


@dataclass(frozen=True, slots=True)
class ArrayJob:
    """An array and what streams through it.

    mode: one of `MODES`. vectors: activations of each lane in a fold, or steps of a pass. folds: one after
    the other, overlapped as far as the contract allows, or with a pause where not `is_overlapped`. stalls:
    the stream stands still in cycles n with ``n % stalls == stalls - 1`` (0: never). is_act_signed:
    activations are two's complement, else unsigned.
    """

    rows: int = 4
    cols: int = 4
    mode: str = "ws"
    vectors: int = 4
    folds: int = 2
    act_bits: int = 4
    weight_bits: int = 4
    column_bits: int = 16
    is_saturating: bool = False
    is_overlapped: bool = True
    stalls: int = 0
    is_act_signed: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ConfigError(f"a mode must be one of {', '.join(MODES)}, but is {self.mode!r}")
        if min(self.rows, self.cols, self.vectors, self.folds) < 1 or self.stalls in (1,):
            raise ConfigError(
                "rows, columns, vectors and folds must be at least 1, stalls 0 or 2 up"
            )

    @property
    def psums_stay(self) -> bool:
        """Whether sums grow in the PEs, instead of weights resting there."""
        return self.mode == "os"

    @property
    def parameters(self) -> Mapping[str, int]:
        """Of tw_array; an array of before signed activations need not have their parameter."""
        sizes = {
            "Rows": self.rows,
            "Cols": self.cols,
            "ActBits": self.act_bits,
            "WeightBits": self.weight_bits,
            "ColumnBits": self.column_bits,
        }
        return sizes | ({"ActSigned": 1} if self.is_act_signed else {})

    @property
    def ports(self) -> dict[str, int]:
        """The ports of ``tw_array`` with their widths, but for the clock."""
        scalars = ("rst_ni", "is_os_i", "is_half_i", "saturate_i", "flushed_o")
        of_rows = ("weight_valid_i", "act_valid_i", "act_first_i", "act_last_i")
        return {
            **dict.fromkeys(scalars, 1),
            **dict.fromkeys(of_rows, self.rows),
            "weight_i": self.rows * self.weight_bits,
            "act_i": self.rows * self.act_bits,
            "north_i": self.cols * self.weight_bits,
            **dict.fromkeys(("psum_valid_o", "overflow_o"), self.cols),
            "psum_o": self.cols * self.column_bits,
        }

    def __str__(self) -> str:
        rule = "saturating" if self.is_saturating else "wrapping"
        stalls = f", a stall every {self.stalls} cycles" if self.stalls else ""
        order = "overlapped" if self.is_overlapped else "serial"
        sign = "s" if self.is_act_signed else ""
        return (
            f"tw_array {self.rows}x{self.cols} {self.mode}, {sign}{self.act_bits}/{self.weight_bits}/"
            f"{self.column_bits} bits, {rule}, {self.folds} {order} folds of {self.vectors}{stalls}"
        )


def mode_of(wiring: Wiring, channels: int) -> str:
    """The mode in which a dataflow uses the array. channels: of an activation word of a PE."""
    if wiring.psums_stay:
        return "os"
    return "ws" if channels == 1 else "2ch"


class ArrayClaim:
    """The claim that the array computes a job for all activations and weights."""

    def __init__(self, job: ArrayJob, words: Words) -> None:
        self.job, self.words, self.algebra = job, words, words.algebra
        self.text = str(job)
        self._lanes: dict[int, dict[tuple[str, int], Value]] = defaultdict(dict)
        self._due: dict[tuple[int, int], tuple[str, Poly, Poly]] = {}
        self._flushed: set[int] = set()
        self.streams: list[tuple[int, int]] = []
        """The first and the last cycle of each fold's stream."""
        self.loaded: list[int] = []
        """The last cycle in which the first row's weights of each fold come."""
        (self._schedule_passes if job.psums_stay else self._schedule_folds)()
        self._last = max(cycle for cycle, _ in self._due)

    # -- data -----------------------------------------------------------------------------------------

    def _weights(self, fold: int, lane: int, count: int, name: str) -> list[Poly]:
        bits = self.job.weight_bits
        return [
            self.algebra.word(f"{name}[{fold}][{lane}][{n}]", bits, is_signed=True)
            for n in range(count)
        ]

    def _activation(self, name: str) -> list[Poly]:
        """An activation as its channels: one number, or two halves, the low one first."""
        bits = self.job.act_bits
        if self.job.mode != "2ch":
            return [self._channel(name, bits)]
        low = (bits + 1) // 2
        return [self._channel(f"{name}.low", low), self._channel(f"{name}.high", bits - low)]

    def _channel(self, name: str, bits: int) -> Poly:
        return self.algebra.word(name, bits, is_signed=self.job.is_act_signed)

    def _act_word(self, channels: list[Poly]) -> Value:
        bits, low = self.job.act_bits, (self.job.act_bits + 1) // 2
        widths = [bits] if len(channels) == 1 else [low, bits - low]
        return self.words.concatenate(
            [(self.words.of(p, width), width) for p, width in zip(channels, widths, strict=True)]
        )

    # -- schedule ---------------------------------------------------------------------------------------

    def _moves(self, start: int, count: int) -> list[int]:
        """The first `count` cycles from `start` on in which the stream does not stand still."""
        found: list[int] = []
        while len(found) < count:
            if not self.job.stalls or start % self.job.stalls != self.job.stalls - 1:
                found.append(start)
            start += 1
        return found

    def _put(self, port: str, lane: int, cycle: int, value: Value) -> None:
        """A word for a lane, which sees it as many cycles later as its number says."""
        self._lanes[cycle + lane][port, lane] = value

    def _put_activation(self, row: int, cycle: int, n: int, channels: list[Poly]) -> None:
        self._put("act", row, cycle, self._act_word(channels))
        self._put("act_first", row, cycle, int(n == 0))
        self._put("act_last", row, cycle, int(n == self.job.vectors - 1))

    def _schedule_folds(self) -> None:
        """Weight stationary: the first weight word shifted in rests in the last column."""
        job = self.job
        count = job.cols * (2 if job.mode == "2ch" else 1)
        load_from, stream_from = 1, 1
        for fold in range(job.folds):
            weights = [self._weights(fold, row, count, "weight") for row in range(job.rows)]
            loads = self._moves(load_from, count)
            for n, cycle in enumerate(loads):
                for row in range(job.rows):
                    word = self.words.of(weights[row][count - 1 - n], job.weight_bits)
                    self._put("weight", row, cycle, word)
            cycles = self._moves(max(loads[-1] + 1, stream_from), job.vectors)
            self.streams.append((cycles[0], cycles[-1]))
            self.loaded.append(loads[-1])
            for n, cycle in enumerate(cycles):
                acts = [self._activation(f"act[{fold}][{n}][{r}]") for r in range(job.rows)]
                for row, channels in enumerate(acts):
                    self._put_activation(row, cycle, n, channels)
                self._expect_column_sums(fold, n, cycle, weights, acts)
            stream_from = cycles[-1] + 1
            pause = cycles[-1] + job.rows + job.cols + 2
            load_from = max(loads[-1] + 1, cycles[0] + job.cols) if job.is_overlapped else pause

    def _expect_column_sums(
        self, fold: int, n: int, cycle: int, weights: list[list[Poly]], acts: list[list[Poly]]
    ) -> None:
        channels = len(acts[0])
        for col in range(self.job.cols):
            products = [
                self._product(acts[row], weights[row][col * channels : (col + 1) * channels])
                for row in range(self.job.rows)
            ]
            what = f"the psum of fold {fold}, activation {n}, column {col}"
            self._expect(what, cycle + self.job.rows + col, col, products)

    def _product(self, channels: list[Poly], weights: list[Poly]) -> Poly:
        total = self.algebra.zero
        for act, weight in zip(channels, weights, strict=True):
            total = self.algebra.add(total, self.algebra.multiply(act, weight))
        return total

    def _expect(self, what: str, cycle: int, col: int, products: list[Poly]) -> None:
        total, misfit = accumulated(
            self.algebra, products, self.job.column_bits, is_saturating=self.job.is_saturating
        )
        self._due[cycle, col] = (what, total, misfit)

    def _schedule_passes(self) -> None:
        """Output stationary: psums leave from the last row on, after the last step."""
        job, start = self.job, 1
        for fold in range(job.folds):
            weights = [self._weights(fold, col, job.vectors, "north") for col in range(job.cols)]
            acts = [
                [self._activation(f"act[{fold}][{n}][{r}]") for n in range(job.vectors)]
                for r in range(job.rows)
            ]
            cycles = self._moves(start, job.vectors)
            self.streams.append((cycles[0], cycles[-1]))
            for n, cycle in enumerate(cycles):
                for row in range(job.rows):
                    self._put_activation(row, cycle, n, acts[row][n])
                for col in range(job.cols):
                    self._put("north", col, cycle, self.words.of(weights[col][n], job.weight_bits))
            flushed = cycles[-1] + job.rows + job.cols - 1
            self._flushed.add(flushed)
            for row in range(job.rows):
                for col in range(job.cols):
                    products = [
                        self._product(acts[row][n], [weights[col][n]]) for n in range(job.vectors)
                    ]
                    what = f"the psum of pass {fold}, row {row}, column {col}"
                    self._expect(what, flushed + job.rows - 1 - row, col, products)
            start = flushed + (1 if job.is_overlapped else job.rows + 2)

    # -- the claim ----------------------------------------------------------------------------------

    @property
    def constants(self) -> Mapping[str, int]:
        """The mode, which stays for a whole job."""
        job = self.job
        mode = {"is_os_i": int(job.psums_stay), "is_half_i": int(job.mode == "2ch")}
        return mode | {"saturate_i": int(job.is_saturating)}

    def inputs(self) -> Iterator[Mapping[str, Value]]:
        """Reset in cycle 0, then what the schedule says, then what is under way."""
        yield {**self._lane_inputs(0), **self.constants, "rst_ni": 0}
        for cycle in range(1, self._last + 2):
            yield self._lane_inputs(cycle) | {"rst_ni": 1}

    def _lane_inputs(self, cycle: int) -> dict[str, Value]:
        job, lanes = self.job, self._lanes.get(cycle, {})

        def bus(port: str, count: int, width: int) -> Value:
            return self.words.concatenate(
                [(lanes.get((port, lane), 0), width) for lane in range(count)]
            )

        def valid(port: str) -> int:
            return sum(1 << row for row in range(job.rows) if (port, row) in lanes)

        return {
            "weight_valid_i": valid("weight"),
            "weight_i": bus("weight", job.rows, job.weight_bits),
            "act_valid_i": valid("act"),
            "act_first_i": bus("act_first", job.rows, 1),
            "act_last_i": bus("act_last", job.rows, 1),
            "act_i": bus("act", job.rows, job.act_bits),
            "north_i": bus("north", job.cols, job.weight_bits),
        }

    def checks(self, cycle: int, machine: Machine) -> Iterable[Check]:
        """Valid bits exactly when due; then the psum and its overflow bit."""
        job = self.job
        if cycle == 0:
            return
        self._hold("psum_valid_o", cycle, machine, self._due_columns(cycle))
        self._hold("flushed_o", cycle, machine, int(cycle in self._flushed))
        for col in range(job.cols):
            if (cycle, col) in self._due:
                what, total, misfit = self._due[cycle, col]
                yield Check(what, "psum_o", col * job.column_bits, job.column_bits, total)
                yield Check(f"the overflow bit of {what}", "overflow_o", col, 1, misfit)

    def _due_columns(self, cycle: int) -> int:
        return sum(1 << col for col in range(self.job.cols) if (cycle, col) in self._due)

    @staticmethod
    def _hold(port: str, cycle: int, machine: Machine, expected: int) -> None:
        found = known(machine, port)
        if found != expected:
            reason = f"output {port} is {found:#x} in cycle {cycle}, but must be {expected:#x}"
            raise ControlError(reason, is_wrong=True, port=port, expected=expected)

    def end(self) -> None:
        """Everything that is due was seen in its cycle."""
