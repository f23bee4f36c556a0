"""The interface of a dataflow: everything about a layer on an array that depends on what stays in the PEs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from tilewright.errors import ShapeError, UnknownNameError
from tilewright.spec import Codes, Ints, Schedule
from tilewright.tile.layer_on_array import LayerOnArray

Code = TypeVar("Code", bound=np.integer)
Weights = npt.NDArray[np.int8]
Activations = Codes


@dataclass(frozen=True, slots=True)
class Wiring:
    """How our core, and the model of its registers, are switched in a dataflow.

    psums_stay: psums grow in the PEs and are flushed at the end of a fold, with weights from the north
    beside every activation; else weights are loaded before a fold and stay, and psums flow down and are
    accumulated in PMEM.
    """

    psums_stay: bool


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """Products that every PE concerned adds to the psum that it takes.

    products: ``otile onij col``. cycles: the cycle of the layer in which each sum is formed, of a shape
    that fits. rows: the row of the PE, ``onij``.
    """

    products: Ints
    cycles: Ints
    rows: Ints


@dataclass(frozen=True, slots=True, eq=False)
class FoldSums:
    """The additions that begin with psums of 0 in the PEs and end with one addition in PMEM.

    additions: in order. written: the cycle of the layer in which the sum is written to PMEM, of a shape that
    fits ``otile onij col``. place: ``onij (itile, kij)``, the fold of each pixel.
    """

    additions: Iterator[Addition]
    written: Ints
    place: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Operands:
    """Counts of operands: see `tilewright.sim.Activity`."""

    operations: int
    zero_acts: int
    zero_weights: int
    zero_both: int


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """The values that the registers of the PEs take, one after the other, from 0.

    acts: ``n row 1 half``, repeated `repeats` times. weights: ``n row|1 col half``. shadow: what each row's
    chain of shadow registers takes, ``n row``, or None where there is none; the chain passes the low half
    of a PE first, then the high one. psums: pieces ``n row col``, one after the other.
    """

    acts: Ints
    repeats: int
    weights: Ints
    shadow: Ints | None
    psums: Iterator[Ints]


class Dataflow(Protocol):
    """How an array runs a layer: one frozen object, listed in `tilewright.tile.DATAFLOWS` by its name.

    name: as in ``array.mode``. title: for people. layout: preset, or path of a layout file, that a bench of
    such a core reads. channels_per_pe: activations in the operand of a PE. wiring: how our core is switched,
    or None where it cannot run so; then what is below "registers" is never called. is_skipping: whether it
    can leave out pixels that no tap uses. weight_axes, act_axes: the axes of its words; "otile" and "col"
    are among the weights'.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    layout: ClassVar[str]
    channels_per_pe: ClassVar[int]
    wiring: ClassVar[Wiring | None]
    is_skipping: ClassVar[bool]
    weight_axes: ClassVar[str]
    act_axes: ClassVar[str]

    def for_codes(self, act_bits: int, /) -> Dataflow:
        """The dataflow that runs a layer with activations of so many bits: itself, or one for wider ones."""

    # -- sizes ------------------------------------------------------------------------------------

    def groups_at_once(self, _on: LayerOnArray, /) -> int:
        """Groups of a grouped convolution whose weights one tile holds, along its diagonal."""
        return 1

    def grid(self, on: LayerOnArray, /) -> tuple[int, int, int]:
        """Folds along ``otile itile kij``."""

    def lanes(self, on: LayerOnArray, /) -> int:
        """Codes of an activation word."""

    def weight_lanes(self, on: LayerOnArray, /) -> int:
        """Codes of a weight word."""

    def sample_words(self, on: LayerOnArray, /) -> int:
        """Activation words of a sample."""

    def otile_words(self, on: LayerOnArray, /) -> int:
        """Weight words of an output tile."""

    def fold_words(self, on: LayerOnArray, /) -> int:
        """Weight words that a fold reads."""

    def psum_words(self, on: LayerOnArray, /) -> int:
        """Psums that are written to PMEM: each beyond the first of a pixel is added to what PMEM holds."""

    # -- words ------------------------------------------------------------------------------------

    def weight_shape(self, on: LayerOnArray, /) -> tuple[int, ...]:
        """Sizes of `weight_axes`."""

    def act_shape(self, on: LayerOnArray, /) -> tuple[int, ...]:
        """Sizes of `act_axes`."""

    def tile_weights(self, weight: npt.NDArray[Code], on: LayerOnArray, /) -> npt.NDArray[Code]:
        """Weights ``oc ic kh kw`` to `weight_axes`; lanes without a channel are 0."""

    def untile_weights(self, tiles: npt.NDArray[Code], on: LayerOnArray, /) -> npt.NDArray[Code]:
        """Inverse of `tile_weights`."""

    def tile_activations(self, codes: npt.NDArray[Code], on: LayerOnArray, /) -> npt.NDArray[Code]:
        """One sample's codes ``ic ih iw`` to `act_axes`; lanes without a channel or pixel are 0."""

    def untile_activations(
        self, tiles: npt.NDArray[Code], on: LayerOnArray, /
    ) -> npt.NDArray[Code]:
        """Inverse of `tile_activations`; a pixel that is in no word is 0."""

    # -- cycles -----------------------------------------------------------------------------------

    def words_streamed(self, on: LayerOnArray, schedule: Schedule, /) -> int:
        """Activation words of a fold."""

    def first_fold_cycles(self, on: LayerOnArray, schedule: Schedule, /) -> int:
        """Busy cycles of the first fold of a job, and of every fold when serial."""

    def next_fold_cycles(self, on: LayerOnArray, schedule: Schedule, /) -> int:
        """Busy cycles of each further fold of an overlapped job."""

    def load_cycles(self, on: LayerOnArray, schedule: Schedule, /) -> int:
        """Cycles of a layer in which WMEM is read and XMEM is not."""

    # -- values -----------------------------------------------------------------------------------

    def products(
        self, weights: Weights, activations: Activations, on: LayerOnArray, kind: type, /
    ) -> Ints:
        """Psums ``otile onij col`` of sums that fit floats of type `kind` in any order."""

    def sums(
        self,
        weights: Weights,
        activations: Activations,
        on: LayerOnArray,
        schedule: Schedule,
        begins: Ints,
        /,
    ) -> Iterator[FoldSums]:
        """The same psums in the order in which the array forms them.

        begins: ``otile fold``, the cycle of the layer in which a fold would begin were it its job's first.
        """

    # -- registers --------------------------------------------------------------------------------

    def streamed(self, on: LayerOnArray, schedule: Schedule, /) -> Ints:
        """``fold n``: address of each activation word that a fold of an output tile streams."""

    def pixels(self, on: LayerOnArray, schedule: Schedule, /) -> Ints:
        """``fold vector``: ofmap pixel of each vector that a fold brings, or -1 where it is dropped."""

    def operands(
        self, weights: Weights, activations: Activations, on: LayerOnArray, schedule: Schedule, /
    ) -> Operands:
        """How many multiplications there are, and how many with an operand of 0."""

    def histories(
        self, weights: Weights, activations: Activations, on: LayerOnArray, schedule: Schedule, /
    ) -> Histories:
        """The values that each register of the PEs takes."""

    # -- files of its layout ----------------------------------------------------------------------

    def counts(self, on: LayerOnArray, /) -> Mapping[str, int]:
        """The fields of the layer descriptor beside the shape: ``steps`` and ``passes``."""

    def act_files(self, on: LayerOnArray, /) -> tuple[dict[str, int], ...]:
        """Indices of the files of activations, in the order of reading; all have the same size."""

    def weight_files(self, on: LayerOnArray, otiles: range, /) -> Iterator[dict[str, int]]:
        """Indices of the files of weights of some output tiles, in the order of reading."""

    def weight_file_words(self, on: LayerOnArray, /) -> int:
        """Words of each file of weights."""


def core_wiring(dataflow: Dataflow) -> Wiring:
    """How our core is switched; raises `UnknownNameError` if it cannot run so."""
    if dataflow.wiring is None:
        raise UnknownNameError(
            f"the registers of dataflow {dataflow.name!r} are not modelled: use sim.engine = 'fast' "
            "without stalls, or one of the dataflows of our core"
        )
    return dataflow.wiring


def expect_axes(array: npt.NDArray[Any], expected: tuple[int, ...], axes: str) -> None:
    """Raise `ShapeError` if an array has other sizes."""
    if array.shape != expected:
        raise ShapeError(f"expected ({', '.join(axes.split())}) = {expected}, not {array.shape}")
