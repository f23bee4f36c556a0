"""How long is a training step? Exact in integers, beside float and fake-quantized loops.

``python benchmarks/train.py [--model vgg16] [--batch 128] [--threads 1] [--rounds 7] [--json]``

All variants train the same choked W4A4 network on the same batch with the same optimizer, channels last,
and take turns in one process, step by step, so that load on the machine meets all alike. Figures are
medians. Freed memory is kept for all of them (``tilewright.train.memory``). ``--cpu-time`` counts processor
time of the process instead of time on the wall: with one thread, what a quiet machine would take.

- ``exact_int8``: our step with the int8 engine; ``exact_float32``: without it, the same psums.
- ``float32``: the same network with ``Conv2d`` and ``Linear``; ``bfloat16``: the same under autocast.
- ``course``: fake-quantized floats as the course notebook trains them (weights normalized by mean and
  std, learned clipping bounds, rounded to the grid, convolved as floats); its classifier is float.
- ``brevitas``: Brevitas' quantizers with learned scales, per tensor, weights narrow, 8-bit input, all
  layers quantized; left out if Brevitas is not installed. Its activation scales start as constants, so
  that no step spends time on collecting statistics.

``--psums N`` answers another question, and measures no time: are the integers of the training forward
exact? Over N images, every psum of every layer is compared with a float64 matrix product of the same
codes (exact below 2**53), and those of one image of each batch with the naive int64 reference.
``--run PATH`` takes a packed network, or the trained one of a run (``RUN/01_train``), and ``--data-dir DIR``
the test images of CIFAR-10; else weights and pixels are random. Exit status 1 if a psum differs.

``--processes N`` trains with our loop, images per second of one process with one thread, one process with N
threads, and N processes with one thread each, taking turns; wall time, and processor time of all processes
together. Weights of all processes and every psum of four images must equal those of the checkpoint, loaded in
a process of its own; they are counted, and the exit status is 1 if one differs.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from train_processes import compare_processes
from train_psums import compare_psums

from tilewright.data import load_data
from tilewright.models import ModelSpec, build, build_model
from tilewright.quant import QuantConv2d, QuantLinear, allow_int8
from tilewright.train import load_trained
from tilewright.train.memory import keep_freed_memory

try:
    import brevitas.nn as qnn
    from brevitas.inject.enum import ScalingImplType
    from brevitas.quant import Int8WeightPerTensorFloat, Uint8ActPerTensorFloatMaxInit
except ImportError:
    qnn = None

Step = Callable[[], float]

MODELS = ("vgg_tiny", "vgg16")


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


def brevitas_network(model: nn.Module) -> nn.Module:
    """The same network of Brevitas' layers: each convolution reads what a quantizer gives."""

    class Weights(Int8WeightPerTensorFloat):
        bit_width = 4
        scaling_impl_type = ScalingImplType.PARAMETER_FROM_STATS

    relu = {"act_quant": Uint8ActPerTensorFloatMaxInit, "bit_width": 4, "max_val": 6.0}
    modules = [qnn.QuantIdentity(act_quant=Uint8ActPerTensorFloatMaxInit, max_val=1.0)]
    for module in model.features:
        if isinstance(module, QuantConv2d):
            module = qnn.QuantConv2d(
                module.in_channels,
                module.out_channels,
                3,
                padding=1,
                bias=False,
                weight_quant=Weights,
            )
        modules.append(qnn.QuantReLU(**relu) if isinstance(module, nn.ReLU) else module)
    last = model.classifier
    assert isinstance(last, QuantLinear)
    head = qnn.QuantLinear(last.in_features, last.out_features, bias=False, weight_quant=Weights)
    return nn.Sequential(*modules, head)


def build_step(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    precision: AbstractContextManager[Any],
    clock: Step,
) -> Step:
    """One training step of `model`; returns its seconds by `clock`."""
    model = model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)

    def step() -> float:
        began = clock()
        with precision:
            logits = model(images)
        loss = functional.cross_entropy(logits.float(), labels, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return clock() - began

    return step


def build_steps(name: str, batch: int, clock: Step) -> dict[str, Step]:
    """A step of each variant that can run here."""
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (batch, 3, 32, 32), dtype=torch.uint8)
    labels = torch.randint(0, 10, (batch,))
    floats = (pixels / 255 - 0.5).contiguous(memory_format=torch.channels_last)
    positive = (pixels / 255).contiguous(memory_format=torch.channels_last)

    def fresh() -> nn.Module:
        return build_model(name, weight_bits=4, act_bits=4, choke_width=8)

    def step(
        model: nn.Module, images: Tensor, precision: AbstractContextManager[Any] | None = None
    ) -> Step:
        precision = precision or nullcontext()
        return build_step(model, images, labels, precision=precision, clock=clock)

    without_int8 = fresh()
    allow_int8(without_int8, is_allowed=False)
    autocast = torch.autocast("cpu", dtype=torch.bfloat16)
    steps = {
        "exact_int8": step(fresh(), pixels),
        "exact_float32": step(without_int8, pixels),
        "float32": step(replace_layers(fresh(), plain), floats),
        "bfloat16": step(replace_layers(fresh(), plain), floats, autocast),
        "course": step(replace_layers(fresh(), course), floats),
    }
    if qnn is not None:
        steps["brevitas"] = step(brevitas_network(fresh()), positive)
    return steps


