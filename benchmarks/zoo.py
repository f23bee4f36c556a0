"""Does every network of the zoo run on integers, from a float module to the RTL?

``python benchmarks/zoo.py [--networks NAME,...] [--samples 2] [--steps 3] [--most-cycles 20000]
[--simulator auto] [--json]``

Each network of `tilewright.models.zoo_names.ZOO` is quantized at the widths of ``zoo.toml``, trained for
a few steps on generated data (no accuracy is claimed on data that nobody has), and stated in integers.
Then are compared, number by number: the trained module's own codes and sums with the naive reference's
(recover); the engine's with them (verify); ONNX Runtime's sums of the last node (export); the model's psums
of every layer (model); and the RTL's psums of every layer, or of a sample of tiles where it would take more
than --most-cycles cycles: the first output tile, two input tiles, a part of the plane. Anything that differs
is exit status 1. A network that `quantize` refuses is listed with what it says. Prints a table; the last line
is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import tomllib
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright.cores import Setup, run_bundles
from tilewright.engine import Engine
from tilewright.errors import TilewrightError
from tilewright.interchange import export_network
from tilewright.interchange.tensors import TensorNames
from tilewright.interchange.witness import run_file
from tilewright.models.zoo import build_zoo
from tilewright.models.zoo_names import ZOO, zoo_network
from tilewright.quant import quantize
from tilewright.recover import recover, trace_forward
from tilewright.sim import layer_cycles, simulate
from tilewright.spec import ArrayShape, IntArray, IntegerLayer, IntegerNetwork, Trace
from tilewright.tile import (
    WEIGHT_STATIONARY,
    Execution,
    TilePlan,
    find_parts,
    plan_words,
    untile_psums,
)
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import (
    compare_traces,
    reference_outputs,
    reference_tap_psums,
    reference_trace,
)

CONFIG = Path(__file__).with_name("zoo.toml")
EDGE = 12
"""Rows and columns of a plane in a sample of tiles, at most."""


@dataclass(frozen=True)
class Counts:
    """Numbers compared at each step, and how many differ; refused: what `quantize` says."""

    network: str
    layers: int = 0
    nodes: int = 0
    recover: int = 0
    verify: int = 0
    export: int = 0
    model: int = 0
    rtl: int = 0
    rtl_whole: int = 0
    rtl_sampled: int = 0
    cycles: int = 0
    differ: int = 0
    seconds: float = 0.0
    refused: str = ""


def train(name: str, widths: dict[str, int], *, steps: int, samples: int) -> tuple[Any, Any]:
    """The quantized module after a few steps on generated data, and a batch of that."""
    about, source = zoo_network(name), torch.Generator().manual_seed(0)
    batch = torch.rand(max(8, samples), *about.sizes, generator=source)
    torch.manual_seed(0)
    module = quantize(build_zoo(name), **widths, example=batch[:2])
    module.train()
    rate = torch.optim.SGD(module.parameters(), lr=0.01)
    marks = torch.arange(len(batch)) % max(1, about.classes)
    for _ in range(steps):
        found = module(batch)
        rate.zero_grad()
        is_map = about.classes == 0
        loss = found.square().mean() if is_map else functional.cross_entropy(found, marks)
        loss.backward()
        rate.step()
    refresh_norms(module, batch)
    module.eval()
    return module, batch[:samples]


@torch.no_grad()
def refresh_norms(module: nn.Module, batch: Tensor) -> None:
    """Give every BatchNorm the statistics of the batch: after a few steps the running ones are not its own,
    and in a deep network all codes are 0 then, which would prove nothing.
    """
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.reset_running_stats()
            part.momentum = None  # the mean of all batches
    module(batch)


def compared(expected: Trace, found: Trace, what: str) -> tuple[int, int]:
    """How many numbers were compared, and how many differ."""
    results = compare_traces(expected, found, what=what)
    return sum(one.compared for one in results), sum(one.mismatches for one in results)


def ask_export(network: IntegerNetwork, images: IntArray, expected: Trace) -> tuple[int, int]:
    """ONNX Runtime's sums of the last node."""
    with tempfile.TemporaryDirectory() as folder:
        path = export_network(network, Path(folder) / "net.onnx", form="onnx").path
        tensor = TensorNames("onnx", is_unit=False).sums(network.output)
        sums = run_file(path, images, engine="onnxruntime", tensors=(tensor,))[tensor]
    wanted = expected.sums[network.output.name]
    return wanted.size, int((sums.reshape(wanted.shape) != wanted).sum())


def ask_model(layer: IntegerLayer, array: ArrayShape, trace: Trace) -> tuple[int, int, int]:
    """The model's psums of the first sample; compared, different, and its cycles."""
    codes = trace.codes[layer.name][0].astype(layer.act_format.dtype)
    psums, cycles = [], 0
    for part in find_parts(layer.shape, array, WEIGHT_STATIONARY):
        plan = TilePlan(part.shape, array)
        words = plan_words(plan, part.layer(layer).weight, codes[part.ic])
        result = simulate(Execution(plan), *words)
        psums.append(untile_psums(result.psums, plan))
        cycles += result.cycles
    wanted = trace.sums[layer.name][0]
    return wanted.size, int((np.concatenate(psums) != wanted).sum()), cycles


