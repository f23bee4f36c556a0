"""Networks of Brevitas, trained for a few steps, with the integers that Brevitas itself states."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

HEIGHT, WIDTH, CLASSES = 12, 8, 5


@dataclass(frozen=True)
class Trained:
    """A QONNX file, inputs, and Brevitas' ``.int()`` of quantizer and layer outputs by module name."""

    path: Path
    images: np.ndarray
    integers: dict[str, np.ndarray]
    logits: np.ndarray


def sequential(weight_bits: int, act_bits: int, *, is_per_channel: bool) -> nn.Module:
    """Two convolutions, one with a bias, BatchNorms, max-pools, a classifier without bias."""
    import brevitas.nn as bnn
    from brevitas.quant import Uint8ActPerTensorFloat

    weight = {
        "weight_bit_width": weight_bits,
        "weight_scaling_per_output_channel": is_per_channel,
        "return_quant_tensor": True,
    }
    act = {"bit_width": act_bits, "return_quant_tensor": True}

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.pixels = bnn.QuantIdentity(
                act_quant=Uint8ActPerTensorFloat, return_quant_tensor=True
            )
            self.first = bnn.QuantConv2d(3, 8, 3, padding=1, bias=True, **weight)
            self.first_norm = nn.BatchNorm2d(8)
            self.first_act = bnn.QuantReLU(**act)
            self.second = bnn.QuantConv2d(8, 6, (3, 1), stride=(1, 2), bias=False, **weight)
            self.second_norm = nn.BatchNorm2d(6)
            self.second_act = bnn.QuantReLU(**act)
            self.head = bnn.QuantLinear(6 * 2 * 1, CLASSES, bias=False, **weight)

        def forward(self, x):
            x = self.first_act(self.first_norm(self.first(self.pixels(x))))
            x = nn.functional.max_pool2d(x, 2)
            x = self.second_act(self.second_norm(self.second(x)))
            return self.head(nn.functional.max_pool2d(x, 2).flatten(1))

    return Net()


def residual(weight_bits: int, act_bits: int, **_: bool) -> nn.Module:
    """A residual block with a shared quantizer before its addition, an average pool, a classifier."""
    import brevitas.nn as bnn
    from brevitas.quant import Uint8ActPerTensorFloat

    weight = {"weight_bit_width": weight_bits, "return_quant_tensor": True}
    act = {"bit_width": act_bits, "return_quant_tensor": True}

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.pixels = bnn.QuantIdentity(
                act_quant=Uint8ActPerTensorFloat, return_quant_tensor=True
            )
            self.stem = bnn.QuantConv2d(3, 6, 3, padding=1, stride=2, bias=False, **weight)
            self.stem_norm = nn.BatchNorm2d(6)
            self.stem_act = bnn.QuantReLU(**act)
            self.body = bnn.QuantConv2d(6, 6, 3, padding=1, groups=2, bias=False, **weight)
            self.body_norm = nn.BatchNorm2d(6)
            self.join = bnn.QuantIdentity(**act)
            self.sum_act = bnn.QuantReLU(**act)
            self.pool = nn.AvgPool2d((3, 2))
            self.pool_act = bnn.QuantReLU(**act)
            self.head = bnn.QuantLinear(6 * 2 * 2, CLASSES, bias=True, **weight)

        def forward(self, x):
            x = self.stem_act(self.stem_norm(self.stem(self.pixels(x))))
            x = self.join(self.body_norm(self.body(x))) + self.join(x)
            x = self.pool_act(self.pool(self.sum_act(x)))
            return self.head(x.flatten(1))

    return Net()


def train(make, path: Path, *, steps: int = 6, is_dynamo: bool = False, **options) -> Trained:
    """Train, export as QONNX (is_dynamo: with torch's newer, slower exporter), and ask Brevitas for
    its integers.
    """
    with torch.random.fork_rng(), warnings.catch_warnings():
        # torch's exporter and Brevitas deprecate parts of themselves and of each other in dozens of ways
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        net = make(**options)
        net.head.return_quant_tensor = False
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        for _ in range(steps):
            x = torch.rand(16, 3, HEIGHT, WIDTH)
            labels = (x.mean(dim=(1, 2, 3)) * 50).long() % CLASSES
            optimizer.zero_grad()
            nn.functional.cross_entropy(_real(net(x)), labels).backward()
            optimizer.step()
        for part in net.modules():
            if isinstance(part, nn.BatchNorm2d):  # some channels fall with their psum
                part.weight.data[::3] *= -1
        _export(net.eval(), path, is_dynamo=is_dynamo)
        net.head.return_quant_tensor = True
        images = torch.rand(5, 3, HEIGHT, WIDTH)
        return _ask(net, path, images)


def _export(net: nn.Module, path: Path, *, is_dynamo: bool) -> None:
    import contextlib
    import io

    from brevitas.export import export_qonnx

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        x = torch.rand(1, 3, HEIGHT, WIDTH)
        export_qonnx(net, args=x, export_path=str(path), dynamo=is_dynamo)


def _ask(net: nn.Module, path: Path, images: torch.Tensor) -> Trained:
    integers: dict[str, np.ndarray] = {}

    def keep(name):
        def hook(_module, _inputs, output):
            if hasattr(output, "int") and hasattr(output, "scale"):
                integers[name] = output.int().detach().numpy().astype(np.int64)

        return hook

    for name, part in net.named_children():
        part.register_forward_hook(keep(name))
    with torch.no_grad():
        logits = _real(net(images)).numpy()
    return Trained(path, images.numpy(), integers, logits)


def _real(output):
    return getattr(output, "value", output)
