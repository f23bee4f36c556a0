"""Residual networks for 32x32 images with every layer quantized, or none.

Source: He et al., Deep Residual Learning for Image Recognition, CVPR 2016, section 4.2; where a
block halves the map, the shortcut is a 1x1 convolution (their option B), so that no branch holds
channels of zeros.
"""

from __future__ import annotations

from torch import Tensor, nn

from tilewright.models.architecture import IMAGE_CHANNELS, IMAGE_EDGE
from tilewright.models.layers import (
    addition,
    average_pool,
    classifier,
    convolution,
    read_pixels,
)
from tilewright.models.model_spec import ModelSpec


class QuantResNet(nn.Module):
    """A first convolution, three stages of residual blocks, the average of the map, classifier.

    Input: raw pixels 0..255, uint8 or float, ``n 3 32 32``; output: logits ``n classes``. Branches
    are added as integers by `QuantAdd`, and the map is averaged by `QuantAvgPool2d`.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        spec.expect_family("resnet")
        self.spec = spec
        channels = spec.stages[0][0]
        self.conv1 = convolution(spec, "conv1", IMAGE_CHANNELS, channels)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        for stage, widths in enumerate(spec.stages, start=1):
            blocks = []
            for block, width in enumerate(widths):
                blocks.append(ResidualBlock(spec, f"layer{stage}.{block}", channels, width))
                channels = width
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.pool = average_pool(spec, IMAGE_EDGE >> (len(spec.stages) - 1))
        self.flatten = nn.Flatten()
        self.classifier = classifier(spec, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``n classes`` of the pixels `x`."""
        x = self.relu(self.bn1(self.conv1(read_pixels(self.spec, x))))
        for stage in range(1, len(self.spec.stages) + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        logits: Tensor = self.classifier(self.flatten(self.pool(x)))
        return logits


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with BatchNorm, added to their input; the first halves a wider block's map."""

    def __init__(self, spec: ModelSpec, name: str, channels: int, width: int) -> None:
        super().__init__()
        stride = 1 if width == channels else 2
        self.conv1 = convolution(spec, f"{name}.conv1", channels, width, stride=stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = convolution(spec, f"{name}.conv2", width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if width != channels:
            projection = convolution(
                spec, f"{name}.shortcut.0", channels, width, kernel=1, stride=stride
            )
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(width))
        self.add = addition(spec)
        self.relu2 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """``n width oh ow`` of the map `x`."""
        main = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        output: Tensor = self.relu2(self.add(main, self.shortcut(x)))
        return output
