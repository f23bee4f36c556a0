"""Do the integers of every network of the zoo equal torch's, for all test images?

``python benchmarks/zoo_images.py [--networks NAME,...] [--images 10000] [--batch 20] [--state FILE]``

Each network is quantized and trained for a few steps as in ``benchmarks/zoo.py``. Then the module runs on
images, and all codes and sums of its forward are compared with those that the integer engine computes from
the same input codes. The images are CIFAR-10's test images where a network reads 3x32x32 (TILEWRIGHT_CIFAR10
says where they are), and generated for the others, on data that nobody has. With --state, each batch that is
done is a line of that file, and a later call goes on behind the last one. Prints a table; anything that
differs is exit status 1. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import tomllib
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
from benchmarks.zoo import CONFIG, compared, train
from torch import Tensor

from tilewright.data.cifar10 import load_cifar10_test
from tilewright.engine import Engine
from tilewright.models.zoo_names import ZOO, zoo_network
from tilewright.recover import recover, trace_forward
from tilewright.spec import IntArray

Row = dict[str, int | float | str]


@cache
def pixels() -> IntArray:
    """CIFAR-10's test images."""
    folder = os.environ.get("TILEWRIGHT_CIFAR10")
    return load_cifar10_test(Path(folder) if folder else None).images


def images_of(name: str, start: int, count: int) -> tuple[Tensor, str]:
    """Images `start` on, and what they are."""
    sizes = zoo_network(name).sizes
    if sizes == (3, 32, 32):
        return torch.from_numpy(pixels()[start : start + count]).float() / 255, "CIFAR-10, test"
    source = torch.Generator().manual_seed(1_000_000 + start)
    return torch.rand(count, *sizes, generator=source), "generated"


def batches(name: str, first: int, options: argparse.Namespace) -> Iterator[Row]:
    """One row for each batch from image `first` on."""
    widths = tomllib.loads(CONFIG.read_text())["networks"][name]
    module, example = train(name, widths, steps=3, samples=2)
    network, _ = recover(module, example, np.arange(len(example)))
    engine = Engine(network)
    for start in range(first, options.images, options.batch):
        since = time.monotonic()
        images, data = images_of(name, start, min(options.batch, options.images - start))
        torchs = trace_forward(module, images)
        count, differ = compared(torchs, engine.trace(torchs.codes[network.inputs[0]]), "engine")
        end = torchs.sums[network.output.name].reshape(len(images), -1)
        yield {
            "network": name,
            "data": data,
            "first": start,
            "images": len(images),
            "compared": count,
            "differ": differ,
            "ends": len(np.unique(end, axis=0)),
            "seconds": round(time.monotonic() - since, 2),
        }


def done(state: Path | None) -> list[Row]:
    """The rows of an earlier call."""
    if state is None or not state.exists():
        return []
    return [json.loads(line) for line in state.read_text().splitlines()]


def summed(name: str, rows: list[Row]) -> Row:
    """The rows of a network as one; ends: how many images have an output of their own in their batch."""
    own = [row for row in rows if row["network"] == name]
    keys = ("images", "compared", "differ", "ends", "seconds")
    total: Row = {key: sum(row[key] for row in own) for key in keys}
    return {"network": name, "data": own[0]["data"] if own else "", **total}


def table(rows: list[Row]) -> Iterator[str]:
    """Lines of Markdown."""
    yield "| network | images | data | codes and sums compared | differ | different outputs |"
    yield "|---" * 6 + "|"
    for row in rows:
        yield (
            f"| {row['network']} | {row['images']:,} | {row['data']} | {row['compared']:,} | "
            f"{row['differ']} | {row['ends']:,} |"
        )


def main() -> int:
    """Exit status 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", default=",".join(ZOO))
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("error")
    rows, names = done(options.state), options.networks.split(",")
    for name in names:
        first = max(
            (row["first"] + row["images"] for row in rows if row["network"] == name), default=0
        )
        for row in batches(name, first, options) if first < options.images else ():
            rows.append(row)
            print(row, file=sys.stderr)
            if options.state is not None:
                with options.state.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    totals = [summed(name, rows) for name in names]
    print("\n".join(table(totals)))
    print(json.dumps({row["network"]: row for row in totals}))
    return int(any(row["differ"] for row in totals))


if __name__ == "__main__":
    sys.exit(main())
