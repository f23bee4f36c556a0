"""Does our training of the course's recipe learn as the course's fake-quantized floats do?

``python benchmarks/course_learning.py DATA [--steps 60] [--json]``

Three learners of the choked VGG16 W4A4 of ``configs/vgg16_w4a4_course.toml`` take the same steps of its SGD
from the same weights, on the same crops of CIFAR-10 in the folder DATA: our integers; the course's quantizers
in floats (``benchmarks/train.py``), which round their way to the same grid; and these once more, with every
weight moved by at most a millionth of itself. How far the third runs from the second says how far rounding
alone leads: a difference between the first two says no more. Printed for every tenth of the steps: mean loss
of each on the training batches. At the end: images of the hold-out that each has right.

``python benchmarks/course_learning.py --run RUN [--run RUN] [--picture FILE.svg]``

The hold-out accuracy of a training of this recipe, or of the course's W4A2 recipe, after each of its epochs
so far, beside what the course's notebooks printed after their first seven (on the test set, with weights
and images of their own).
"""

from __future__ import annotations

import argparse
import copy
import json
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import torch
from torch import Tensor, nn
from torch.nn import functional
from train import CourseConv2d, describe_machine

from tilewright.data import load_data
from tilewright.data.augmentation import shuffle_order
from tilewright.data.device_images import DeviceImages
from tilewright.models import ModelSpec, build
from tilewright.quant import QuantConv2d

mpl.use("svg")
from matplotlib import pyplot as plt

NOTEBOOKS = {
    4: (53.66, 64.73, 74.68, 72.62, 77.03, 79.61, 78.79),
    2: (61.73, 67.38, 68.71, 69.92, 72.34, 72.48, 74.00),
}
"""Percent of the test set that the course's notebooks printed after epochs 0 to 6, by bits of activations."""

BATCH = 128
HOLDOUT = 1000


def course_network(ours: nn.Module, factor: float = 1.0) -> nn.Module:
    """A copy of `ours` with the course's convolutions, each weight times 1 to `factor`."""
    theirs = copy.deepcopy(ours)
    layers = [(name, part) for name, part in theirs.named_modules() if type(part) is QuantConv2d]
    for name, layer in layers:
        fake = CourseConv2d(layer.in_channels, layer.out_channels)
        noise = torch.empty_like(layer.weight).uniform_(1.0, factor)
        with torch.no_grad():
            fake.weight.copy_(layer.weight * noise)
        parent, _, place = name.rpartition(".")
        theirs.get_submodule(parent)[int(place)] = fake
    return theirs.to(memory_format=torch.channels_last)


class Learner:
    """A network with the recipe's optimizer, at its first, highest rate."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network.train()
        self._optimizer = torch.optim.SGD(
            network.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-5
        )
        self.losses: list[float] = []

    def step(self, pixels: Tensor, labels: Tensor) -> None:
        """One step, its loss kept."""
        loss = functional.cross_entropy(self.network(pixels), labels, label_smoothing=0.1)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self.losses.append(loss.item())

    def correct(self, images: Tensor, labels: Tensor) -> int:
        """How many of the hold-out are right, with the running means of BatchNorm."""
        self.network.eval()
        with torch.no_grad():
            found = torch.cat([self.network(part).argmax(1) for part in images.split(250)])
        return int((found == labels).sum())


def compare(folder: Path, *, steps: int, seed: int) -> dict[str, Any]:
    """Losses and hold-out counts of the three learners."""
    data = load_data("cifar10", data_dir=folder, holdout=HOLDOUT)
    images, (train, holdout) = DeviceImages(data.train, "cpu"), (data.train, data.holdout)
    order = shuffle_order(len(train), seed=seed, epoch=0)
    torch.manual_seed(seed)
    spec = ModelSpec(
        "vgg16", weight_bits=4, act_bits=4, choke_width=8, quantizer="pact", has_course_ends=True
    )
    ours = build(spec)
    learners = {
        "integers": Learner(ours),
        "course": Learner(course_network(ours)),
        "course_moved": Learner(course_network(ours, 1 + 1e-6)),
    }
    for number in range(steps):
        samples = order[number * BATCH : (number + 1) * BATCH]
        batch = images.augmented(samples, augmentation="crop_flip", seed=seed, epoch=0)
        for learner in learners.values():
            learner.step(*batch)
    pixels, labels = torch.from_numpy(holdout.images), torch.from_numpy(holdout.labels)
    return {
        "steps": steps,
        "seed": seed,
        "batch": BATCH,
        "losses": {name: tenths(one.losses) for name, one in learners.items()},
        "holdout": len(labels),
        "correct": {name: one.correct(pixels, labels) for name, one in learners.items()},
        "machine": describe_machine(torch.get_num_threads()),
    }


def tenths(losses: list[float]) -> list[float]:
    """Means over ten parts of the steps."""
    edges = [len(losses) * part // 10 for part in range(11)]
    parts = [losses[first:last] for first, last in pairwise(edges)]
    return [round(sum(part) / len(part), 4) for part in parts if part]


def read_curve(run: Path) -> list[float]:
    """Percent of the hold-out after each epoch of a run."""
    lines = (run / "01_train/metrics.jsonl").read_text().splitlines()
    return [round(100 * json.loads(line)["holdout_accuracy"], 2) for line in lines]


def read_bits(run: Path) -> int:
    """Bits of the activations that a run trains."""
    bits: int = tomllib.loads((run / "config.toml").read_text())["model"]["act_bits"]
    return bits


def draw(curves: dict[int, list[float]], path: Path) -> None:
    """The notebook's curve and ours over the epochs, in a frame for each recipe."""
    mpl.rcParams["svg.hashsalt"] = "tilewright"
    figure, frames = plt.subplots(
        1, len(curves), figsize=(7, 3.5), layout="constrained", sharey=True, squeeze=False
    )
    for axes, (bits, curve) in zip(frames[0], curves.items(), strict=True):
        for label, values in (("notebook, test set", NOTEBOOKS[bits]), ("ours, hold-out", curve)):
            axes.plot(range(len(values)), values, marker="o", label=label)
        axes.set(xlabel="epoch", title=f"The course's W4A{bits} recipe")
        axes.legend()
    frames[0][0].set(ylabel="accuracy in %")
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def report_curves(runs: list[Path], picture: Path | None) -> None:
    """Print the curves, and draw them."""
    curves = {read_bits(run): read_curve(run) for run in runs}
    for bits, curve in curves.items():
        for epoch, (theirs, found) in enumerate(zip(NOTEBOOKS[bits], curve, strict=False)):
            print(f"W4A{bits} epoch {epoch}: notebook {theirs:.2f} %, ours {found:.2f} %")
    if picture:
        draw({bits: curve[: len(NOTEBOOKS[bits])] for bits, curve in curves.items()}, picture)
    print(json.dumps({f"W4A{n}": {"notebook": NOTEBOOKS[n], "ours": curves[n]} for n in curves}))


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--run", type=Path, action="append")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.run is not None:
        report_curves(options.run, options.picture)
        return 0
    if options.data is None:
        parser.error("needs DATA, the folder of CIFAR-10, or --run")
    found = compare(options.data, steps=options.steps, seed=options.seed)
    if not options.json:
        for name, losses in found["losses"].items():
            print(f"{name:13} loss {' '.join(f'{loss:.3f}' for loss in losses)}")
        for name, correct in found["correct"].items():
            print(f"{name:13} {correct} of {found['holdout']} of the hold-out")
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
