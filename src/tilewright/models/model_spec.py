"""What a model is built from: plain values, so that a checkpoint can store them."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import ConfigError
from tilewright.models.architecture import ARCHITECTURES, find_architecture
from tilewright.quant.quantizers import check_bits

MAX_CHOKE_WIDTH = 512
FLOAT_BITS = 32


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A VGG for 3x32x32 images, quantized or float.

    name: "vgg_tiny" or "vgg16". weight_bits, act_bits: 2..8, or both 32 for a float network with
    the same names and shapes, from which a quantized one can start. choke_width: channels of the
    chokepoint, or None. choke_stage: the stage that it replaces, 1..n (a stage ends in a max-pool;
    the map halves from stage to stage); None means stage 4, a 4x4 map. has_choke_norm: BatchNorm
    after the choked convolution. is_per_channel: a weight step for each output channel (not in the
    classifier).

    Raises `UnknownNameError` or `ConfigError` if a value is not valid.
    """

    name: str
    weight_bits: int
    act_bits: int
    classes: int = 10
    choke_width: int | None = None
    choke_stage: int | None = None
    has_choke_norm: bool = False
    is_per_channel: bool = False

    def __post_init__(self) -> None:
        stages = len(find_architecture(self.name).stages)
        if not self.is_float:
            check_bits(self.weight_bits, "weight_bits")
            check_bits(self.act_bits, "act_bits")
        if self.classes < 2:
            raise ConfigError(f"classes must be at least 2, not {self.classes}")
        if self.choke_width is None:
            if self.choke_stage is not None or self.has_choke_norm:
                raise ConfigError(
                    "choke_stage and has_choke_norm need a choke_width: give one, or neither"
                )
            return
        if not 1 <= self.choke_width <= MAX_CHOKE_WIDTH:
            raise ConfigError(f"choke_width must be 1..{MAX_CHOKE_WIDTH}, not {self.choke_width}")
        if self.choke_stage is not None and not 1 <= self.choke_stage <= stages:
            raise ConfigError(
                f"choke_stage must be 1..{stages} for {self.name}, not {self.choke_stage}"
            )

    @property
    def is_float(self) -> bool:
        """Whether nothing is quantized."""
        return self.weight_bits == self.act_bits == FLOAT_BITS

    @property
    def stages(self) -> tuple[tuple[int, ...], ...]:
        """Output channels of the convolutions of each stage, the chokepoint included."""
        stages = list(ARCHITECTURES[self.name].stages)
        if self.choke_width is not None:
            place = self._choke_index
            stages[place] = (self.choke_width, self.choke_width, stages[place][-1])
        return tuple(stages)

    @property
    def choke_layer(self) -> str | None:
        """Name of the choked convolution, as wide as the chokepoint on both sides; None without one."""
        if self.choke_width is None:
            return None
        before = sum(3 * len(widths) + 1 for widths in self.stages[: self._choke_index])
        return f"features.{before + 3}"

    @property
    def _choke_index(self) -> int:
        return (self.choke_stage or ARCHITECTURES[self.name].choke_stage) - 1
