"""A checkpoint in the course's format, made from its description alone: no import of tilewright.

    python tests/course_checkpoint.py model_best.pth.tar

Quantizers, network and training are written for this file, from the description of the format in
docs/interchange.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

HEIGHT, WIDTH = 16, 12


def pass_through(exact, inner):
    """`exact` forward, the gradient of `inner` backward."""
    return inner + (exact - inner).detach()


class WeightQuant(nn.Module):
    """Holds alpha; the weight is normalized by its own mean and deviation before it is quantized."""

    def __init__(self, bits):
        super().__init__()
        self.levels = 2 ** (bits - 1) - 1
        self.wgt_alpha = nn.Parameter(torch.tensor(3.0))

    def forward(self, weight):
        mean, std = weight.data.mean(), weight.data.std()
        scaled = weight.add(-mean).div(std) / self.wgt_alpha
        cut = scaled.abs().clamp(max=1)
        grid = scaled.sign() * (cut * self.levels).round() / self.levels
        return pass_through(grid, scaled.clamp(-1, 1)) * self.wgt_alpha


class CourseConv(nn.Conv2d):
    """A convolution without bias; replaces its parameter `weight_q` in every forward."""

    def __init__(self, ic, oc, weight_bits, act_bits):
        super().__init__(ic, oc, 3, padding=1, bias=False)
        self.act_levels = 2**act_bits - 1
        self.act_alpha = nn.Parameter(torch.tensor(8.0))
        self.weight_quant = WeightQuant(weight_bits)
        self.weight_q = nn.Parameter(torch.zeros_like(self.weight))
        self.seen = {}

    def forward(self, x):
        cut = (x / self.act_alpha).clamp(max=1)
        codes = (cut * self.act_levels).round()
        act = pass_through(codes / self.act_levels, cut) * self.act_alpha
        weight = self.weight_quant(self.weight)
        self.weight_q = nn.Parameter(weight.detach().clone())
        values = nn.functional.conv2d(act, weight, padding=1)
        step = self.act_alpha.double() * self.weight_quant.wgt_alpha.double()
        step = step / self.act_levels / self.weight_quant.levels
        self.seen = {"codes": codes.detach(), "psums": (values.detach().double() / step)}
        return values


class CourseNet(nn.Module):
    """Convolutions at 0, 3, 7, 10 (the chokepoint, its BatchNorm replaced) and 13; pools at 6 and 16."""

    def __init__(self, weight_bits=4, act_bits=4):
        super().__init__()
        bits = weight_bits, act_bits
        self.features = nn.Sequential(
            *(CourseConv(3, 8, *bits), nn.BatchNorm2d(8), nn.ReLU()),
            *(CourseConv(8, 12, *bits), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2)),
            *(CourseConv(12, 5, *bits), nn.BatchNorm2d(5), nn.ReLU()),
            *(CourseConv(5, 5, *bits), nn.Identity(), nn.ReLU()),
            *(CourseConv(5, 16, *bits), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
            nn.AvgPool2d(1),
        )
        self.classifier = nn.Linear(16 * (HEIGHT // 4) * (WIDTH // 4), 4)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def images(count, seed):
    """Normalized images, positive and negative."""
    return torch.randn(count, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(seed))


def train(weight_bits=4, act_bits=4, steps=4):
    """A net after a few steps, in eval mode, with `weight_q` fresh from a forward."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = CourseNet(weight_bits, act_bits)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
        for step in range(steps):
            x = images(16, seed=step)
            labels = (x.mean(dim=(2, 3)).argmax(dim=1) + (x[:, 0].amax(dim=(1, 2)) > 3)) % 4
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), labels).backward()
            optimizer.step()
        for part in net.modules():
            if isinstance(part, nn.BatchNorm2d):  # some channels fall with their psum
                part.weight.data[::3] *= -1
        net.eval()
        net(images(4, seed=99))
    return net


def save(net, path, **changes):
    """Write the file as the course does; `changes` replace tensors by name."""
    state = net.state_dict() | changes
    torch.save({"epoch": 4, "state_dict": state, "best_prec": 25.0, "optimizer": {}}, path)


def convolutions(net):
    """Name to convolution, in order."""
    return {name: part for name, part in net.named_modules() if isinstance(part, CourseConv)}


if __name__ == "__main__":
    save(train(), Path(sys.argv[1]))
