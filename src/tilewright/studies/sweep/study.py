"""The folder of a sweep: its question, all points, the Pareto set, and what the model says of some of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.cost.hardware import Columns
from tilewright.errors import ArtifactError, ConfigError, TilewrightError
from tilewright.pipeline.run_folder import Listener
from tilewright.store.artifact import read_sealed, write_bytes, write_sealed
from tilewright.studies.sweep import points as table
from tilewright.studies.sweep.axes import OBJECTIVES, Question
from tilewright.studies.sweep.candidate import Candidate
from tilewright.studies.sweep.simulated import MOST_REGISTER_CYCLES, simulate_point

FACTS, POINTS, PARETO, PARQUET = "study.json", "points.csv", "pareto.csv", "points.parquet"
PAGE = "study.html"
TRIALS, CONFIG, LOCK = "trials", "config.toml", ".lock"
KIND = "sweep"
LISTED = 2_000
"""Points of the Pareto set that the facts list; the others are in the CSV file."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """check: random points of the Pareto set that the model simulates. seed: of their choice and of codes.

    register_cycles: layers up to so many cycles are also run register by register. has_parquet: write the
    points as Parquet too. has_page: write a page with plots. Raises `ConfigError` for a negative count.
    """

    check: int = 0
    seed: int = 0
    register_cycles: int = MOST_REGISTER_CYCLES
    has_parquet: bool = False
    has_page: bool = False

    def __post_init__(self) -> None:
        if min(self.check, self.seed, self.register_cycles) < 0:
            raise ConfigError(f"counts and the seed of a sweep are 0 or more, not {self}")


@contextmanager
def claimed_study(folder: Path, question: Question, fingerprint: str) -> Iterator[None]:
    """The folder as the study's, as `claim_study` makes it.

    If the study ends by an error before a trial began, its new folder is removed: the question can be
    asked there in another way.
    """
    is_new = claim_study(folder, question, fingerprint)
    try:
        yield
    except TilewrightError:
        if is_new and {path.name for path in folder.iterdir()} <= {FACTS, CONFIG, LOCK}:
            for name in (CONFIG, LOCK, FACTS):
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()
        raise


def claim_study(folder: Path, question: Question, fingerprint: str) -> bool:
    """Make `folder` the study's, or take it up again; whether it is new.

    Raises `ConfigError` if it holds the study of another network or other trained axes, or no study at all.
    """
    path = folder / FACTS
    has_others = folder.is_dir() and any(not _is_part(one) for one in folder.iterdir())
    # Looked at last: a process that shares the study writes this file before any other.
    is_new = not path.is_file()
    if is_new:
        if has_others:
            raise ConfigError(
                f"{folder} holds other files and no study: give --out a new or empty folder"
            )
        folder.mkdir(parents=True, exist_ok=True)
        write_sealed(path, _head(question, fingerprint))
    facts, is_whole = read_sealed(path)
    if not isinstance(facts, dict) or facts.get("kind") != KIND or not is_whole:
        raise ArtifactError(f"{path} must be what 'tilewright sweep' wrote, but is not: remove it")
    if facts["network"] != fingerprint:
        raise ConfigError(
            f"{folder} holds a study of another network ({facts['question']['source']}), not of "
            f"{question.source}: give --out another folder"
        )
    stored = {
        key: values for key, values in facts["question"]["axes"].items() if key in facts["trained"]
    }
    wanted = _head(question, fingerprint)
    ours = {key: wanted["question"]["axes"][key] for key in wanted["trained"]}
    if facts["trained"] and stored != ours:
        raise ConfigError(
            f"{folder} holds trials along {', '.join(stored)} with other values: give the same axes to go "
            "on, or --out another folder"
        )
    return is_new


def _is_part(path: Path) -> bool:
    """Whether `path` is the facts half written, by a process that shares the study or was killed."""
    return path.name.startswith(f".{FACTS}.")


def _head(question: Question, fingerprint: str) -> dict[str, Any]:
    return {
        "kind": KIND,
        "version": 1,
        "network": fingerprint,
        "question": _plain(question.to_facts()),
        "trained": list(question.trained),
    }


def _plain(value: Any) -> Any:
    """As JSON reads it back: lists for tuples."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def finish_study(
    folder: Path,
    question: Question,
    candidates: Sequence[Candidate],
    listener: Listener,
    *,
    options: SweepOptions,
    fingerprint: str,
) -> dict[str, Any]:
    """Cost of every candidate on every array, the Pareto set, its simulation, and the study's files."""
    since = time.monotonic()
    columns = table.find_points(candidates, question.hardware, listener)
    best = table.pareto_set(columns, question)
    swept = time.monotonic() - since
    listener.say(
        f"{len(columns['cycles']):,} points in {swept:.1f} s: {int(columns['fits'].sum()):,} fit, "
        f"{len(best):,} are beaten by no other"
    )
    checks = _simulate_some(columns, best, candidates, listener, options)
    facts: dict[str, Any] = _head(question, fingerprint) | {
        "points": len(columns["cycles"]),
        "fit": int(columns["fits"].sum()),
        "pareto": len(best),
        "seconds": round(swept, 3),
        "best": {
            name: table.row(columns, _extreme(columns, best, name)) for name in question.objectives
        },
        "set": [table.row(columns, place) for place in best[:LISTED]],
        "simulated": checks,
        "passed": all(check["passed"] for check in checks),
    }
    facts = _without_nan(facts)
    table.write_csv(folder / POINTS, columns)
    table.write_csv(folder / PARETO, columns, best)
    if options.has_parquet:
        table.write_parquet(folder / PARQUET, columns)
    if options.has_page:
        from tilewright.report.study import render_study

        write_bytes(folder / PAGE, render_study(facts, columns, best).encode())
    write_sealed(folder / FACTS, facts)
    return facts


def _extreme(columns: Columns, best: Any, name: str) -> int:
    values = OBJECTIVES[name] * columns[name][best].astype(float)
    return int(best[int(np.argmin(values))])


def _simulate_some(
    columns: Columns,
    best: Any,
    candidates: Sequence[Candidate],
    listener: Listener,
    options: SweepOptions,
) -> list[dict[str, Any]]:
    """What the model says of random points of the Pareto set."""
    generator = np.random.default_rng(options.seed)
    count = min(options.check, len(best))
    per_candidate = len(columns["cycles"]) // len(candidates)
    found = []
    for place in generator.choice(best, count, replace=False).tolist():
        point = table.row(columns, place)
        result = simulate_point(
            candidates[place // per_candidate].outlines,
            point,
            listener,
            seed=options.seed,
            most_register_cycles=options.register_cycles,
        )
        found.append({"point": point, "passed": result.passed} | asdict(result))
        name = f"{point['rows']}x{point['cols']} {point['mode']} {point['schedule']} {point['job']}"
        listener.say(
            f"{name}: {result.found:,} cycles in the model of {result.layers} layers, "
            f"{result.register_layers} of them ({result.register_cycles:,} cycles) register by register: "
            + (result.differs or "equal")
        )
    return found


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: null."""
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and value != value else value
