"""Plots of the studies with matplotlib, as SVG: the same bytes for the same numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

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
