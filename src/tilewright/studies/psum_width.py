"""Accuracy of a whole network against the width of its psum registers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.engine import Engine, observe_registers
from tilewright.errors import ConfigError
from tilewright.facts import LayerWidths, PsumPoint, PsumWidthFacts
from tilewright.pipeline.run_folder import Listener
from tilewright.programs.pace import Pace
from tilewright.spec import (
    Codes,
    IntegerNetwork,
    PsumRegister,
    RegisterPlace,
    RegisterRule,
    signed_bits_needed,
)
from tilewright.store.artifact import write_bytes
from tilewright.studies.certify import Subject

BELOW = 8
"""By default the curve begins so many bits below what the weights need."""


def psum_width(
    subject: Subject,
    listener: Listener,
    *,
    overflow: RegisterRule,
    place: RegisterPlace,
    rows: int,
    images: int,
    bits: Sequence[int] = (),
    threads: int = 1,
) -> PsumWidthFacts:
    """The curve, and the smallest width that is safe, by three arguments.

    images: test images, from the first on. bits: widths; none given, the last few up to what the weights
    need. `by_type`: no weights of the formats overflow. `by_weights`: these do not, for any input.
    `observed`: these did not, for these images; nothing is said of others.
    """
    network, test = subject.network, subject.test
    if not 1 <= images <= len(test):
        raise ConfigError(f"images must be 1..{len(test)}, not {images}")
    pixels, labels = test.images[:images], test.labels[:images]
    layers = _safe_widths(network, pixels, overflow=overflow, place=place, rows=rows)
    by_weights = max(layer.by_weights for layer in layers.values())
    widths = sorted(set(bits)) or range(max(2, by_weights - BELOW), by_weights + 1)
    exact = Engine(network).predict(pixels, threads=threads)
    points = []
    pace = Pace(len(widths), "widths")
    for width in widths:
        register = PsumRegister(width, overflow, place, rows)
        classes = Engine(network, register=register).predict(pixels, threads=threads)
        points.append(_point(width, classes, exact, labels))
        listener.say(_line(points[-1]))
        listener.progress(pace.line(len(points)))
    return PsumWidthFacts(
        overflow=overflow,
        place=place if overflow == "saturate" else "any",
        rows=rows,
        images=images,
        exact_correct=int((exact == labels).sum()),
        points=tuple(points),
        by_type=max(layer.by_type for layer in layers.values()),
        by_weights=by_weights,
        observed=max(layer.observed for layer in layers.values()),
        layers=layers,
    )


def draw_curve(facts: PsumWidthFacts, path: Path) -> None:
    """Write the curve that `psum_width` found as an SVG file."""
    from tilewright.report.figures import psum_curve_file

    write_bytes(path, psum_curve_file(facts).encode())


def _point(
    width: int,
    classes: npt.NDArray[np.int64],
    exact: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
) -> PsumPoint:
    correct = int((classes == labels).sum())
    return PsumPoint(
        bits=width,
        correct=correct,
        accuracy=correct / len(labels),
        differ=int((classes != exact).sum()),
    )


def _line(point: PsumPoint) -> str:
    return (
        f"{point.bits:2} bits: {100 * point.accuracy:6.2f} % correct, "
        f"{point.differ:,} predictions differ from exact psums"
    )


def _safe_widths(
    network: IntegerNetwork,
    pixels: Codes,
    *,
    overflow: RegisterRule,
    place: RegisterPlace,
    rows: int,
) -> dict[str, LayerWidths]:
    """Bits that hold every psum of a layer: of any weights, of these, and of what the registers held."""
    is_wrap = overflow == "wrap"  # only the whole sum matters, wherever it wraps
    seen = observe_registers(
        network,
        pixels,
        place="tile" if is_wrap else place,
        rows=max(layer.shape.ic for layer in network.layers) if is_wrap else rows,
    )
    return {
        layer.name: LayerWidths(
            by_type=signed_bits_needed(-layer.psum_bound(), layer.psum_bound()),
            by_weights=signed_bits_needed(*layer.plain().psum_range()),
            observed=signed_bits_needed(*seen[layer.name]),
            seen=seen[layer.name],
        )
        for layer in network.layers
    }
