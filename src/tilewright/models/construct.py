"""From a spec to a model."""

from __future__ import annotations

from typing import Any

from torch import nn

from tilewright.models.architecture import Family
from tilewright.models.model_spec import ModelSpec
from tilewright.models.resnet import QuantResNet
from tilewright.models.vgg import QuantVGG
from tilewright.models.zoo_model import ZooModel

CLASSES: dict[Family, type[QuantVGG | QuantResNet | ZooModel]] = {
    "vgg": QuantVGG,
    "resnet": QuantResNet,
    "zoo": ZooModel,
}


def build(spec: ModelSpec) -> nn.Module:
    """A fresh model of `spec`, which it keeps as ``.spec``."""
    return CLASSES[spec.architecture.family](spec)


def build_model(name: str, **values: Any) -> nn.Module:
    """A fresh model; `values` are the fields of `ModelSpec`, which says what is valid and what is raised.

    >>> build_model("vgg16", weight_bits=4, act_bits=4, choke_width=8).features[27].out_channels
    8
    """
    return build(ModelSpec(name, **values))
