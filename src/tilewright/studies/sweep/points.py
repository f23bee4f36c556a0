"""The points of a sweep as columns, the Pareto set among them, and their files."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.cost import HardwareAxes, hardware_points, nondominated
from tilewright.cost.hardware import Columns
from tilewright.errors import ConfigError, expect_packages
from tilewright.pipeline.run_folder import Listener
from tilewright.programs.pace import Pace
from tilewright.store.artifact import write_bytes
from tilewright.studies.sweep.axes import OBJECTIVES, Question
from tilewright.studies.sweep.candidate import Candidate


def find_points(candidates: Sequence[Candidate], axes: HardwareAxes, listener: Listener) -> Columns:
    """Every candidate on every array of `axes`, with its accuracy (NaN where unknown) and weight bits."""
    parts = [_of_candidate(one, axes, listener) for one in candidates]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _of_candidate(one: Candidate, axes: HardwareAxes, listener: Listener) -> Columns:
    kinds = (axes.rows, axes.cols, axes.mode, axes.schedule, axes.job)
    pace = Pace(prod(map(len, kinds)), "arrays")
    columns = hardware_points(one.outlines, axes, lambda done: listener.progress(pace.line(done)))
    count = len(columns["cycles"])
    accuracy = np.nan if one.accuracy is None else one.accuracy
    own: dict[str, Any] = {} if one.trial is None else {"trial": one.trial}
    own |= {
        key: value if isinstance(value, int | float) else str(value)
        for key, value in one.values.items()
    }
    own |= {"accuracy": accuracy, "weight_bits": one.weight_bits}
    return {key: np.full(count, value) for key, value in own.items()} | columns


def pareto_set(columns: Columns, question: Question) -> npt.NDArray[np.int64]:
    """Places of the points that fit, keep the bounds and are beaten by no other, best first objective first.

    Raises `ConfigError` if there is none: what is in the way, and how near the grid comes to it.
    """
    for name in question.objectives:
        if np.isnan(columns[name].astype(float)).all():
            raise ConfigError(
                f"objective {name} is not known of this network: give a trained run or packed network, "
                "or sweep without it"
            )
    allowed = columns["fits"].astype(bool)
    if not allowed.any():
        raise ConfigError(
            f"the Pareto set is empty: none of {len(allowed):,} points fits the network; give wider psums "
            "or deeper memories (0 is what the network needs)"
        )
    for name, bound in (question.within or {}).items():
        sign, values = OBJECTIVES[name], columns[name].astype(float)
        reached = values[allowed].min() if sign > 0 else values[allowed].max()
        allowed = allowed & (sign * values <= sign * bound)
        if not allowed.any():
            side = "at most" if sign > 0 else "at least"
            raise ConfigError(
                f"the Pareto set is empty: no point that fits has {name} {side} {bound:g}; "
                f"the nearest has {reached:g}"
            )
    places = np.flatnonzero(allowed)
    costs = np.stack(
        [OBJECTIVES[name] * columns[name][places].astype(float) for name in question.objectives], 1
    )
    best = places[nondominated(costs)]
    keys = [OBJECTIVES[name] * columns[name][best].astype(float) for name in question.objectives]
    return best[np.lexsort(keys[::-1])]


def row(columns: Columns, place: int) -> dict[str, Any]:
    """One point, in Python's own types."""
    return {name: values[place].item() for name, values in columns.items()}


def write_csv(path: Path, columns: Columns, places: npt.NDArray[np.int64] | None = None) -> None:
    """A line for each point; of `places` only, if they are given."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    chosen = [
        (values if places is None else values[places]).tolist() for values in columns.values()
    ]
    writer.writerows(zip(*chosen, strict=True))
    write_bytes(path, buffer.getvalue().encode())


def write_parquet(path: Path, columns: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """All points for tables of others; raises `MissingPackageError` without pyarrow."""
    expect_packages("pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({name: values.tolist() for name, values in columns.items()}), buffer)
    write_bytes(path, buffer.getvalue())
