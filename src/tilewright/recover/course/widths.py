"""Bit widths of a foreign checkpoint, which does not state them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tilewright.errors import ConfigError, UnknownNameError
from tilewright.spec.code_bits import check_bits


@dataclass(frozen=True, slots=True)
class Widths:
    """Weight and activation bits, 2..8; `layers` holds those of layers that differ, by name.

    Raises `ConfigError` if a width is outside 2..8.
    """

    weight_bits: int
    act_bits: int
    layers: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for weight_bits, act_bits in ((self.weight_bits, self.act_bits), *self.layers.values()):
            check_bits(weight_bits, "weight_bits")
            check_bits(act_bits, "act_bits")

    def of(self, layer: str) -> tuple[int, int]:
        """Weight and activation bits of `layer`."""
        return self.layers.get(layer, (self.weight_bits, self.act_bits))

    def check_names(self, names: Collection[str]) -> None:
        """Raise `UnknownNameError` if widths are stated for a layer that is not among `names`."""
        for name in self.layers:
            if name not in names:
                raise UnknownNameError.among("quantized layer", name, names)

    @classmethod
    def parse(cls, weight_bits: int, act_bits: int, layers: Collection[str]) -> Widths:
        """From texts ``features.27=4/4`` (weight bits, activation bits)."""
        parsed: dict[str, tuple[int, int]] = {}
        for text in layers:
            name, _, pair = text.partition("=")
            weight, _, act = pair.partition("/")
            if not (name and weight.isdecimal() and act.isdecimal()):
                raise ConfigError(
                    f"widths of a layer are given as NAME=WEIGHT/ACT, for example "
                    f"features.27=4/4, not {text!r}"
                )
            parsed[name] = int(weight), int(act)
        return cls(weight_bits, act_bits, parsed)
