"""How much memory does a layer of ResNet-18 at 112x112 with 64 channels take, stage by stage?

``python benchmarks/memory.py [--edge 112] [--channels 64] [--rows 16] [--cols 8] [--most-gb 4] [--json]``

A network with a layer of the asked size is made, saved, and taken by `recover` (of a float module on planes
of this size), `verify`, `export` and `simulate`, each in a process of its own, of which `resource.getrusage`
says the largest resident set. More than --most-gb is exit status 1. Linux and macOS; the last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Size:
    """Of the layer, and of the array."""

    edge: int
    channels: int
    rows: int
    cols: int


def recover(folder: Path, size: Size) -> None:
    """A float module of the layer and what must be around it, as a run folder."""
    import torch
    from torch import nn

    import tilewright as tw

    torch.manual_seed(0)
    width = size.channels
    net = nn.Sequential(
        *(nn.Conv2d(3, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
        *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
        *(nn.AvgPool2d(size.edge), nn.Flatten(), nn.Linear(width, 10, bias=False)),
    )
    images = torch.rand(1, 3, size.edge, size.edge)
    quantized = tw.quantize(net, weight_bits=4, act_bits=4)
    with torch.no_grad():
        quantized(images)
    tw.save_run(quantized.eval(), folder, images, torch.zeros(1, dtype=torch.int64), samples=1)


def command(*words: str) -> Callable[[Path, Size], None]:
    """A command of tilewright on the run folder."""

    def run(folder: Path, size: Size) -> None:
        from tilewright.cli import main

        array = (f"array.rows={size.rows}", f"array.cols={size.cols}", "array.psum_bits=24")
        chosen = ('vectors.layers=["3"]', "vectors.corners=false")
        settings = {"verify": array, "export": (*array, *chosen)}.get(words[0], ())
        given = [word for text in settings for word in ("--set", text)]
        sys.argv = ["tilewright", words[0], str(folder), *given]
        try:
            main()
        except SystemExit as end:
            if end.code:
                raise RuntimeError(f"{words[0]} ended with {end.code}") from None

    return run


STEPS: dict[str, Callable[[Path, Size], None]] = {
    "recover": recover,
    **{name: command(name) for name in ("verify", "export", "simulate")},
}


def _measure(name: str, folder: Path, size: Size, answer: Any) -> None:
    STEPS[name](folder, size)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.put(largest * (1 if sys.platform == "darwin" else 1024))


def main() -> int:
    """Exit status 1 if a stage takes more than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("edge", 112), ("channels", 64), ("rows", 16), ("cols", 8)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--most-gb", type=float, default=4.0)
    parser.add_argument("--json", action="store_true", help="print the JSON object alone")
    options = parser.parse_args()
    size = Size(options.edge, options.channels, options.rows, options.cols)
    context, found = multiprocessing.get_context("spawn"), {}
    with tempfile.TemporaryDirectory() as place:
        for name in STEPS:
            since, answer = time.monotonic(), context.Queue()
            process = context.Process(
                target=_measure, args=(name, Path(place) / "run", size, answer)
            )
            process.start()
            process.join()
            if process.exitcode:
                print(f"{name} failed", file=sys.stderr)
                return 1
            found[name] = {
                "bytes": answer.get(),
                "seconds": round(time.monotonic() - since, 1),
            }
            if not options.json:
                taken = found[name]["bytes"] / 1e9
                print(f"{name}: {taken:.2f} GB at most, {found[name]['seconds']} s", flush=True)
    print(json.dumps(found))
    return int(any(one["bytes"] > options.most_gb * 1e9 for one in found.values()))


if __name__ == "__main__":
    sys.exit(main())
