"""Our quantizers, and the tensor names under which they are saved."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor, nn

from tilewright.errors import ConfigError
from tilewright.quant.pact import PactActQuantizer, PactWeightQuantizer
from tilewright.quant.quantizers import (
    ActQuantizer,
    BipolarWeightQuantizer,
    GivenQuantizer,
    PixelQuantizer,
    PowerOfTwoActQuantizer,
    PowerOfTwoSignedActQuantizer,
    PowerOfTwoWeightQuantizer,
    SignedActQuantizer,
    WeightQuantizer,
)
from tilewright.spec.quantizer import QUANTIZERS, Quantizer

SAVED_NAMES = {
    "act_quantizer.alpha": "act_alpha",
    "weight_quantizer.alpha": "weight_quant.wgt_alpha",
}
"""PACT's bounds within a layer, and in a checkpoint, where they have the course's names."""

DERIVED = "weight_q"
"""The course saves quantized weights too, which may be older than ``weight``: they are computed anew."""


LSQ = Quantizer(ActQuantizer, SignedActQuantizer, WeightQuantizer, clips_at_zero=True)
BINARY = Quantizer(ActQuantizer, SignedActQuantizer, BipolarWeightQuantizer, clips_at_zero=True)
POWER_OF_TWO = Quantizer(
    PowerOfTwoActQuantizer,
    PowerOfTwoSignedActQuantizer,
    PowerOfTwoWeightQuantizer,
    clips_at_zero=True,
)
PACT = Quantizer(
    PactActQuantizer,
    partial(PactActQuantizer, has_signed_input=True),
    lambda bits, _shape: PactWeightQuantizer(bits),
    has_channel_steps=False,
    has_course_names=True,
    normalizes_weights=True,
)


def check_quantizer(name: str, *, is_per_channel: bool = False) -> Quantizer:
    """The quantizer `name`; raises `UnknownNameError`, or `ConfigError` if it has no step per channel."""
    quantizer = QUANTIZERS.get(name)
    if is_per_channel and not quantizer.has_channel_steps:
        raise ConfigError(
            f"quantizer {name} has one bound for all weights of a layer, not per channel"
        )
    return quantizer


def make_act_quantizer(
    name: str,
    bits: int,
    *,
    is_pixel_input: bool = False,
    is_signed_input: bool = False,
    input_scale: float | None = None,
) -> Any:
    """The quantizer `name` of a layer's input: raw pixels, values of both signs, or positive ones.

    input_scale: of values of both signs, in place of a learned one.
    """
    quantizer = check_quantizer(name)
    if is_pixel_input:
        return PixelQuantizer()
    if input_scale is not None:
        return GivenQuantizer(input_scale)
    return quantizer.signed_act(bits) if is_signed_input else quantizer.act(bits)


def make_weight_quantizer(name: str, bits: int, step_shape: tuple[int, ...]) -> Any:
    """The quantizer `name` of a weight whose steps have `step_shape`."""
    quantizer = check_quantizer(name, is_per_channel=max(step_shape) > 1)
    return quantizer.weight(bits, step_shape)


def use_course_names(layer: nn.Module) -> None:
    """Save and load the bounds of `layer` under the course's names; its ``weight_q`` is left out."""
    layer.register_state_dict_post_hook(_rename_saved)  # type: ignore[no-untyped-call]
    layer.register_load_state_dict_pre_hook(_rename_loaded)  # type: ignore[no-untyped-call]


def _rename_saved(_layer: nn.Module, state: dict[str, Tensor], prefix: str, _facts: Any) -> None:
    for ours, saved in SAVED_NAMES.items():
        if prefix + ours in state:
            state[prefix + saved] = state.pop(prefix + ours)


def _rename_loaded(
    _layer: nn.Module, state: dict[str, Tensor], prefix: str, *_arguments: Any
) -> None:
    state.pop(prefix + DERIVED, None)
    for ours, saved in SAVED_NAMES.items():
        if prefix + saved in state:
            state[prefix + ours] = state.pop(prefix + saved)
