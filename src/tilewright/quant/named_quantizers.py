"""Quantizers by name, and the tensor names under which they are saved."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from tilewright.errors import ConfigError, UnknownNameError
from tilewright.quant.pact import PactActQuantizer, PactWeightQuantizer
from tilewright.quant.quantizers import (
    ActQuantizer,
    PixelQuantizer,
    SignedActQuantizer,
    WeightQuantizer,
)

QUANTIZERS = ("lsq", "pact")

AnyActQuantizer = ActQuantizer | SignedActQuantizer | PactActQuantizer | PixelQuantizer
AnyWeightQuantizer = WeightQuantizer | PactWeightQuantizer

SAVED_NAMES = {
    "act_quantizer.alpha": "act_alpha",
    "weight_quantizer.alpha": "weight_quant.wgt_alpha",
}
"""PACT's bounds within a layer, and in a checkpoint, where they have the course's names."""

DERIVED = "weight_q"
"""The course saves quantized weights too, which may be older than ``weight``: they are computed anew."""


def check_quantizer(name: str) -> None:
    """Raise `UnknownNameError` if there is no quantizer `name`."""
    if name not in QUANTIZERS:
        raise UnknownNameError.among("quantizer", name, QUANTIZERS)


def make_act_quantizer(
    name: str, bits: int, *, is_pixel_input: bool = False, is_signed_input: bool = False
) -> AnyActQuantizer:
    """The quantizer `name` of a layer's input: raw pixels, values of both signs, or positive ones."""
    check_quantizer(name)
    if is_pixel_input:
        return PixelQuantizer()
    if name == "pact":
        return PactActQuantizer(bits, has_signed_input=is_signed_input)
    return SignedActQuantizer(bits) if is_signed_input else ActQuantizer(bits)


def make_weight_quantizer(name: str, bits: int, step_shape: tuple[int, ...]) -> AnyWeightQuantizer:
    """The quantizer `name` of a weight whose steps have `step_shape`."""
    check_quantizer(name)
    if name == "lsq":
        return WeightQuantizer(bits, step_shape)
    if max(step_shape) > 1:
        raise ConfigError(
            "quantizer pact has one bound for all weights of a layer, not per channel"
        )
    return PactWeightQuantizer(bits)


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
