"""Sixty modules in plain torch, written after the habits of common libraries; each small, each of its own.

`WHOLE` run on integers from input to output; `REFUSED` are refused, or reported with what is in the way,
by `tilewright.quantize`, before any training.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Fn(nn.Module):
    """A module whose forward is a function of it and its input."""

    def __init__(self, call: Callable[..., Any], **parts: nn.Module) -> None:
        super().__init__()
        self.call = call
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x):
        return self.call(self, x)


def cbr(ic, oc, kernel=3, act=nn.ReLU, **rest):
    """Convolution, BatchNorm, activation, as everybody has them."""
    rest.setdefault("padding", kernel // 2)
    return nn.Sequential(nn.Conv2d(ic, oc, kernel, bias=False, **rest), nn.BatchNorm2d(oc), act())


def head(ic, classes=3):
    """Average of the map, and a linear layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(ic, classes, bias=False))


def net(*parts, ic=8):
    return nn.Sequential(cbr(3, 8), *parts, head(ic))


class Basic(nn.Module):
    """A residual block with a projection where sizes change."""

    def __init__(self, ic, oc, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(ic, oc, 3, stride, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(oc), nn.BatchNorm2d(oc)
        self.conv2 = nn.Conv2d(oc, oc, 3, 1, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.down = None
        if stride > 1 or ic != oc:
            self.down = nn.Sequential(nn.Conv2d(ic, oc, 1, stride, bias=False), nn.BatchNorm2d(oc))

    def forward(self, x):
        short = x if self.down is None else self.down(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + short)


class Bottleneck(nn.Module):
    def __init__(self, width, groups=1):
        super().__init__()
        self.a, self.b = cbr(width, width // 2, 1), cbr(width // 2, width // 2, groups=groups)
        self.c = nn.Sequential(nn.Conv2d(width // 2, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        return torch.relu(x + self.c(self.b(self.a(x))))


class Excite(nn.Module):
    """Squeeze and excitation, by 1x1 convolutions or by linear layers."""

    def __init__(self, width, gate=nn.Sigmoid, is_linear=False):
        super().__init__()
        kind = nn.Linear if is_linear else lambda a, b: nn.Conv2d(a, b, 1)
        self.pool, self.is_linear = nn.AdaptiveAvgPool2d(1), is_linear
        self.fc1, self.fc2, self.gate = kind(width, 4), kind(4, width), gate()

    def forward(self, x):
        y = self.pool(x)
        if self.is_linear:
            b, c, _, _ = x.size()
            return x * self.gate(self.fc2(functional.relu(self.fc1(y.view(b, c))))).view(b, c, 1, 1)
        return x * self.gate(self.fc2(functional.relu(self.fc1(y))))


class Fire(nn.Module):
    """One convolution, then two side by side, concatenated."""

    def __init__(self, ic, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(ic, squeeze, 1)
        self.one, self.three = (
            nn.Conv2d(squeeze, expand, 1),
            nn.Conv2d(squeeze, expand, 3, padding=1),
        )

    def forward(self, x):
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.one(x)), torch.relu(self.three(x))], 1)


class Dense(nn.Module):
    """Every layer reads what all before it gave."""

    def __init__(self, ic, growth, layers):
        super().__init__()
        self.layers = nn.ModuleList(cbr(ic + n * growth, growth) for n in range(layers))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat((x, layer(x)), dim=1)
        return x


class Inception(nn.Module):
    def __init__(self, ic):
        super().__init__()
        self.a, self.b = cbr(ic, 4, 1), nn.Sequential(cbr(ic, 4, 1), cbr(4, 4, 5))
        self.c = nn.Sequential(nn.MaxPool2d(3, 1, 1), cbr(ic, 4, 1))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x)], 1)


class UNet(nn.Module):
    """Down, up again, and what was there before, concatenated."""

    def __init__(self, up):
        super().__init__()
        self.a, self.b, self.c = cbr(3, 6), cbr(6, 8), cbr(14, 6)
        self.pool, self.up, self.out = nn.MaxPool2d(2), up(), nn.Conv2d(6, 2, 1, bias=False)

    def forward(self, x):
        a = self.a(x)
        return self.out(self.c(torch.cat([self.up(self.b(self.pool(a))), a], 1)))


class Shuffled(nn.Module):
    """Half of the channels pass, the others are convolved, and all are mixed."""

    def __init__(self, width):
        super().__init__()
        half = width // 2
        self.branch = nn.Sequential(
            cbr(half, half, 1), cbr(half, half, groups=half), cbr(half, half, 1)
        )
        self.mix = nn.ChannelShuffle(2)

    def forward(self, x):
        one, other = x.chunk(2, dim=1)
        return self.mix(torch.cat((one, self.branch(other)), 1))


class Ghost(nn.Module):
    def __init__(self, ic, oc):
        super().__init__()
        self.own, self.cheap = cbr(ic, oc // 2, 1), cbr(oc // 2, oc // 2, groups=oc // 2)

    def forward(self, x):
        x = self.own(x)
        return torch.cat([x, self.cheap(x)], dim=1)


class Inverted(nn.Module):
    """An inverted residual with a linear end."""

    def __init__(self, width, act=nn.ReLU6):
        super().__init__()
        self.body = nn.Sequential(
            *(cbr(width, 2 * width, 1, act), cbr(2 * width, 2 * width, act=act, groups=2 * width)),
            *(nn.Conv2d(2 * width, width, 1, bias=False), nn.BatchNorm2d(width)),
        )

    def forward(self, x):
        return x + self.body(x)


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, 3)

    def forward(self, x):
        x = x.flatten(2).transpose(1, 2)
        q, k, v = self.qkv(x).chunk(3, -1)
        return self.out((torch.softmax(q @ k.transpose(1, 2), -1) @ v).mean(1))


def deep(width, out):
    """Depthwise, then pointwise."""
    return nn.Sequential(cbr(width, width, groups=width), cbr(width, out, 1))


def seq(*parts):
    """A network on sequences."""
    return nn.Sequential(nn.Conv1d(3, 8, 3, padding=1), nn.BatchNorm1d(8), nn.ReLU(), *parts)


PLANE, SEQUENCE, VECTOR = (2, 3, 8, 8), (2, 3, 16), (2, 3)
USUAL: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "mlp": (nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 3, bias=False)), VECTOR),
    "lenet": (
        nn.Sequential(
            *(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
            *(nn.Linear(54, 8), nn.ReLU(), nn.Linear(8, 3, bias=False)),
        ),
        PLANE,
    ),
    "vgg": (net(cbr(8, 8), nn.MaxPool2d(2), cbr(8, 8), nn.MaxPool2d(2)), PLANE),
    "resnet basic": (net(Basic(8, 8), Basic(8, 12, 2), ic=12), PLANE),
    "resnet bottleneck": (net(Bottleneck(8)), PLANE),
    "resnext": (net(Bottleneck(8, groups=2)), PLANE),
    "mobilenet v1": (net(deep(8, 12), deep(12, 8)), PLANE),
    "se": (net(Excite(8)), PLANE),
    "se linear": (net(Excite(8, is_linear=True)), PLANE),
    "se hard": (net(Excite(8, nn.Hardsigmoid)), PLANE),
    "squeezenet": (net(Fire(8, 4, 6), nn.MaxPool2d(2), Fire(12, 4, 4)), PLANE),
    "densenet": (net(Dense(8, 4, 2), cbr(16, 8, 1), nn.AvgPool2d(2)), PLANE),
    "inception": (net(Inception(8), ic=12), PLANE),
    "unet nearest": (UNet(lambda: nn.Upsample(scale_factor=2)), PLANE),
    "unet transposed": (
        UNet(lambda: nn.Sequential(nn.ConvTranspose2d(8, 8, 2, 2), nn.BatchNorm2d(8), nn.ReLU())),
        PLANE,
    ),
    "shufflenet": (net(Shuffled(8)), PLANE),
    "ghost": (net(Ghost(8, 8)), PLANE),
    "dilated": (net(cbr(8, 8, padding=2, dilation=2), cbr(8, 8, padding=4, dilation=4)), PLANE),
    "conv1d": (
        seq(
            nn.MaxPool1d(2),
            nn.Conv1d(8, 8, 3),
            nn.ReLU(),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            nn.Linear(8, 3, bias=False),
        ),
        SEQUENCE,
    ),
    "conv1d depthwise": (
        seq(
            nn.Conv1d(8, 8, 3, groups=8, padding=2, dilation=2),
            nn.BatchNorm1d(8),
            nn.ReLU(),
            nn.Conv1d(8, 4, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64, 3, bias=False),
        ),
        SEQUENCE,
    ),
}
"""The twenty most usual."""