def measure(name: str, *, batch: int, rounds: int, clock: Step) -> dict[str, float]:
    """Median seconds of a step by variant, the variants taking turns."""
    steps = build_steps(name, batch, clock)
    for step in steps.values():
        step()  # self-tests and first allocations
        step()
    times: dict[str, list[float]] = {variant: [] for variant in steps}
    for _ in range(rounds):
        for variant, step in steps.items():
            times[variant].append(step())
    return {variant: statistics.median(values) for variant, values in times.items()}


def report_psums(options: argparse.Namespace) -> int:
    """Compare, print the counts of each layer, end with one JSON object; 1 if a psum differs."""
    torch.manual_seed(0)
    name = (options.model or ["vgg16"])[0]
    choke = 8 if name.startswith("vgg") else None
    spec = ModelSpec(name, weight_bits=4, act_bits=4, choke_width=choke)
    model = build(spec) if options.run is None else load_trained(options.run)
    if options.data_dir is None:
        images = torch.randint(0, 256, (options.psums, 3, 32, 32), dtype=torch.uint8)
    else:
        data = load_data("cifar10", data_dir=options.data_dir)
        images = torch.from_numpy(data.test.images[: options.psums])
    counts = compare_psums(model, images)
    total = {
        key: sum(count[key] for count in counts.values()) for key in next(iter(counts.values()))
    }
    if not options.json:
        for layer, count in counts.items():
            print(
                f"{layer:22} {count['mismatches']} of {count['compared']:,} psums differ from float64, "
                f"{count['naive_mismatches']} of {count['naive_compared']:,} from naive int64"
            )
    facts = {"images": len(images), "layers": len(counts), **total}
    print(json.dumps(facts | {"machine": describe_machine(options.threads)}))
    return int(total["mismatches"] + total["naive_mismatches"] > 0)


def report_times(options: argparse.Namespace) -> int:
    """Measure, print, and end with one JSON object."""
    clock = time.process_time if options.cpu_time else time.perf_counter
    results: dict[str, Any] = {
        "batch": options.batch,
        "clock": "processor" if options.cpu_time else "wall",
        "machine": describe_machine(options.threads),
    }
    for name in options.model or MODELS:
        seconds = measure(name, batch=options.batch, rounds=options.rounds, clock=clock)
        ours = seconds["exact_int8"]
        others = {"fp32": "float32", "bf16": "bfloat16", "course": "course", "brevitas": "brevitas"}
        ratios = {
            f"vs_{key}": round(ours / seconds[variant], 3)
            for key, variant in others.items()
            if variant in seconds
        }
        results[name] = {
            "seconds": {variant: round(value, 4) for variant, value in seconds.items()},
            "images_per_second": round(options.batch / ours, 1),
            **ratios,
            "float32_engine_vs_fp32": round(seconds["exact_float32"] / seconds["float32"], 3),
        }
        if not options.json:
            for variant, value in seconds.items():
                rate = options.batch / value
                print(f"{name:9} {variant:14} {1e3 * value:8.1f} ms  {rate:7.0f} images/s")
            if qnn is None:
                print(f"{name:9} brevitas       left out: brevitas==0.13.4 is not installed")
    print(json.dumps(results | ratios))  # the ratios once more, of the last model
    return 0


def report_processes(options: argparse.Namespace) -> int:
    """Measure, print, and end with one JSON object; 1 if a weight or psum differs."""
    results: dict[str, Any] = {"machine": describe_machine(1)}
    differ = 0
    for name in options.model or ("vgg_tiny",):
        found = compare_processes(
            name,
            batch=options.batch,
            images=options.batch * options.steps,
            processes=options.processes,
            rounds=options.rounds,
        )
        results[name] = found
        differ += found["weights_differ"] + found["psums_differ"]
        if not options.json:
            for one, rate in found["images_per_second"].items():
                print(
                    f"{name:9} {one:28} {rate['wall']:8.0f} images/s, {rate['processor']:8.0f} for each "
                    "second of processor time"
                )
            for what in ("weights", "psums"):
                counts = found[f"{what}_compared"], found[f"{what}_differ"]
                print(f"{name:9} {counts[0]:,} {what} compared, {counts[1]:,} differ")
    print(json.dumps(results))
    return int(differ > 0)


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


def main() -> int:
    """One of the three questions."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", choices=(*MODELS, "resnet8", "resnet20"), action="append")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cpu-time", action="store_true", help="processor time, not wall time")
    parser.add_argument("--psums", type=int, metavar="N", help="compare the psums of N images")
    parser.add_argument("--processes", type=int, metavar="N", help="train by N processes")
    parser.add_argument("--steps", type=int, default=20, help="with --processes: of an epoch")
    parser.add_argument("--run", type=Path, help="with --psums: a packed network, or RUN/01_train")
    parser.add_argument("--data-dir", type=Path, help="with --psums: CIFAR-10's binary files")
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    if options.processes is not None:
        return report_processes(options)
    if not options.psums and set(options.model or ()) - set(MODELS):
        parser.error(f"times are measured of {' and '.join(MODELS)} only")
    keep_freed_memory()
    torch.set_num_threads(options.threads)
    return report_times(options) if options.psums is None else report_psums(options)


if __name__ == "__main__":
    sys.exit(main())
