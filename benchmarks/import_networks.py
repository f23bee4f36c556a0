"""Networks of others, rebuilt with the structure of public files: do they import, with every code their own?

    python benchmarks/import_networks.py [--samples 1000] [--only TEXT] [--json]

Of the 8-bit networks of ONNX Runtime and TFLite, with a hundred times the thresholds, a tenth of the inputs
is compared.

Each file is written, imported, and run by its own engine (qonnx's executor, ONNX Runtime with its integer
kernels and exact sums, or LiteRT's interpreter) on random input codes; every code and sum is compared with
the naive reference. Those that the source's float rounding decides are counted apart, and how many of these
differ. "By default": the codes that ONNX Runtime without options computes otherwise on this processor, and
the first node with one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.float_networks import mobilenet, mobilenet_v3, quantize, resnet8, unet
from tests.public_networks import NETWORKS

from tilewright.interchange import KERNELS, read_onnx, read_tflite
from tilewright.interchange.source import Imported
from tilewright.studies.imports import compare_foreign, run_foreign

BATCH = 100
SIZES = {
    "ResNet-8": {"edge": 16, "width": 8},
    "DS-CNN": {"width": 16},
    "MobileNetV1": {"edge": 32},
}
"""Of TFLite's networks, where they are not as published, so that the naive reference takes seconds."""


@dataclass(frozen=True)
class Row:
    """One network. left_open: codes that the source's rounding decides; open_differ: those that differ."""

    name: str
    nodes: int
    layers: int
    thresholds: int
    doubtful: int
    compared: int
    differ: int
    left_open: int
    open_differ: int
    default_differ: int | None
    default_first: str
    seconds: float


def files(folder: Path) -> Iterator[tuple[str, Callable[[], Path], int]]:
    """Every network by name, what writes its file, and what part of the samples is compared."""
    for number, (name, build) in enumerate(NETWORKS.items()):
        yield name, partial(build, folder / f"{number}.onnx", batch=BATCH), 1
    for (name, build), form, kind in product(
        (("ResNet-8", resnet8), ("MobileNet", mobilenet)), ("QDQ", "QOperator"), ("QUInt8", "QInt8")
    ):
        stem = f"{name} {form} {kind[1:]}"
        yield stem, partial(_quantized, build, folder / stem, form=form, kind=kind), 10
    for (name, build), kind in product(
        (("MobileNetV3", mobilenet_v3), ("U-Net", unet)), ("QUInt8", "QInt8")
    ):
        stem = f"{name} QDQ {kind[1:]}"
        yield stem, partial(_quantized, build, folder / stem, form="QDQ", kind=kind), 10


def tflite_files(folder: Path) -> Iterator[tuple[str, Callable[[], Path], str]]:
    """Networks as TFLite files, and with which kernels each is read; none without ai-edge-litert."""
    if find_spec("ai_edge_litert") is None:
        print("TFLite files are left out: pip install 'tilewright[tflite]'", file=sys.stderr)
        return
    from tests.tflite_networks import NETWORKS as OF_TFLITE

    for (name, build), kernels in product(OF_TFLITE.items(), KERNELS):
        path = folder / f"{name}.tflite"
        yield f"{name} TFLite {kernels}", partial(build, path, **SIZES.get(name, {})), kernels


def _quantized(build: Callable[..., Path], stem: Path, *, form: str, kind: str) -> Path:
    path = build(stem.with_suffix(".float.onnx"), width=8, edge=16)
    return quantize(path, stem.with_suffix(".onnx"), form=form, kind=kind, per_channel=True)


def networks(folder: Path) -> Iterator[tuple[str, Callable[[], Imported], int]]:
    """Every network by name, what writes and reads its file, and what part of the samples is compared."""
    for name, write, share in files(folder):
        yield name, lambda write=write: read_onnx(write()), share
    for name, write, kernels in tflite_files(folder):
        yield name, lambda write=write, kernels=kernels: read_tflite(write(), kernels=kernels), 10


def measure(name: str, imported: Imported, samples: int) -> Row:
    """Compare a file that is read on samples, a batch at a time."""
    since = time.perf_counter()
    compared = differ = left_open = open_differ = 0
    for seed in range(samples // BATCH):
        foreign = run_foreign(imported, BATCH, seed=seed)
        comparisons = compare_foreign(foreign)
        compared += sum(one.compared for one in comparisons)
        differ += sum(one.mismatches for one in comparisons)
        left_open += sum(int(mask.sum()) for mask in foreign.open_codes.values())
        open_differ += foreign.open_differ
    links = [link for node in imported.network.nodes for link in node.requantizations]
    thresholds = sum(link.thresholds.size for link in links)
    count, first = _by_default(imported) if imported.engine == "onnxruntime" else (None, "")
    layers, nodes = len(imported.network.layers), len(imported.network.nodes)
    facts = (compared, differ, left_open, open_differ, count, first)
    seconds = round(time.perf_counter() - since, 1)
    return Row(name, nodes, layers, thresholds, imported.doubtful, *facts, seconds)


def _by_default(imported: Imported) -> tuple[int, str]:
    """How many codes of a batch ONNX Runtime computes otherwise without options, and where first."""
    exact, _ = imported.run_source(BATCH)
    plain, _ = replace(imported, engine="onnxruntime-default").run_source(BATCH)
    counts = {port: int((plain.codes[port] != codes).sum()) for port, codes in exact.codes.items()}
    makers = {
        link.port: node.name for node in imported.network.nodes for link in node.requantizations
    }
    wrong = [makers.get(port, port) for port, count in counts.items() if count]
    return sum(counts.values()), next(iter(wrong), "")


def main() -> None:
    """Measure all networks, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1000, help=f"a multiple of {BATCH}")
    parser.add_argument("--only", default="", help="networks with this in their names")
    parser.add_argument("--json", action="store_true", help="the rows as JSON, at the end")
    arguments = parser.parse_args()
    rows = []
    print(
        "network | nodes | layers | thresholds | doubtful | compared | differ | left open | of these differ "
        f"| by default, of {BATCH} images | seconds"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, read, share in networks(Path(folder)):
            if arguments.only not in name:
                continue
            imported = read()
            row = measure(name, imported, max(BATCH, arguments.samples // share))
            rows.append(row)
            default = (
                "-" if row.default_differ is None else f"{row.default_differ:,} {row.default_first}"
            )
            counts = (row.nodes, row.layers, row.thresholds, row.doubtful, row.compared, row.differ)
            more = (row.left_open, row.open_differ)
            cells = [f"{one:,}" for one in (*counts, *more)]
            print(" | ".join((row.name, *cells, default, str(row.seconds))), flush=True)
    wrong = int(np.sum([row.differ for row in rows]))
    print(f"{len(rows)} networks, {wrong} of {sum(row.compared for row in rows):,} numbers differ")
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows]))
    sys.exit(int(wrong > 0))


if __name__ == "__main__":
    main()
