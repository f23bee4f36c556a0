"""A module of your own, from floats to a verdict about the array that computes it."""

from tempfile import mkdtemp

import torch
from torch import nn

import tilewright as tw
from tilewright.data.digits import read_digits

images, digits = (torch.tensor(part) for part in read_digits())
pixels, labels = images[:, None].float() / 16, digits.long()
net = nn.Sequential(
    *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 10, bias=False)),
)

torch.manual_seed(0)
net = tw.quantize(net, weight_bits=4, act_bits=4)
optimizer = torch.optim.Adam(net.parameters(), 0.01)
for batch in torch.randperm(1400).repeat(2).split(64):
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(pixels[batch]), labels[batch]).backward()
    optimizer.step()
saved = tw.save_run(net.eval(), mkdtemp(), pixels[1400:], labels[1400:], samples=1)
found = tw.run_stages(
    saved.path, "verify", "export", "simulate", settings=("vectors.corners=false",)
)
bundle = tw.check_bundle(saved.path / "05_vectors" / "0" / "sample0")

print(
    f"{saved.correct} of {saved.images} recognized on integers, {saved.differ} other than the module"
)
for stage, result in found.items():
    print(f"{stage}: {'pass' if result.passed else 'FAIL'}, {len(result.checks)} checks")
assert all(result.passed for result in found.values())
assert bundle.passed
