"""The page of a sweep: Pareto plots, parallel coordinates, and the best points within bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.figure import Figure

from tilewright.report.environment import make_environment
from tilewright.report.plots import STYLE, svg

Points = Mapping[str, npt.NDArray[Any]]

PLACES = ("trial", "rows", "cols", "mode", "schedule", "job")
MOST_DRAWN = 4_000
"""Points of a plot: enough for its shape."""
BEST = 5


def render_study(facts: Mapping[str, Any], points: Points, best: npt.NDArray[np.int64]) -> str:
    """The HTML text. facts: those of ``study.json``. points: columns. best: places of the Pareto set."""
    objectives = facts["question"]["objectives"]
    environment = make_environment()
    environment.filters["figure"] = _figure
    plots = [_pareto_plots(points, best, objectives), _parallel(points, best, objectives)]
    columns = [name for name in PLACES if name in points] + list(objectives)
    return environment.get_template("study.html.j2").render(
        facts=facts,
        plots=[Markup(plot) for plot in plots if plot],  # noqa: S704 -- our own SVG
        columns=columns,
        tables=list(_tables(facts["set"], objectives)),
    )


def _tables(
    found: Sequence[Mapping[str, Any]], objectives: Sequence[str]
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The best of the set by its first objective, with at most so many PEs."""
    if not found:
        return []
    first, tables = objectives[0], []
    for bound in sorted({1 << int(one["pes"] - 1).bit_length() for one in found}):
        within = [one for one in found if one["pes"] <= bound][:BEST]
        tables.append((f"Best by {first}, at most {bound:,} PEs", within))
    return tables


def _pareto_plots(points: Points, best: npt.NDArray[np.int64], objectives: Sequence[str]) -> str:
    """Each pair of the first three objectives: all points that fit, and the set."""
    pairs = list(combinations(objectives[:3], 2))
    if not pairs:
        return ""
    fit = np.flatnonzero(points["fits"])
    some = np.random.default_rng(0).permutation(fit)[:MOST_DRAWN]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.6 * len(pairs), 3.2), layout="constrained")
        for axes, (x, y) in zip(
            figure.subplots(1, len(pairs), squeeze=False)[0], pairs, strict=True
        ):
            axes.scatter(points[x][some], points[y][some], s=3, color="#d7dce2", label="fits")
            axes.scatter(points[x][best], points[y][best], s=8, color="#b3541e", label="in the set")
            axes.set(xlabel=x, ylabel=y)
            for name, axis in ((x, axes.set_xscale), (y, axes.set_yscale)):
                if float(points[name][best].min()) > 0 and name not in ("accuracy", "utilization"):
                    axis("log")
        axes.legend(frameon=False)
        return svg(figure)


def _parallel(points: Points, best: npt.NDArray[np.int64], objectives: Sequence[str]) -> str:
    """A line for each point of the set: where it lies between the least and the most of each figure.

    Figures that span more than two decades are on a logarithmic scale.
    """
    names = [name for name in ("rows", "cols") if name in points] + list(objectives)
    columns = [points[name][best].astype(float) for name in names]
    shares = np.stack([_share(column) for column in columns], 1)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.8, 3.2), layout="constrained")
        axes = figure.subplots()
        order = np.argsort(shares[:, names.index(objectives[0])])
        colors = mpl.colormaps["viridis"](np.linspace(0, 1, len(order)))
        for place, color in zip(order[:: max(1, len(order) // 400)], colors, strict=False):
            axes.plot(range(len(names)), shares[place], color=color, alpha=0.5, linewidth=0.8)
        limits = [
            f"{name}\n{c.min():,.4g}..{c.max():,.4g}"
            for name, c in zip(names, columns, strict=True)
        ]
        axes.set_xticks(range(len(names)), limits)
        axes.set_yticks([])
        return svg(figure)


def _share(column: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if 0 < 100 * column.min() < column.max():
        column = np.log(column)
    spread = float(np.ptp(column))
    return (column - column.min()) / spread if spread else np.full(len(column), 0.5)


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
