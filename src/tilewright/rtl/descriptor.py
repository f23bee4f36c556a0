"""The layer descriptor of our core: the Python twin of ``layer_t`` in ``tw_pkg.sv``, field by field."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from tilewright.errors import ShapeError
from tilewright.spec import ConvShape, OutputFunction, Schedule

DATAFLOWS = ("ws", "simd", "os")
"""Dataflows of the core in the order of their numbers, ``dataflow_e``."""
FUNCTIONS = ("relu", "leaky", "signed")
"""Output functions in the order of their numbers, ``function_e``."""

_COUNT = {"bits": 16}
_PRODUCT = {"bits": 32}


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDescriptor:
    """The descriptor of a job; fields as in ``tw_pkg.sv``, the first one highest in the word.

    dataflow, output_function: numbers in `DATAFLOWS` and `FUNCTIONS`. is_overlapped, is_skipping,
    saturate: 0 or 1. otiles: of the job. steps, passes: of an output-stationary output tile, else 1.
    plane: padded_h * padded_w. line: stride_h * padded_w. onij: oh * ow.

    Raises `ShapeError` if a field does not fit its bits.
    """

    dataflow: int = field(metadata={"bits": 2})
    is_overlapped: int = field(metadata={"bits": 1})
    is_skipping: int = field(metadata={"bits": 1})
    saturate: int = field(metadata={"bits": 1})
    output_function: int = field(metadata={"bits": 2})
    leak: int = field(metadata={"bits": 5})
    padded_h: int = field(metadata=_COUNT)
    padded_w: int = field(metadata=_COUNT)
    kh: int = field(metadata=_COUNT)
    kw: int = field(metadata=_COUNT)
    stride_h: int = field(metadata=_COUNT)
    stride_w: int = field(metadata=_COUNT)
    oh: int = field(metadata=_COUNT)
    ow: int = field(metadata=_COUNT)
    itiles: int = field(metadata=_COUNT)
    otiles: int = field(metadata=_COUNT)
    steps: int = field(metadata=_COUNT)
    passes: int = field(metadata=_COUNT)
    plane: int = field(metadata=_PRODUCT)
    line: int = field(metadata=_PRODUCT)
    onij: int = field(metadata=_PRODUCT)

    def __post_init__(self) -> None:
        for name, bits in self.widths().items():
            value = getattr(self, name)
            if not 0 <= value < 1 << bits:
                raise ShapeError(
                    f"{name} of the RTL core's layer descriptor must be in 0..{(1 << bits) - 1}, "
                    f"but is {value}: use a smaller layer"
                )

    @classmethod
    def of(
        cls,
        shape: ConvShape,
        dataflow: str,
        *,
        itiles: int,
        otiles: int,
        steps: int,
        passes: int,
        schedule: Schedule,
        saturate: bool,
        output: OutputFunction,
    ) -> LayerDescriptor:
        """The descriptor of a layer in a dataflow, by its name; steps and passes are 1 but output stationary.

        Raises `ShapeError` if a size of the layer does not fit its field.
        """
        return cls(
            dataflow=DATAFLOWS.index(dataflow),
            is_overlapped=int(schedule.is_overlapped),
            is_skipping=int(schedule.is_skipping),
            saturate=int(saturate),
            output_function=FUNCTIONS.index(output.function),
            leak=output.shift,
            padded_h=shape.padded_h,
            padded_w=shape.padded_w,
            kh=shape.kh,
            kw=shape.kw,
            stride_h=shape.stride[0],
            stride_w=shape.stride[1],
            oh=shape.oh,
            ow=shape.ow,
            itiles=itiles,
            otiles=otiles,
            steps=steps,
            passes=passes,
            plane=shape.padded_h * shape.padded_w,
            line=shape.stride[0] * shape.padded_w,
            onij=shape.oh * shape.ow,
        )

    @classmethod
    def widths(cls) -> dict[str, int]:
        """Bits of each field, by name, in order."""
        return {one.name: int(one.metadata["bits"]) for one in fields(cls)}

    def values(self) -> dict[str, int]:
        """Each field by name, in order."""
        return {name: getattr(self, name) for name in self.widths()}

    @property
    def word(self) -> int:
        """All fields as the one number that ``layer_i`` takes."""
        word = 0
        for name, bits in self.widths().items():
            word = word << bits | getattr(self, name)
        return word