WHOLE = {
    **USUAL,
    "relu6": (net(cbr(8, 8, act=nn.ReLU6)), PLANE),
    "even kernel, padding of its own size": (
        net(cbr(8, 8, 4, padding="same"), cbr(8, 8, 2, padding="same", dilation=3)),
        PLANE,
    ),
    "even kernel of a sequence": (
        nn.Sequential(
            nn.Conv1d(3, 8, 4, padding="same"),
            nn.BatchNorm1d(8),
            nn.ReLU(),
            nn.Conv1d(8, 4, 3, bias=False),
        ),
        SEQUENCE,
    ),
    "two heads": (
        nn.Sequential(cbr(3, 8), Fn(lambda m, x: (m.a(x), m.b(x)), a=head(8), b=head(8))),
        PLANE,
    ),
    "clipped": (net(Fn(lambda m, x: m.c(x).clamp(0, 2), c=nn.Conv2d(8, 8, 3))), PLANE),
    "leaky, then relu": (net(cbr(8, 8, act=nn.LeakyReLU), nn.ReLU(), cbr(8, 8)), PLANE),
    "sigmoid between": (net(cbr(8, 8, act=nn.Sigmoid), cbr(8, 8)), PLANE),
    "softplus": (net(cbr(8, 8, act=nn.Softplus), cbr(8, 8)), PLANE),
    "silu at the end": (net(cbr(8, 8, act=nn.SiLU)), PLANE),
    "hardswish at the end": (net(cbr(8, 8, act=nn.Hardswish)), PLANE),
    "gelu at the end": (net(cbr(8, 8, act=nn.GELU)), PLANE),
    "mish at the end": (net(cbr(8, 8, act=nn.Mish)), PLANE),
    "elu at the end": (net(cbr(8, 8, act=nn.ELU)), PLANE),
    "linear bottleneck at the end": (net(Inverted(8)), PLANE),
    "gate by itself": (net(Fn(lambda _m, x: x * torch.sigmoid(x)), cbr(8, 8)), PLANE),
    "spatial gate": (
        net(Fn(lambda m, x: x * m.c(x).sigmoid(), c=nn.Conv2d(8, 1, 3, padding=1))),
        PLANE,
    ),
    "pixel shuffle": (net(nn.PixelShuffle(2), ic=2), PLANE),
    "space to depth": (net(nn.PixelUnshuffle(2), cbr(32, 8, 1)), PLANE),
    "zero pad": (net(nn.ZeroPad2d((0, 1, 0, 1)), cbr(8, 8, stride=2, padding=0)), PLANE),
    "reflection pad": (net(nn.ReflectionPad2d(1), cbr(8, 8, padding=0)), PLANE),
    "interpolate": (
        net(Fn(lambda _m, x: functional.interpolate(x, scale_factor=2)), cbr(8, 8)),
        PLANE,
    ),
    "split in slices": (
        net(Fn(lambda m, x: torch.cat([m.a(x[:, :4]), x[:, 4:]], 1), a=cbr(4, 4))),
        PLANE,
    ),
    "scaled": (net(Fn(lambda _m, x: x * 0.5 + 1), cbr(8, 8)), PLANE),
    "ceil pool": (net(nn.MaxPool2d(3, 2, ceil_mode=True), cbr(8, 8)), PLANE),
    "one activation for all": (
        net(Fn(lambda m, x: m.b(m.act(m.a(m.act(x)))), act=nn.Sigmoid(), a=cbr(8, 8), b=cbr(8, 8))),
        PLANE,
    ),
    "padded average": (net(nn.AvgPool2d(3, 1, padding=1), cbr(8, 8)), PLANE),
    "mean": (
        nn.Sequential(cbr(3, 8), Fn(lambda _m, x: x.mean((2, 3))), nn.Linear(8, 3, bias=False)),
        PLANE,
    ),
    "autoencoder": (
        nn.Sequential(
            *(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2), nn.ReLU()),
            nn.Linear(2, 3, bias=False),
        ),
        VECTOR,
    ),
    "two sizes concatenated": (
        nn.Sequential(
            cbr(3, 8),
            Fn(
                lambda m, x: torch.cat([m.p(x).flatten(1), m.q(x).flatten(1)], 1),
                p=nn.AdaptiveAvgPool2d(1),
                q=nn.AdaptiveAvgPool2d(2),
            ),
            nn.Linear(40, 3, bias=False),
        ),
        PLANE,
    ),
}
REFUSED: dict[str, tuple[nn.Module, tuple[int, ...], str]] = {
    "lstm": (Fn(lambda m, x: m.rnn(x)[0], rnn=nn.LSTM(3, 3)), (2, 4, 3), "LSTM"),
    "attention": (Attention(3), PLANE, "matmul"),
    "multi-head": (nn.MultiheadAttention(4, 2), (2, 4), "MultiheadAttention"),
    "embedding": (nn.Embedding(4, 3), (2, 4), "Embedding"),
    "conv3d": (nn.Conv3d(3, 2, 3), (1, 3, 4, 4, 4), "Conv3d"),
    "bilinear layer": (nn.Bilinear(3, 3, 2), VECTOR, "Bilinear"),
    "circular": (nn.Conv2d(3, 2, 3, padding_mode="circular"), PLANE, "padding"),
    "softmax between": (net(nn.Softmax(1), cbr(8, 8)), PLANE, "Softmax|1 is not"),
    "layer norm": (net(nn.LayerNorm(8), cbr(8, 8)), PLANE, "1 is not|LayerNorm"),
    "group norm": (net(nn.GroupNorm(2, 8), nn.ReLU(), cbr(8, 8)), PLANE, "1 is not|GroupNorm"),
    "bilinear resize": (
        net(nn.Upsample(scale_factor=2, mode="bilinear"), cbr(8, 8)),
        PLANE,
        "1 is not|Upsample",
    ),
    "product of maps": (
        Fn(lambda _m, x: x.flatten(2) @ x.flatten(2).transpose(1, 2)),
        PLANE,
        "matmul",
    ),
    "control flow": (Fn(lambda _m, x: x if x.sum() > 0 else -x), PLANE, "control flow"),
    "recursion": (
        Fn(lambda m, x: m.c(m.c(x).relu()), c=nn.Conv2d(3, 3, 1)),
        PLANE,
        "more than once",
    ),
}
