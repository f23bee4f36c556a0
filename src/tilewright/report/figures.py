"""Figures as inline SVG, the same bytes for the same numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tilewright.facts import Epoch, PsumWidthFacts
from tilewright.report.summary import LayerSummary

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "tilewright",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
}


def training_curve(metrics: Sequence[Epoch]) -> str:
    """Loss and accuracies by epoch."""
    epochs = [entry.epoch for entry in metrics]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 2.8), layout="constrained")
        loss, accuracy = figure.subplots(1, 2)
        loss.plot(epochs, [entry.loss for entry in metrics], color="#b3541e", marker=".")
        loss.set(xlabel="epoch", title="training loss")
        for fractions, label, color in (
            ([entry.train_accuracy for entry in metrics], "train", "#8a8f98"),
            ([entry.holdout_accuracy for entry in metrics], "hold-out", "#1f6f8b"),
        ):
            percent = [100 * fraction for fraction in fractions]
            accuracy.plot(epochs, percent, label=label, color=color, marker=".")
        accuracy.set(xlabel="epoch", title="accuracy, %")
        accuracy.legend(frameon=False, loc="lower right")
        return svg(figure)


def psum_widths(layers: Sequence[LayerSummary]) -> str:
    """Bits that each layer's psums need: by type, by its weights, and what the array provides."""
    names = [layer.name for layer in layers]
    places = range(len(names))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 0.5 + 0.26 * len(names)), layout="constrained")
        axes = figure.subplots()
        by_type = [layer.psum_bits_by_type for layer in layers]
        needed = [layer.psum_bits_needed for layer in layers]
        axes.barh(places, by_type, color="#d7dce2", height=0.72, label="any weights of the format")
        axes.barh(places, needed, color="#1f6f8b", height=0.4, label="these weights, any input")
        provided = layers[0].psum_bits
        axes.axvline(provided, color="#b3541e", linewidth=1.5, label=f"the array: {provided}")
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.set(xlabel="psum bits, two's complement")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        return svg(figure)


def psum_curve(facts: PsumWidthFacts) -> str:
    """Accuracy by psum bits, and the three widths that are safe; facts of the psum-width command."""
    points = facts.points
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.0, 3.2), layout="constrained")
        axes = figure.subplots()
        bits = [point.bits for point in points]
        percent = [100 * point.accuracy for point in points]
        axes.plot(bits, percent, color="#1f6f8b", marker="o", label="accuracy")
        for width, color, label in (
            (facts.observed, "#8a8f98", "held what was seen"),
            (facts.by_weights, "#b3541e", "hold these weights, any input"),
            (facts.by_type, "#d7a98e", "hold any weights"),
        ):
            name = f"{width} bits {label}"
            axes.axvline(width, color=color, linewidth=1.2, linestyle="--", label=name)
        title = f"psums that {facts.overflow}"
        if facts.overflow == "saturate":
            title += f", per {facts.place}"
        axes.set(xlabel="psum bits", ylabel=f"% of {facts.images:,} images", title=title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False, loc="lower right")
        return svg(figure, is_file=True)


def fault_map(title: str, grids: Mapping[str, npt.NDArray[np.float64]]) -> str:
    """For each kind of fault, ``row col``: the share of images that a PE with it loses."""
    with mpl.rc_context(STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(1.0 + 3.4 * len(grids), 3.4), layout="constrained")
        most = max(0.01, *(float(grid.max()) for grid in grids.values()))
        panels = figure.subplots(1, len(grids), squeeze=False)[0]
        for axes, (kind, grid) in zip(panels, grids.items(), strict=True):
            image = axes.imshow(100 * grid, cmap="YlOrBr", vmin=0, vmax=100 * most)
            axes.set(xlabel="col", ylabel="row", title=kind)
        figure.colorbar(image, ax=panels, label="points of accuracy lost, mean over bits")
        figure.suptitle(title)
        return svg(figure, is_file=True)


def svg(figure: Figure, *, is_file: bool = False) -> str:
    """The figure as an SVG element, without XML prologue unless it is to be a file."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    return text.getvalue() if is_file else text.getvalue()[text.getvalue().index("<svg") :]
