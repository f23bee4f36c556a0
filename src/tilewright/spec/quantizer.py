"""Quantizers by name; the names alone need no torch, so that a configuration can be checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tilewright.registry import Registry


@dataclass(frozen=True, slots=True)
class Quantizer:
    """How a training learns codes: modules of torch with ``number_format``, ``scale`` and ``scale_view``.

    act, signed_act: from the bits, for inputs that are not negative, and for others. weight: from the bits
    and the shape of the steps. has_channel_steps: whether each output channel can have a weight step of
    its own. clips_at_zero: whether values and gradients below 0 vanish in `act`, so that a ReLU before it
    changes nothing. has_course_names: whether a layer is saved under the names of the course.
    normalizes_weights: whether `weight` divides weights by their deviation in every forward, so that their
    size sets how fast they turn and nothing else; they then start as those of torch's own layers do.
    """

    act: Callable[[int], Any]
    signed_act: Callable[[int], Any]
    weight: Callable[[int, tuple[int, ...]], Any]
    has_channel_steps: bool = True
    clips_at_zero: bool = False
    has_course_names: bool = False
    normalizes_weights: bool = False


QUANTIZERS: Registry[Quantizer] = Registry(
    "quantizer",
    ours={
        "lsq": "tilewright.quant.named_quantizers:LSQ",
        "pact": "tilewright.quant.named_quantizers:PACT",
        "binary": "tilewright.quant.named_quantizers:BINARY",
        "power-of-two": "tilewright.quant.named_quantizers:POWER_OF_TWO",
    },
)


def known_quantizer(name: str) -> str:
    """`name`, if there is such a quantizer; raises `ValueError`, as a validator does. Loads none."""
    if name not in QUANTIZERS:
        raise ValueError(f"input should be one of {', '.join(QUANTIZERS.names())}")
    return name
