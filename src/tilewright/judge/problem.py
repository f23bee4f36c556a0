"""A dump that differs, as numbers: operands, what was found, and the exact computation to vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tilewright.judge.compare import Comparison
from tilewright.judge.dump import Known
from tilewright.judge.operands import Operands
from tilewright.spec import AnyOutput, ChannelConstants, ConvShape, Ints, OutputFunction
from tilewright.vectors import Bundle, dataflow_of
from tilewright.vectors.bundle_reader import decode_constants

NO_CONSTANTS = ChannelConstants()


@dataclass(frozen=True, slots=True)
class ArrayFacts:
    """The array and the files, as far as a cause may speak of them.

    lanes: input channels of an input tile, `per_pe` in each row. bits of codes, weights and psums;
    has_signed_acts: whether codes may be negative.
    """

    rows: int
    cols: int
    per_pe: int
    act_bits: int
    weight_bits: int
    psum_bits: int
    has_signed_acts: bool = False

    @property
    def lanes(self) -> int:
        """Input channels of an input tile."""
        return self.rows * self.per_pe


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What a cause must turn into what.

    weight: ``oc ic kh kw``. plane: ``ic nij``, the codes with their border. window: ``kij pixel``, the nij
    that each tap of an ofmap pixel sees. pixels: the ofmap pixels that are looked at (all, or a part).
    kind, function, constants: of the numbers. target, known, expected: ``group oc pixel``; a group is a tap
    of tap psums, a tap of an input tile of tile psums, else there is one.
    """

    shape: ConvShape
    array: ArrayFacts
    kind: str
    function: AnyOutput
    weight: Ints
    plane: Ints
    window: Ints
    pixels: Ints
    target: Ints
    known: Known
    expected: Ints
    constants: ChannelConstants = NO_CONSTANTS

    @classmethod
    def of(cls, bundle: Bundle, operands: Operands, found: Comparison) -> Problem:
        """The problem that a comparison poses."""
        shape, dataflow = bundle.shape, dataflow_of(bundle.layout)
        per_pe = dataflow.channels_per_pe if dataflow else 1
        array = ArrayFacts(
            bundle.array.rows,
            bundle.array.cols,
            per_pe,
            bundle.act_format.bits,
            bundle.weight_format.bits,
            bundle.array.psum_bits,
            bundle.act_format.is_signed,
        )
        groups = (-1, shape.oc, shape.onij)
        return cls(
            shape=shape,
            array=array,
            kind=found.kind,
            function=bundle.layout.output if found.kind == "output" else OutputFunction("signed"),
            weight=operands.weight,
            plane=padded_plane(operands.codes, shape),
            window=window_pixels(shape),
            pixels=np.arange(shape.onij),
            target=found.dump.values.reshape(groups),
            known=found.dump.known.reshape(groups),
            expected=found.expected.reshape(groups),
            constants=decode_constants(bundle) if found.kind == "output" else NO_CONSTANTS,
        )

    @property
    def differs(self) -> Known:
        """Which numbers are known, and not as expected: ``group oc pixel``."""
        found: Known = self.known & (self.target != self.expected)
        return found

    @property
    def wrong_channels(self) -> Known:
        """The output channels of which a number differs: ``oc``."""
        found: Known = np.logical_or.reduce(self.differs, axis=(0, 2))
        return found

    @property
    def wrong_columns(self) -> list[int]:
        """The columns of the array of which a number differs."""
        found: list[int] = np.unique(np.flatnonzero(self.wrong_channels) % self.array.cols).tolist()
        return found

    @property
    def itiles(self) -> int:
        """Input tiles."""
        return -(-self.shape.ic // self.array.lanes)

    @property
    def otiles(self) -> int:
        """Output tiles."""
        return -(-self.shape.oc // self.array.cols)

    @property
    def groups(self) -> int:
        """Groups of numbers: see above."""
        return len(self.expected)

    @property
    def is_whole(self) -> bool:
        """Whether all pixels are looked at."""
        return len(self.pixels) == self.shape.onij

    def at(self, pixels: Ints) -> Problem:
        """The same problem at some of the pixels."""
        from dataclasses import replace

        return replace(
            self,
            window=self.window[:, pixels],
            pixels=self.pixels[pixels],
            target=self.target[..., pixels],
            known=self.known[..., pixels],
            expected=self.expected[..., pixels],
        )


def padded_plane(codes: Ints, shape: ConvShape) -> Ints:
    """Codes ``ic ih iw`` to ``ic nij`` of the padded plane."""
    plane = np.pad(codes, ((0, 0), *shape.edges))
    return plane.reshape(shape.ic, -1).astype(np.int64)


def window_pixels(shape: ConvShape) -> Ints:
    """``kij onij``: the nij that each tap of each ofmap pixel sees."""
    down = np.arange(shape.kh)[:, None] + shape.stride[0] * np.arange(shape.oh)  # kh oh
    across = np.arange(shape.kw)[:, None] + shape.stride[1] * np.arange(shape.ow)  # kw ow
    pixels = down[:, None, :, None] * shape.padded_w + across[None, :, None, :]
    return pixels.reshape(shape.taps, shape.onij)
