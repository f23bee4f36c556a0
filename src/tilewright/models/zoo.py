"""The networks of the zoo as plain float modules: what a user would bring. Widths are their papers' ones."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from tilewright.models.zoo_names import zoo_network
from tilewright.quant.attention import (
    AttentionMix,
    AttentionScores,
    AttentionSoftmax,
    PixelNorm,
)
from tilewright.spec import ConvShape, LayerSizes


def build_zoo(name: str) -> nn.Module:
    """A fresh module of the network called `name`; raises `UnknownNameError` that lists the names."""
    zoo_network(name)
    builders = {
        "ic_resnet8": _resnet8,
        "kws_ds_cnn": _ds_cnn,
        "vww_mobilenet_v1": _mobilenet_v1,
        "ad_autoencoder": _autoencoder,
        "sww_ds_cnn_1d": _ds_cnn_1d,
        "mobilenet_v2": _mobilenet_v2,
        "unet": UNet,
        "vit_tiny": VisionTransformer,
    }
    return builders[name]()


def zoo_shapes(name: str) -> dict[str, ConvShape]:
    """Sizes of the layers of a network in the order in which they run; raises as `build_zoo` does."""
    return {one.name: one.shape for one in zoo_sizes(name) if not one.is_of_activations}


def zoo_sizes(name: str) -> tuple[LayerSizes, ...]:
    """Sizes of layers, and of products of activations, in the order in which they run."""
    module, found = build_zoo(name).eval(), list[LayerSizes]()

    def note(layer: str, part: nn.Module, values: tuple[Tensor, ...]) -> None:
        if isinstance(part, AttentionScores | AttentionMix):
            found.append(_product(layer, part, values[1]))
        else:
            found.append(LayerSizes(layer, _shape(part, values[0])))

    kinds = nn.Conv1d, nn.Conv2d, nn.Linear, AttentionScores, AttentionMix
    for layer, part in module.named_modules():
        if isinstance(part, kinds):
            part.register_forward_pre_hook(
                lambda part, values, layer=layer: note(layer, part, values)
            )
    with torch.no_grad():
        module(torch.zeros(1, *zoo_network(name).sizes))
    return tuple(found)


def _product(name: str, part: AttentionScores | AttentionMix, second: Tensor) -> LayerSizes:
    """The products of all heads of a part of an attention, whose second operand is ``n d h w``."""
    depth, pixels = second.shape[1] // part.heads, second.shape[2:].numel()
    is_mix = isinstance(part, AttentionMix)
    sizes = (pixels, pixels, depth) if is_mix else (pixels, depth, pixels)
    return LayerSizes.product(name, sizes, part.heads, is_of_activations=True)


def _shape(part: nn.Module, values: Tensor) -> ConvShape:
    """That of a layer that reads `values`; a sequence is a plane of one row."""
    if isinstance(part, nn.Linear):
        return ConvShape(part.in_features, 1, 1, part.out_features, 1, 1)
    if not isinstance(part, nn.Conv1d | nn.Conv2d):
        raise TypeError(type(part).__name__)
    rows = (1,) * (4 - values.ndim)
    padding = (*(0,) * len(rows), *(int(size) for size in part.padding))
    (ih, iw), (kh, kw) = (*rows, *values.shape[2:]), (*rows, *part.kernel_size)
    (down, across), (pad_h, pad_w) = (*rows, *part.stride), padding
    edges = ((down, across), (pad_h, pad_w))
    return ConvShape(values.shape[1], ih, iw, part.out_channels, kh, kw, *edges, part.groups)


class Residual(nn.Module):
    """Two 3x3 convolutions and the input, by a 1x1 convolution where sizes change."""

    def __init__(self, entered: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(entered, width, 3, stride=stride),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or entered != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(entered, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        """``n width oh ow``."""
        return torch.relu(self.body(x) + self.shortcut(x))


class Inverted(nn.Module):
    """Wider, depthwise, narrow again without an activation; added to the input where sizes allow."""

    def __init__(self, entered: int, width: int, stride: int, factor: int) -> None:
        super().__init__()
        inner = entered * factor
        wider = _convolution(entered, inner, 1, act=nn.ReLU6) if factor > 1 else []
        self.body = nn.Sequential(
            *wider,
            *_convolution(inner, inner, 3, stride=stride, groups=inner, act=nn.ReLU6),
            nn.Conv2d(inner, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.is_added = stride == 1 and entered == width

    def forward(self, x: Tensor) -> Tensor:
        """``n width oh ow``, of both signs."""
        found: Tensor = self.body(x)
        return x + found if self.is_added else found


class UNet(nn.Module):
    """Two levels down, and up again beside what was there before."""

    def __init__(self, width: int = 8, classes: int = 4) -> None:
        super().__init__()
        self.enter = _double(3, width)
        self.down1, self.down2 = _double(width, 2 * width), _double(2 * width, 4 * width)
        self.pool, self.up = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)
        self.up1, self.up2 = _double(6 * width, 2 * width), _double(3 * width, width)
        self.leave = nn.Conv2d(width, classes, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``n classes h w`` of ``n 3 h w``."""
        first = self.enter(x)
        second = self.down1(self.pool(first))
        third = self.down2(self.pool(second))
        second = self.up1(torch.cat([self.up(third), second], 1))
        found: Tensor = self.leave(self.up2(torch.cat([self.up(second), first], 1)))
        return found


