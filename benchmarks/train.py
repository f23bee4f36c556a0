"""How long is a training step? Exact in integers, beside plain float32 and a fake-quantized loop.

``python benchmarks/train.py [--model vgg16] [--batch 128] [--threads 1] [--rounds 7] [--json]``

All variants train the same choked W4A4 network on the same batch with the same optimizer, channels last,
and take turns in one process, step by step, so that load on the machine meets all alike. Figures are
medians.

- ``exact_int8``: our step with the int8 engine; ``exact_float32``: without it, the same psums.
- ``float32``: the same network with ``Conv2d`` and ``Linear``, no quantization.
- ``course``: fake-quantized floats as the course notebook trains them (weights normalized by mean and
  std, learned clipping bounds, rounded to the grid, convolved as floats); its classifier is float.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright.models import ModelSpec, build_model
from tilewright.quant import QuantConv2d, QuantLinear, allow_int8

Step = Callable[[], float]


class _FakeActivation(torch.autograd.Function):
    """``alpha * round(min(x / alpha, 1) * levels) / levels``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor, levels: int) -> Tensor:
        ratio = x / alpha
        ctx.save_for_backward(ratio)
        return ratio.clamp(max=1).mul(levels).round().div(levels).mul(alpha)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        (ratio,) = ctx.saved_tensors
        is_inside = (ratio <= 1).float()
        return gradient * is_inside, (gradient * (1 - is_inside)).sum(), None


class _FakeWeight(torch.autograd.Function):
    """``alpha * sign(u) * round(min(abs(u), 1) * levels) / levels`` with ``u = w / alpha``."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, alpha: Tensor, levels: int) -> Tensor:
        ratio = weight / alpha
        ctx.save_for_backward(ratio)
        return ratio.sign() * ratio.abs().clamp(max=1).mul(levels).round().div(levels) * alpha

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        (ratio,) = ctx.saved_tensors
        is_inside = (ratio.abs() <= 1).float()
        return gradient * is_inside, (gradient * ratio.sign() * (1 - is_inside)).sum(), None


class CourseConv2d(nn.Conv2d):
    """A convolution of fake-quantized floats, W4A4."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1, bias=False)
        self.act_alpha = nn.Parameter(torch.tensor(8.0))
        self.weight_alpha = nn.Parameter(torch.tensor(3.0))

    def forward(self, x: Tensor) -> Tensor:
        """Real values from values on the grid."""
        mean, std = self.weight.data.mean(), self.weight.data.std()
        weight = _FakeWeight.apply((self.weight - mean) / std, self.weight_alpha, 7)
        return functional.conv2d(_FakeActivation.apply(x, self.act_alpha, 15), weight, padding=1)


def replace_layers(model: nn.Module, convolution: Callable[[QuantConv2d], nn.Module]) -> nn.Module:
    """`model` with its convolutions replaced and a float classifier, for float pixels."""
    features = [
        convolution(module) if isinstance(module, QuantConv2d) else module
        for module in model.features
    ]
    last = model.classifier
    assert isinstance(last, QuantLinear)
    return nn.Sequential(*features, nn.Linear(last.in_features, last.out_features))


def plain(module: QuantConv2d) -> nn.Module:
    """The same convolution without quantization."""
    return nn.Conv2d(module.in_channels, module.out_channels, 3, padding=1, bias=False)


def course(module: QuantConv2d) -> nn.Module:
    """The same convolution, fake-quantized."""
    return CourseConv2d(module.in_channels, module.out_channels)


def build_step(model: nn.Module, images: Tensor, labels: Tensor) -> Step:
    """One training step of `model`; returns its seconds."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    model.train()

    def step() -> float:
        began = time.perf_counter()
        loss = functional.cross_entropy(model(images), labels, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return time.perf_counter() - began

    return step


def measure(name: str, *, batch: int, rounds: int) -> dict[str, float]:
    """Median seconds of a step by variant, the variants taking turns."""
    torch.manual_seed(0)
    spec = ModelSpec(name, weight_bits=4, act_bits=4, choke_width=8)
    pixels = torch.randint(0, 256, (batch, 3, 32, 32), dtype=torch.uint8)
    labels = torch.randint(0, spec.classes, (batch,))
    floats = (pixels / 255 - 0.5).contiguous(memory_format=torch.channels_last)

    def fresh() -> nn.Module:
        return build_model(name, weight_bits=4, act_bits=4, choke_width=8)

    without_int8 = fresh()
    allow_int8(without_int8, is_allowed=False)
    steps = {
        "exact_int8": build_step(fresh(), pixels, labels),
        "exact_float32": build_step(without_int8, pixels, labels),
        "float32": build_step(replace_layers(fresh(), plain), floats, labels),
        "course": build_step(replace_layers(fresh(), course), floats, labels),
    }
    for step in steps.values():
        step()  # self-tests and first allocations
        step()
    times: dict[str, list[float]] = {variant: [] for variant in steps}
    for _ in range(rounds):
        for variant, step in steps.items():
            times[variant].append(step())
    return {variant: statistics.median(values) for variant, values in times.items()}


def describe_machine(threads: int) -> dict[str, str | int]:
    """The conditions of the figures."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.machine(),
        "threads": threads,
        "torch": torch.__version__,
    }


def main() -> None:
    """Measure, print, and end with one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", choices=("vgg_tiny", "vgg16"), action="append")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results: dict[str, Any] = {
        "batch": options.batch,
        "machine": describe_machine(options.threads),
    }
    for name in options.model or ("vgg_tiny", "vgg16"):
        seconds = measure(name, batch=options.batch, rounds=options.rounds)
        ours = seconds["exact_int8"]
        results[name] = {
            "seconds": {variant: round(value, 4) for variant, value in seconds.items()},
            "images_per_second": round(options.batch / ours, 1),
            "vs_fp32": round(ours / seconds["float32"], 3),
            "vs_course": round(ours / seconds["course"], 3),
            "float32_engine_vs_fp32": round(seconds["exact_float32"] / seconds["float32"], 3),
        }
        if not options.json:
            for variant, value in seconds.items():
                print(
                    f"{name:9} {variant:14} {1e3 * value:8.1f} ms  {options.batch / value:7.0f} images/s"
                )
    results |= {key: results[name][key] for key in ("vs_fp32", "vs_course")}  # of the last model
    print(json.dumps(results))


if __name__ == "__main__":
    main()
