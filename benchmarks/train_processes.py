"""One training by several processes, beside one process with one and with several threads.

See ``train.py --processes``. As a program (``torchrun ... train_processes.py FOLDER MODEL BATCH IMAGES
THREADS``) it is one process of such a training: it trains two epochs on digits, and leaves in FOLDER what the
second took and which psums its own weights give.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tilewright.data import ImageData, load_data
from tilewright.models import ModelSpec
from tilewright.recover.capture import capture_forward
from tilewright.train import Recipe, World, join_world, load_trained, train_network

EPOCHS = 2
"""The first holds self-tests and first allocations; the second is measured."""
LOOKED_AT = 4
"""Images whose psums are compared."""
PATIENCE_S = 3600.0

Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Arrangement:
    """So many processes with so many threads each."""

    processes: int
    threads: int

    def __str__(self) -> str:
        one = "process" if self.processes == 1 else "processes"
        return f"{self.processes} {one}, {self.threads} thread{'s' * (self.threads > 1)} each"


def arrangements(processes: int) -> tuple[Arrangement, ...]:
    """The three that are compared; the last two take as many cores."""
    return Arrangement(1, 1), Arrangement(1, processes), Arrangement(processes, 1)


def compare_processes(
    name: str, *, batch: int, images: int, processes: int, rounds: int
) -> dict[str, Any]:
    """Images per second by arrangement, wall and processor time, medians of `rounds`; and the checks.

    The arrangements take turns. images: of an epoch. All processes of a training must end with the same
    weights, and give the psums of the network that this process loads from the checkpoint.
    """
    times: dict[str, list[tuple[float, float]]] = {}
    checks = {"weights_compared": 0, "weights_differ": 0, "psums_compared": 0, "psums_differ": 0}
    for _ in range(rounds):
        for one in arrangements(processes):
            with tempfile.TemporaryDirectory(prefix="tilewright-processes-") as folder:
                seconds, found = train_once(
                    one, Path(folder), name=name, batch=batch, images=images
                )
            times.setdefault(str(one), []).append(seconds)
            checks = {key: value + found[key] for key, value in checks.items()}
    steps = images // batch * batch
    rates = {
        one: {
            clock: round(steps / statistics.median(seconds), 1)
            for clock, seconds in zip(("wall", "processor"), zip(*taken, strict=True), strict=True)
        }
        for one, taken in times.items()
    }
    return {"images_per_second": rates, "batch": batch, "rounds": rounds, **checks}


def train_once(
    one: Arrangement, folder: Path, *, name: str, batch: int, images: int
) -> tuple[tuple[float, float], dict[str, int]]:
    """Wall and processor seconds of the second epoch, the latter of all processes; and the checks."""
    words = [str(folder), name, str(batch), str(images), str(one.threads)]
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(one.processes)]
    subprocess.run(
        [sys.executable, "-m", *launcher, __file__, *words],
        check=True,
        timeout=PATIENCE_S,
        env=os.environ | {"OMP_NUM_THREADS": str(one.threads)},
    )
    facts = [json.loads((folder / f"{rank}.json").read_text()) for rank in range(one.processes)]
    seconds = (
        max(fact["wall"] for fact in facts),
        sum(fact["processor"] for fact in facts),
    )
    model = load_trained(folder / "run")
    expected = weights_of(model), psums_of(model)
    checks = {"weights_compared": 0, "weights_differ": 0, "psums_compared": 0, "psums_differ": 0}
    for rank in range(one.processes):
        for what, numbers in zip(("weights", "psums"), expected, strict=True):
            with np.load(folder / f"{rank}_{what}.npz") as found:
                compared, differ = compare(dict(found), numbers)
            checks[f"{what}_compared"] += compared
            checks[f"{what}_differ"] += differ
    return seconds, checks


def compare(found: Arrays, expected: Arrays) -> tuple[int, int]:
    """Numbers compared, and how many differ; of an array that is not there, all do."""
    compared = sum(array.size for array in expected.values())
    equal = sum(
        int((found[name] == array).sum())
        for name, array in expected.items()
        if name in found and found[name].shape == array.shape
    )
    return compared, compared - equal


def weights_of(model: nn.Module) -> Arrays:
    """All parameters and statistics by name."""
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def psums_of(model: nn.Module) -> Arrays:
    """Integer psums of every layer for the first images."""
    images = torch.from_numpy(load_data("digits").test.images[:LOOKED_AT])
    return {name: capture.psums for name, capture in capture_forward(model, images).items()}


def train_share(folder: Path, name: str, batch: int, images: int, threads: int) -> None:
    """One process of a training; writes its seconds, its weights and its psums."""
    kept: list[nn.Module] = []
    agree = World.check_agreement

    def keep(world: World, model: nn.Module) -> None:
        kept[:] = [model]
        agree(world, model)

    World.check_agreement = keep  # type: ignore[method-assign]  # the weights of this process, not the file
    data = load_data("digits")
    numbers = np.arange(images) % len(data.train)
    few = ImageData(
        "digits again",
        data.classes,
        data.train.take(numbers),
        data.holdout.take(np.arange(2)),
        data.test,
    )
    ends = list[tuple[float, float]]()
    choke = 8 if name.startswith("vgg") else None
    train_network(
        ModelSpec(name, weight_bits=4, act_bits=4, choke_width=choke),
        few,
        folder=folder / "run",
        recipe=Recipe(epochs=EPOCHS, batch_size=batch, warmup_epochs=1, selection="last"),
        threads=threads,
        listener=lambda event: (
            ends.append((time.monotonic(), time.process_time()))
            if getattr(event, "holdout_accuracy", None) is not None
            else None
        ),
    )
    rank = join_world("cpu").rank
    wall, processor = (last - first for first, last in zip(*ends, strict=True))
    facts = {"wall": wall, "processor": processor}
    (folder / f"{rank}.json").write_text(json.dumps(facts))
    np.savez(folder / f"{rank}_weights.npz", **weights_of(kept[0]))
    np.savez(folder / f"{rank}_psums.npz", **psums_of(kept[0]))


if __name__ == "__main__":
    train_share(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