class TransformerBlock(nn.Module):
    """Attention between pixels, then two linear layers on each; both are added to what they read."""

    def __init__(self, width: int, heads: int, factor: int) -> None:
        super().__init__()
        self.place = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.norm1, self.norm2 = PixelNorm(width), PixelNorm(width)
        self.query, self.key, self.value, self.out = (_linear(width, width) for _ in range(4))
        self.scores, self.softmax = AttentionScores(heads), AttentionSoftmax()
        self.mix, self.gelu = AttentionMix(heads), nn.GELU()
        self.wider, self.narrower = _linear(width, factor * width), _linear(factor * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """``n width h w``."""
        x = x + self.place(x)
        read = self.norm1(x)
        shares = self.softmax(self.scores(self.query(read), self.key(read)))
        x = x + self.out(self.mix(shares, self.value(read)))
        found: Tensor = x + self.narrower(self.gelu(self.wider(self.norm2(x))))
        return found


class VisionTransformer(nn.Module):
    """ViT-Tiny on patches of 4x4: 12 blocks of 192 channels and 3 heads.

    As in CPVT (Chu et al., 2021), a depthwise convolution in each block says where a patch stands, and the
    classifier reads the mean of all patches, so there are no constants for each place and no class token.
    As in ViT-22B (Dehghani et al., 2023), layers have no biases.
    """

    def __init__(
        self, width: int = 192, heads: int = 3, depth: int = 12, factor: int = 4, classes: int = 10
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4, bias=False)
        self.blocks = nn.Sequential(*(TransformerBlock(width, heads, factor) for _ in range(depth)))
        self.norm, self.head = PixelNorm(width), nn.Linear(width, classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``n classes`` of ``n 3 h w``."""
        found: Tensor = self.head(self.norm(self.blocks(self.patches(x))).mean((2, 3)))
        return found


def _linear(entered: int, width: int) -> nn.Conv2d:
    return nn.Conv2d(entered, width, 1, bias=False)


def _resnet8() -> nn.Module:
    blocks = (Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2))
    return nn.Sequential(*_convolution(3, 16, 3), *blocks, *_head(64, 10))


def _ds_cnn() -> nn.Module:
    stem = [nn.Conv2d(1, 64, (10, 4), 2, (5, 1), bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    return nn.Sequential(*stem, *(_separable(64, 64, 1) for _ in range(4)), *_head(64, 12))


def _mobilenet_v1() -> nn.Module:
    widths = (8, 16, 32, 32, 64, 64, *(128,) * 6, 256, 256)
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    pairs = zip(widths, widths[1:], strides, strict=False)
    return nn.Sequential(
        *_convolution(3, 8, 3, stride=2), *(_separable(*pair) for pair in pairs), *_head(256, 2)
    )


def _autoencoder() -> nn.Module:
    widths = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128)
    layers: list[nn.Module] = []
    for entered, width in pairwise(widths):
        layers += [nn.Linear(entered, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(128, 640, bias=False))


def _ds_cnn_1d() -> nn.Module:
    layers: list[nn.Module] = [nn.Conv1d(40, 32, 3, padding=1, bias=False)]
    layers += [nn.BatchNorm1d(32), nn.ReLU()]
    for width in (32, 32, 32):
        layers += [nn.Conv1d(32, width, 5, padding=2, groups=32, bias=False)]
        layers += [nn.BatchNorm1d(width), nn.ReLU(), nn.Conv1d(width, 32, 1, bias=False)]
        layers += [nn.BatchNorm1d(32), nn.ReLU()]
    head = (nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 3, bias=False))
    return nn.Sequential(*layers, *head)


def _mobilenet_v2() -> nn.Module:
    """At 32x32 the first two strides are 1."""
    layers, entered = [*_convolution(3, 16, 3, act=nn.ReLU6)], 16
    for factor, width, count, stride in (
        *((1, 8, 1, 1), (6, 8, 2, 1), (6, 16, 3, 2), (6, 24, 4, 2)),
        *((6, 32, 3, 1), (6, 56, 3, 2), (6, 112, 1, 1)),
    ):
        for number in range(count):
            layers.append(Inverted(entered, width, stride if number == 0 else 1, factor))
            entered = width
    return nn.Sequential(*layers, *_convolution(112, 448, 1, act=nn.ReLU6), *_head(448, 10))


def _separable(entered: int, width: int, stride: int) -> nn.Module:
    return nn.Sequential(
        *_convolution(entered, entered, 3, stride=stride, groups=entered),
        *_convolution(entered, width, 1),
    )


def _double(entered: int, width: int) -> nn.Module:
    return nn.Sequential(*_convolution(entered, width, 3), *_convolution(width, width, 3))


def _convolution(
    entered: int,
    width: int,
    kernel: int,
    *,
    stride: int = 1,
    groups: int = 1,
    act: type[nn.Module] = nn.ReLU,
) -> list[nn.Module]:
    layer = nn.Conv2d(entered, width, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(width), act()]


def _head(width: int, classes: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes, bias=False)]
