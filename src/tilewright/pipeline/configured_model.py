"""The network that a configuration means."""

from __future__ import annotations

from tilewright.config import ModelConfig
from tilewright.models import FLOAT_BITS, ModelSpec


def model_spec(config: ModelConfig, classes: int, *, is_float: bool = False) -> ModelSpec:
    """The model that a configuration describes, or its float twin."""
    return ModelSpec(
        config.name,
        weight_bits=FLOAT_BITS if is_float else config.weight_bits,
        act_bits=FLOAT_BITS if is_float else config.act_bits,
        classes=classes,
        choke_width=config.choke_width or None,
        choke_stage=config.choke_stage or None,
        has_choke_norm=config.choke_norm,
        is_per_channel=config.per_channel,
        layer_bits=None if is_float else config.layer_bits or None,
        quantizer=config.quantizer,
        has_course_ends=config.course_ends,
        skip=config.skip,
    )
