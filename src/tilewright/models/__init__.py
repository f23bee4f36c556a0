"""Networks whose every layer is an integer layer."""

from tilewright.models.model_spec import FLOAT_BITS, ModelSpec
from tilewright.models.vgg import QuantVGG, build, build_model

__all__ = ["FLOAT_BITS", "ModelSpec", "QuantVGG", "build", "build_model"]