def sample_of(layer: IntegerLayer, array: ArrayShape) -> IntegerLayer:
    """The first output tile, two input tiles, and a part of the plane, of a dense layer."""
    shape = layer.shape
    ic, oc = min(shape.ic, 2 * array.rows), min(shape.oc, array.cols)
    edge = max(EDGE, shape.kh, shape.kw)
    small = replace(shape, ic=ic, oc=oc, ih=min(shape.ih, edge), iw=min(shape.iw, edge))
    scale = layer.weight_scale
    return replace(
        layer,
        shape=small,
        weight=layer.weight[:oc, :ic],
        weight_scale=scale if len(scale) == 1 else scale[:oc],
        requantizations=(),
        unlinked="a sample of tiles",
    )


def bundles(
    network: IntegerNetwork, array: ArrayShape, trace: Trace, most: int, folder: Path
) -> Iterator[tuple[Path, bool]]:
    """Folders of bundles, and whether each is of a whole layer."""
    layout = load_layout("ece284-ws")
    for layer in network.layers:
        codes = trace.codes[layer.name][0].astype(layer.act_format.dtype)
        parts = find_parts(layer.shape, array, WEIGHT_STATIONARY)
        plans = [TilePlan(part.shape, array) for part in parts]
        is_whole = sum(layer_cycles(Execution(plan)) for plan in plans) <= most
        for part in parts if is_whole else parts[:1]:
            dense = part.layer(layer)
            if not is_whole and layer_cycles(Execution(TilePlan(dense.shape, array))) > most:
                dense = sample_of(dense, array)
            shape = dense.shape
            seen = codes[part.ic][: shape.ic, : shape.ih, : shape.iw]
            taps = reference_tap_psums(seen[None], dense.weight, shape)[:, 0]
            place = folder / dense.name.replace(".", "_")
            write_bundle(
                place,
                layer=dense,
                plan=TilePlan(shape, array),
                layout=layout,
                codes=seen,
                psums=taps.sum(axis=0),
                outputs=reference_outputs(taps.sum(axis=0), layout.output),
                tap_psums=taps,
                sample=0,
            )
            yield place, is_whole


def measure(name: str, options: argparse.Namespace) -> Counts:
    """All comparisons of one network."""
    settings, since = tomllib.loads(CONFIG.read_text()), time.monotonic()
    array = ArrayShape(**settings["array"])
    try:
        module, batch = train(
            name, settings["networks"][name], steps=options.steps, samples=options.samples
        )
    except TilewrightError as error:
        return Counts(name, refused=str(error))
    network, stimulus = recover(module, batch, np.arange(len(batch)))
    images = stimulus.codes[network.inputs[0]]
    expected = reference_trace(network, images)
    dull = [one for one in network.layers if len(np.unique(expected.codes[one.name])) < 2]
    if dull:
        raise SystemExit(f"{name}: {dull[0].name} reads one code only, which proves nothing")
    found = {
        "recover": compared(expected, trace_forward(module, batch), "module"),
        "verify": compared(expected, Engine(network).trace(images), "engine"),
        "export": ask_export(network, images, expected),
    }
    models = [ask_model(layer, array, expected) for layer in network.layers]
    found["model"] = (sum(one[0] for one in models), sum(one[1] for one in models))
    with tempfile.TemporaryDirectory() as folder:
        made = list(bundles(network, array, expected, options.most_cycles, Path(folder)))
        results = run_bundles(
            [(place, Setup()) for place, _ in made], simulator=options.simulator, timeout_s=3000
        )
    found["rtl"] = (
        sum(one.psums_compared for one in results),
        sum(one.differ + one.output_mismatches for one in results),
    )
    return Counts(
        name,
        len(network.layers),
        len(network.nodes),
        **{step: count for step, (count, _) in found.items()},
        rtl_whole=sum(is_whole for _, is_whole in made),
        rtl_sampled=sum(not is_whole for _, is_whole in made),
        cycles=sum(one[2] for one in models),
        differ=sum(differ for _, differ in found.values()),
        seconds=round(time.monotonic() - since, 1),
    )


def table(rows: list[Counts]) -> Iterator[str]:
    """Lines of Markdown."""
    steps = ("recover", "verify", "export", "model", "rtl")
    yield f"| network | layers | nodes | {' | '.join(steps)} | whole / sampled | cycles | differ |"
    yield "|---" * (len(steps) + 6) + "|"
    for row in rows:
        if row.refused:
            yield f"| {row.network} | refused: {row.refused} |"
            continue
        counts = " | ".join(f"{getattr(row, step):,}" for step in steps)
        yield (
            f"| {row.network} | {row.layers} | {row.nodes} | {counts} | {row.rtl_whole} / "
            f"{row.rtl_sampled} | {row.cycles:,} | {row.differ} |"
        )


def main() -> int:
    """Exit status 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", default=",".join(ZOO))
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--most-cycles", type=int, default=20_000)
    parser.add_argument("--simulator", default="auto")
    parser.add_argument("--json", action="store_true", help="print the JSON object alone")
    options = parser.parse_args()
    warnings.simplefilter("error")
    rows = []
    for name in options.networks.split(","):
        rows.append(measure(name, options))
        print(f"{name}: {rows[-1]}", file=sys.stderr)
    if not options.json:
        print("\n".join(table(rows)))
    print(json.dumps({row.network: asdict(row) for row in rows}))
    return int(any(row.differ for row in rows))


if __name__ == "__main__":
    sys.exit(main())
