"""One function for each independent implementation that recomputes a network's integers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tilewright.config.array import ArrayConfig
from tilewright.engine import Engine, EngineKind
from tilewright.errors import expect_packages
from tilewright.spec import Codes, IntegerLayer, IntegerNetwork, Trace
from tilewright.verify import (
    Oracle,
    compare,
    compare_traces,
    explain_codes,
    reference_outputs,
    reference_tap_psums,
)

if TYPE_CHECKING:
    from torch import nn

CHUNK = 25
"""Images whose codes and sums are held at a time."""

EVERYTHING = "codes and sums"
Images = Codes


def ask_reference(network: IntegerNetwork, expected: Trace, actual: Trace) -> Oracle:
    """The naive int64 reference (`expected`) against the engine (`actual`)."""
    oracle = Oracle("naive int64 reference", "", "the engine", EVERYTHING, 0, 0, 0)
    oracle = oracle.plus(
        compare_traces(expected, actual, what="the engine"), samples=_samples(actual)
    )
    return oracle if oracle.agrees else oracle.explained(explain_trace(network, actual))


def ask_engine(network: IntegerNetwork, images: Images, base: Engine, kind: EngineKind) -> Oracle:
    """Another kind of engine against `base`; raises `ToolError` if it does not work here."""
    other = Engine(network, kind=kind)
    used = ", ".join(sorted(set(other.arithmetic.values())))
    oracle = Oracle(f"engine '{kind}' ({used})", "", "the engine", EVERYTHING, 0, 0, 0)
    for part in _chunks(images):
        found = compare_traces(base.trace(part), other.trace(part), what=f"engine {kind}")
        oracle = oracle.plus(found, samples=len(part))
    return oracle


def ask_torch(network: IntegerNetwork, images: Images, base: Engine, model: nn.Module) -> Oracle:
    """The trained modules' own forward: every code and sum of every node."""
    import torch

    from tilewright.recover import trace_forward

    oracle = Oracle("torch forward", version("torch"), "the engine", EVERYTHING, 0, 0, 0)
    for part in _chunks(images):
        theirs = trace_forward(model, torch.from_numpy(part.copy()))
        found = compare_traces(theirs, base.trace(part), what="the engine")
        was_right = oracle.differ == 0
        oracle = oracle.plus(found, samples=len(part))
        if was_right and oracle.differ:
            oracle = oracle.explained(explain_trace(network, theirs))
    return oracle


def ask_predictions(expected: npt.NDArray[np.int64], actual: npt.NDArray[np.int64]) -> Oracle:
    """Classes of all test images, as the trained network gave them."""
    shape = (-1, 1, 1, 1)
    found = compare(expected.reshape(shape), actual.reshape(shape), what="classes", layer="output")
    oracle = Oracle("trained network", "", "the engine", "classes", 0, 0, 0)
    return oracle.plus((found,), samples=len(expected))


def ask_onnx(network: IntegerNetwork, images: Images) -> Iterator[Oracle]:
    """Engines of others, on the network as integer ONNX operators; raises `ToolError` without them."""
    expect_packages("onnx", "onnxruntime")
    from tilewright.interchange import export_network
    from tilewright.studies.exchange import check_export

    names = {
        "onnxruntime": ("ONNX Runtime", "onnxruntime"),
        "reference": ("onnx evaluator", "onnx"),
    }
    with tempfile.TemporaryDirectory() as folder:
        written = export_network(network, Path(folder) / "network.onnx", form="onnx")
        for check in check_export(network, written, images):
            name, package = names[check.engine]
            oracle = Oracle(name, version(package), "the naive reference", "sums", 0, 0, 0)
            yield oracle.plus(check.comparisons, samples=len(images))


def ask_model(network: IntegerNetwork, trace: Trace, array: ArrayConfig) -> Oracle:
    """The cycle-level model of `array`, on the first sample of the reference's trace."""
    from tilewright.sim import simulate
    from tilewright.tile import plan_words, untile_psums

    oracle = Oracle(
        f"cycle-level model, {_sizes(array)}", "", "the naive reference", "sums", 0, 0, 0
    )
    found = []
    for layer in network.layers:
        plain = layer.plain()
        codes = layer.plain_codes(trace.codes[layer.name][0].astype(layer.act_format.dtype))
        parts = []
        for part, execution in array.executions(plain.shape, act_bits=plain.act_format.bits):
            words = plan_words(execution.plan, part.layer(plain).weight, codes[part.ic])
            parts.append(untile_psums(simulate(execution, *words).psums, execution.plan))
        psums = np.concatenate(parts)[None] + layer.start()[:, None, None]  # 1 oc oh ow
        found.append(
            compare(trace.sums[layer.name][:1], psums, what="sums of the model", layer=layer.name)
        )
    return oracle.plus(tuple(found), samples=1)


def ask_rtl(layer: IntegerLayer, trace: Trace, array: ArrayConfig) -> Oracle:
    """The RTL of `array`, one layer (the first part of one in groups), from files on disk.

    Raises `ToolError` without a simulator, and `FormatError` for a dataflow that our core does not have.
    """
    from tilewright.cores import run_bundle
    from tilewright.vectors import load_layout, write_bundle

    codes = layer.plain_codes(trace.codes[layer.name][0].astype(layer.act_format.dtype))
    layer = layer.plain()
    part, execution = array.executions(layer.shape, act_bits=layer.act_format.bits)[0]
    codes, groups, layer = codes[part.ic], layer.of_groups(0, part.groups), part.layer(layer)
    taps = reference_tap_psums(codes[None], groups.weight, groups.shape)[:, 0]  # kij oc oh ow
    layout, psums = load_layout(execution.plan.dataflow.layout), taps.sum(axis=0)
    with tempfile.TemporaryDirectory() as folder:
        bundle = write_bundle(
            Path(folder) / "bundle",
            layer=layer,
            plan=execution.plan,
            layout=layout,
            codes=codes,
            psums=psums,
            outputs=reference_outputs(psums, layout.output),
            tap_psums=taps,
            sample=0,
        )
        result = run_bundle(bundle.folder)
    differ = result.psum_mismatches + result.stored_mismatches + result.output_mismatches
    return Oracle(
        f"RTL of {layer.name}, {_sizes(array)}",
        f"{result.simulator} {result.version}",
        "the naive reference",
        "sums and outputs",
        1,
        result.psums_compared + result.outputs_compared,
        differ + len(result.faults),
        tuple(str(one) for one in (*result.mismatches, *result.faults))[:1],
    )


def explain_trace(network: IntegerNetwork, trace: Trace) -> tuple[str, ...]:
    """Explain how the codes of `trace` differ from those that the network's thresholds give."""
    return tuple(
        f"{node.name} to {link.port}: {reason}"
        for node in network.nodes
        for link in node.requantizations
        for reason in explain_codes(trace.sums[node.name], link, trace.codes[link.port])
    )


def _sizes(array: ArrayConfig) -> str:
    """Rows, cols and, unless it is weight stationary, the dataflow."""
    return f"{array.rows}x{array.cols}" + (f" {array.mode}" if array.mode != "ws" else "")


def _samples(trace: Trace) -> int:
    return len(next(iter(trace.sums.values())))


def _chunks(images: Images) -> Iterator[Images]:
    for start in range(0, len(images), CHUNK):
        yield images[start : start + CHUNK]
