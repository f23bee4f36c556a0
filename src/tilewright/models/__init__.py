"""Networks whose every layer is an integer layer; torch is loaded for those that can run."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tilewright.models.layer_shapes import QuantizedLayer, quantized_layers
from tilewright.models.model_spec import FLOAT_BITS, ModelSpec

if TYPE_CHECKING:
    from tilewright.models.construct import build, build_model
    from tilewright.models.resnet import QuantResNet
    from tilewright.models.skip import name_frozen
    from tilewright.models.vgg import QuantVGG

_WITH_TORCH = {
    "QuantResNet": "resnet",
    "QuantVGG": "vgg",
    "build": "construct",
    "build_model": "construct",
    "name_frozen": "skip",
}

__all__ = [
    "FLOAT_BITS",
    "ModelSpec",
    "QuantResNet",
    "QuantVGG",
    "QuantizedLayer",
    "build",
    "build_model",
    "name_frozen",
    "quantized_layers",
]


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WITH_TORCH[name]}"), name)
