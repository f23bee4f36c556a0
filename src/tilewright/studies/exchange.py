"""Networks to and from other tools' files, and the proof that a written file computes the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tilewright.errors import ConfigError
from tilewright.interchange import Exported
from tilewright.interchange.witness import run_file
from tilewright.spec import Codes, IntArray, IntegerNetwork, Trace, port_name
from tilewright.verify import Comparison, compare, reference_trace

ENGINES = {
    "onnx": ("onnxruntime", "reference"),
    "qonnx": ("qonnx",),
    "qcdq": ("onnxruntime", "reference"),
}
"""Which outside engines run a format."""


@dataclass(frozen=True, slots=True, eq=False)
class ExportCheck:
    """Results of an outside engine for a written file, compared with the reference.

    farthest: largest distance of a value from the next whole psum step, in steps; 0 where the file
    computes with integers.
    """

    engine: str
    comparisons: tuple[Comparison, ...]
    farthest: float

    @property
    def passed(self) -> bool:
        """Whether every comparison holds."""
        return all(comparison.passed for comparison in self.comparisons)

    @property
    def compared(self) -> int:
        """The number of codes and psums that were compared."""
        return sum(comparison.compared for comparison in self.comparisons)

    @property
    def mismatches(self) -> int:
        """The number of codes and psums that differ."""
        return sum(comparison.mismatches for comparison in self.comparisons)

    def __str__(self) -> str:
        return (
            f"{self.engine}: {self.compared:,} codes and psums compared, {self.mismatches:,} differ; "
            f"farthest from a whole step: {self.farthest:.2g}"
        )

    def to_json(self) -> dict[str, Any]:
        """The check as JSON facts."""
        return {
            "engine": self.engine,
            "passed": self.passed,
            "compared": self.compared,
            "mismatches": self.mismatches,
            "farthest": self.farthest,
            "first": [str(one) for one in self.comparisons if not one.passed],
        }


def random_pixels(network: IntegerNetwork, count: int, *, seed: int = 0) -> Codes:
    """Random input codes ``n ic ih iw`` over the whole range of the network's input."""
    first = network.node(network.inputs[0])
    sizes, codes = (count, *first.input_shape), first.act_format
    rng = np.random.default_rng(seed)
    return rng.integers(codes.min_code, codes.max_code, sizes, codes.dtype, endpoint=True)


def check_export(
    network: IntegerNetwork, exported: Exported, pixels: Codes
) -> tuple[ExportCheck, ...]:
    """Run a written file on `pixels` in every engine that knows its format.

    Each node's sums (and, in the float formats, its input codes) are compared with the naive
    reference. Raises `ConfigError` if the format states no computation.
    """
    if exported.format not in ENGINES:
        raise ConfigError(f"a {exported.format} file states sizes only: there is nothing to run")
    expected = reference_trace(network, pixels)
    return tuple(
        _run(network, exported, pixels, expected, engine) for engine in ENGINES[exported.format]
    )


def _run(
    network: IntegerNetwork,
    exported: Exported,
    pixels: Codes,
    reference: Trace,
    engine: str,
) -> ExportCheck:
    """Compare every tensor that one engine computed, in the order in which the nodes run."""
    names = exported.names
    wanted: list[tuple[str, str, Any, IntArray]] = []
    for node in network.nodes:
        for port in (port_name(node.name, operand) for operand in range(node.operands)):
            tensor = names.codes(port)
            if tensor is not None:
                wanted.append(
                    (tensor, f"{port}: input codes", names.code_step(node), reference.codes[port])
                )
        step = names.sum_step(node)
        wanted.append((names.sums(node), f"{node.name}: sums", step, reference.sums[node.name]))
    image = pixels if exported.format == "onnx" else pixels.astype(np.float32)
    tensors = tuple(tensor for tensor, *_ in wanted)
    found = run_file(exported.path, image, engine=engine, tensors=tensors)
    comparisons, farthest = [], 0.0
    for tensor, what, step, expected in wanted:
        steps = found[tensor].reshape(expected.shape) / step
        nearest = np.rint(steps)
        farthest = max(farthest, float(np.abs(steps - nearest).max()))
        layer, _, noun = what.rpartition(": ")
        comparisons.append(compare(expected, nearest.astype(np.int64), what=noun, layer=layer))
    return ExportCheck(engine, tuple(comparisons), farthest)
