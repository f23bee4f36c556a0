"""The array and the files for it: two sections that must state the same plan."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from tilewright.errors import TilewrightError
from tilewright.spec import ArrayShape, ConvShape, PsumRule, Schedule
from tilewright.spec.array_shape import MAX_LANES, MAX_PSUM_BITS, MIN_PSUM_BITS
from tilewright.tile import DATAFLOWS, Execution, Part, find_parts, plan_mode

Count = Annotated[int, Field(ge=1)]

Container = Literal[
    "text",
    "mem",
    "mif",
    "coe",
    "c",
    "npz",
    "npy",
    "json",
    "c-arrays",
    "ihex",
    "ihex-little",
    "ihex-words",
    "raw",
    "raw-little",
]
"""`tilewright.vectors.containers.CONTAINERS`, as a type."""


class Section(BaseModel):
    """A section of the configuration: frozen; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ArrayConfig(Section):
    """The systolic array: rows for input channels, cols for output channels, and how it is used.

    `mode`: a dataflow by name: weight stationary, two-channel (the same with two input channels in each
    PE where activations have at most 4 bits), output stationary, or another registered one. `schedule`:
    "overlapped" also skips pixels that no tap uses. `job`: what one start of the core runs. `overflow`:
    the rule for a sum that does not fit `psum_bits` at the psum memory, or `column_bits` (0: the same) in
    a column.
    """

    rows: Annotated[int, Field(ge=1, le=MAX_LANES)] = 8
    cols: Annotated[int, Field(ge=1, le=MAX_LANES)] = 8
    psum_bits: Annotated[int, Field(ge=MIN_PSUM_BITS, le=MAX_PSUM_BITS)] = 20
    column_bits: Annotated[int, Field(ge=0, le=MAX_PSUM_BITS)] = 0
    mode: str = "ws"
    schedule: Literal["serial", "overlapped"] = "serial"
    job: Literal["tile", "layer"] = "tile"
    overflow: Literal["error", "wrap", "saturate"] = "error"

    @field_validator("mode")
    @classmethod
    def _is_registered(cls, mode: str) -> str:
        if mode not in DATAFLOWS:
            names = [f"'{name}'" for name in DATAFLOWS.names()]
            raise PydanticCustomError(
                "literal_error", f"input should be {', '.join(names[:-1])} or {names[-1]}"
            )
        return mode

    @property
    def shape(self) -> ArrayShape:
        """Rows, cols and psum bits."""
        return ArrayShape(self.rows, self.cols, self.psum_bits)

    @property
    def timing(self) -> Schedule:
        """When folds follow one another; overlapped folds also skip what no tap uses."""
        is_overlapped = self.schedule == "overlapped"
        return Schedule(is_overlapped, is_overlapped, self.job == "layer")

    @property
    def rule(self) -> PsumRule:
        """The rule for sums that do not fit."""
        return PsumRule(self.overflow, self.column_bits or None)

    def execution(self, shape: ConvShape, *, act_bits: int) -> Execution:
        """How a layer is run; with activations too wide for two in a PE it runs with one."""
        plan = plan_mode(shape, self.shape, self.mode, act_bits)
        return Execution(plan, self.timing, self.rule)

    def executions(self, shape: ConvShape, *, act_bits: int) -> tuple[tuple[Part, Execution], ...]:
        """The parts of a layer, and how each is run: one for a layer without groups."""
        parts = find_parts(shape, self.shape, DATAFLOWS.get(self.mode).for_codes(act_bits))
        return tuple((part, self.execution(part.shape, act_bits=act_bits)) for part in parts)


class VectorsConfig(Section):
    """The layers that become text files (an empty list: all layers), and their input codes.

    `layout`: empty for the one that a bench of the dataflow (`array.mode`) reads, else a preset or a file.
    `stimulus`: "real" samples, "random" codes, "max" (every code at its maximum), or "bound": codes
    that drive every output channel to its extreme psums. `samples` and `seed` are of real and random
    codes; "max" is one sample, and "bound" as many as it takes. `weights`: the "trained" ones, or
    "extreme" ones, the highest code in even output channels and the lowest in odd ones. `container`:
    what stands around the words, plain text or the files of a memory tool. `corners`: add corner vectors,
    those of the smallest layer and small layers in every mode of our core (docs/strength.md).
    """

    layout: str = ""
    container: Container = "text"
    layers: tuple[str, ...] = ()
    samples: Count = 1
    stimulus: Literal["real", "random", "max", "bound"] = "real"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    weights: Literal["trained", "extreme"] = "trained"
    corners: bool = True


def check_layout(array: ArrayConfig, vectors: VectorsConfig) -> None:
    """Raise `ValueError` where mode and layout state two plans, `UnknownNameError` for an unknown preset.

    No name is the layout of the dataflow; a file that cannot be read is reported by `export`.
    """
    if not vectors.layout:
        return
    from tilewright.vectors import is_stated_by, load_layout  # with all that reads and writes files
    from tilewright.vectors.presets import SUFFIX

    try:
        layout = load_layout(vectors.layout)
    except TilewrightError:
        if vectors.layout.endswith(SUFFIX):
            return
        raise
    dataflow = DATAFLOWS.get(array.mode)
    if is_stated_by(layout, dataflow):
        return
    modes = [flow.name for flow in DATAFLOWS if is_stated_by(layout, flow)]
    raise ValueError(
        f"array.mode = {dataflow.name!r} ({dataflow.title}) and vectors.layout = {vectors.layout!r} "
        f"must state the same plan, but do not: set vectors.layout to {dataflow.layout!r}, or to '' for "
        f"that of the mode{''.join(f', or array.mode to {mode!r}' for mode in modes)}"
    )
