"""Networks whose every layer is an integer layer."""

from tilewright.models.build import build, build_model
from tilewright.models.model_spec import FLOAT_BITS, ModelSpec
from tilewright.models.resnet import QuantResNet
from tilewright.models.skip import name_frozen
from tilewright.models.vgg import QuantVGG

__all__ = [
    "FLOAT_BITS",
    "ModelSpec",
    "QuantResNet",
    "QuantVGG",
    "build",
    "build_model",
    "name_frozen",
]
