"""Which images should the BatchNorm statistics of a trained network be of?

``python benchmarks/norm_statistics.py NETWORK --data-dir DIR [--images 5000] [--augmentation crop_alternate]
[--cutout 8] [--threads 2] [--json]``

NETWORK is a packed network or the folder of a training. Its test images are predicted with the statistics
it was trained to, with those of plain training images, and with those of the same images augmented; nothing
else is changed. Prints how many of them each gets right; the last line is JSON with ``--json``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from tilewright.data import AUGMENTATIONS, DeviceImages, shuffle_order
from tilewright.data.catalog import load_data
from tilewright.train import load_trained
from tilewright.train.averaging import with_fresh_norms
from tilewright.train.evaluation import evaluate

BATCH = 250


def main() -> None:
    """Count, and print a line for each set of statistics."""
    options = _parse()
    torch.set_num_threads(options.threads)
    data = load_data("cifar10", data_dir=options.data_dir)
    trained = load_trained(options.network)
    images = DeviceImages(data.train, "cpu")
    correct: dict[str, int] = {}
    for name, augmentation in (("plain", "none"), ("augmented", options.augmentation)):
        batches = _batches(images, augmentation, options)
        correct[name] = evaluate(with_fresh_norms(trained, batches), data.test).correct
    facts = {"trained": evaluate(trained, data.test).correct} | correct
    for name, count in facts.items():
        print(f"statistics {name:10} {count:6,} of {len(data.test):,} test images")
    if options.is_json:
        print(json.dumps(facts | {"images": len(data.test), "network": str(options.network)}))


def _batches(
    images: DeviceImages, augmentation: str, options: argparse.Namespace
) -> Iterator[Tensor]:
    order = shuffle_order(len(images), seed=0, epoch=0)[: options.images]
    for first in range(0, len(order), BATCH):
        yield images.augmented(
            order[first : first + BATCH],
            augmentation=augmentation,
            cutout=options.cutout,
            seed=0,
            epoch=1,
        )[0]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--augmentation", default="crop_alternate", choices=AUGMENTATIONS)
    parser.add_argument("--cutout", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", dest="is_json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
