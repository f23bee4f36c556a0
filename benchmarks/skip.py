"""Does a path around the chokepoint (SkipBlock) help to train it? Four ways to a choked W4A4 network.

    python benchmarks/skip.py --data-dir FOLDER [--epochs 8,4,4] [--seeds 3] [--choke-width 8] [--json]

All train `vgg_tiny` on CIFAR-10 for as many epochs in all, A + B + C, and are evaluated once, at the end, on
the 10,000 test images:

- ``direct``: the choked network from the start;
- ``wide_first``: A epochs without a chokepoint, then all of the choked network from these weights;
- ``frozen``: the same, but the rest of the network stays as it was, and the chokepoint alone learns;
- ``skip``: A epochs without a chokepoint, B of the chokepoint and the path around it, C of the chokepoint
  without the path; the rest of the network stays as it was.

The last three share the network of the first A epochs. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from digits import Silence

from tilewright.config import Config
from tilewright.pipeline import run_stage
from tilewright.pipeline.run_folder import RunFolder

WAYS = ("direct", "wide_first", "frozen", "skip")


def configuration(
    data_dir: Path, seed: int, model: dict[str, Any], train: dict[str, Any], **others: Any
) -> Config:
    """One training of CIFAR-10, with what differs."""
    usual = {"batch_size": 128, "augmentation": "crop_alternate", "warmup_epochs": 1.0}
    usual |= {"selection": "last", "seed": seed}
    data = {"name": "cifar10", "dir": str(data_dir.absolute()), "holdout": 1000}
    return Config.model_validate(
        {"data": data, "model": model, "train": usual | train} | others, strict=False
    )


def trained(config: Config, folder: Path) -> Path:
    """The folder of the run that `config` describes, trained."""
    run = RunFolder(folder)
    run.start(config)
    run_stage("train", run, Silence())
    return folder


def accuracies(options: argparse.Namespace, seed: int, folder: Path) -> dict[str, float]:
    """Test accuracy of each way, in percent."""
    first, second, third = (int(part) for part in options.epochs.split(","))
    choked = {"choke_width": options.choke_width}

    def train(name: str, model: dict[str, Any], **values: Any) -> Path:
        phases = values.pop("phases", ())
        config = configuration(options.data_dir, seed, model, values, phases=phases)
        return trained(config, folder / name)

    wide = str(train("wide", {"choke_width": 0}, epochs=first))
    beside = {
        "name": "beside",
        "model": {"skip": "trained"},
        "train": {"epochs": second, "start": wide},
    }
    runs = {
        "direct": train("direct", choked, epochs=first + second + third),
        "wide_first": train("wide_first", choked, epochs=second + third, start=wide),
        "frozen": train("frozen", choked, epochs=second + third, start=wide, trains="chokepoint"),
        "skip": train("skip", choked, epochs=third, trains="chokepoint", phases=(beside,)),
    }
    found = {
        name: 100 * run_stage("evaluate", RunFolder(run), Silence()).facts.accuracy
        for name, run in {"wide": Path(wide), **runs}.items()
    }
    return {name: round(percent, 2) for name, percent in found.items()}


def main() -> None:
    """Train every way with every seed, and print a line a seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="CIFAR-10's binary files")
    parser.add_argument("--epochs", default="8,4,4", metavar="A,B,C")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--choke-width", type=int, default=8)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    since, found = time.monotonic(), []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            found.append(accuracies(options, seed, Path(folder)))
        if not options.json:
            print(f"seed {seed}: {found[-1]}", flush=True)
    facts = {
        name: {
            "mean": round(statistics.mean(one[name] for one in found), 2),
            "all": [one[name] for one in found],
        }
        for name in ("wide", *WAYS)
    }
    print(
        json.dumps(
            facts
            | {"epochs": options.epochs, "choke_width": options.choke_width}
            | {"seconds": round(time.monotonic() - since, 1)}
        )
    )


if __name__ == "__main__":
    main()
