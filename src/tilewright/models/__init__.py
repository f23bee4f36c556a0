"""Networks whose every layer is an integer layer."""

from tilewright.models.model_spec import ModelSpec
from tilewright.models.vgg import QuantVGG, build_model

__all__ = ["ModelSpec", "QuantVGG", "build_model"]
