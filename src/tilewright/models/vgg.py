"""VGG with every layer quantized, or none, and its chokepoint."""

from __future__ import annotations

from torch import Tensor, nn

from tilewright.models.architecture import IMAGE_CHANNELS, IMAGE_EDGE
from tilewright.models.layers import (
    classifier,
    convolution,
    read_pixels,
)
from tilewright.models.model_spec import ModelSpec
from tilewright.models.skip import SkipPath
from tilewright.quant.chain import run_chain
from tilewright.spec.quantizer import QUANTIZERS

RELU = 2
"""Where the ReLU of a convolution stands behind it."""


class QuantVGG(nn.Module):
    """Convolution, BatchNorm and ReLU in groups of three modules, max-pools, flatten, classifier.

    Input: raw pixels 0..255, uint8 or float, ``n 3 32 32``; output: logits ``n classes``. The
    modules of `features` are numbered as in torchvision's VGG with BatchNorm: in vgg16 the
    chokepoint is 24, 27, 30. With ``skip = "trained"``, `skip` leads around the chokepoint.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        spec.expect_family("vgg")
        self.spec = spec
        self.features = nn.Sequential(*_features(spec))
        edge = IMAGE_EDGE >> len(spec.stages)
        self.classifier = classifier(spec, spec.stages[-1][-1] * edge * edge)

        if spec.skip == "trained":
            place = spec.choke_index
            self.skip = SkipPath(spec, spec.stages[place - 1][-1], spec.stages[place][-1])

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``n classes`` of the pixels `x`."""
        x = read_pixels(self.spec, x)
        x = self._run_features(x) if self.spec.skip == "none" else self._features_and_skip(x)
        logits: Tensor = self.classifier(x)
        return logits

    def _run_features(self, x: Tensor) -> Tensor:
        """In training, where the quantizers clip values and gradients at 0, the modules run as a chain, from
        which passes over memory are left out; in a symbolic trace they run as they are.
        """
        is_clipped = not self.spec.is_float and QUANTIZERS.get(self.spec.quantizer).clips_at_zero
        if is_clipped and self.training and isinstance(x, Tensor):
            return run_chain([*self.features], x)
        for module in self.features:
            x = module(x)
        return x

    def _features_and_skip(self, x: Tensor) -> Tensor:
        first, *_, last = (int(name.rpartition(".")[2]) for name in self.spec.choke_layers)
        for index, module in enumerate(self.features):
            if index == first:
                around = x
            x = module(x)
            if index == last + RELU:
                x = self.skip(x, around)
        return x


def _features(spec: ModelSpec) -> list[nn.Module]:
    modules: list[nn.Module] = []
    channels = IMAGE_CHANNELS
    for widths in spec.stages:
        for width in widths:
            name = f"features.{len(modules)}"
            has_norm = spec.has_choke_norm or name != spec.choke_layer
            modules += [
                convolution(spec, name, channels, width),
                nn.BatchNorm2d(width) if has_norm else nn.Identity(),
                nn.ReLU(inplace=True),
            ]
            channels = width
        modules.append(nn.MaxPool2d(2))
    return [*modules, nn.Flatten()]
