"""Train the network, phase after phase, or go on where training stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from tilewright.config import Config, TrainConfig
from tilewright.data import ImageData, load_data
from tilewright.errors import ConfigError
from tilewright.facts import PhaseFacts, Provenance, StageResult, TrainFacts
from tilewright.models import ModelSpec
from tilewright.pipeline.configured_model import model_spec
from tilewright.pipeline.inventory import FOLDERS
from tilewright.pipeline.run_folder import Listener, RunFolder, Silent
from tilewright.spec import find_packed
from tilewright.store.artifact import read_json
from tilewright.store.typed_json import from_json
from tilewright.train import Notice, Progress, Recipe, TrainingResult, join_world, train_network

RENAMED = {
    "nesterov": "is_nesterov",
    "bfloat16": "is_bfloat16",
    "resize_start": "resizes_start",
    "fit_steps": "fits_steps",
}
"""Keys of [train] that the recipe calls by another name."""

NOT_IN_RECIPE = {"threads", "device", "start", "teacher", *RENAMED}


@dataclass(frozen=True, slots=True)
class _Phase:
    """One training of a run. name: empty for the last."""

    name: str
    folder: Path
    spec: ModelSpec
    config: TrainConfig
    start: Path | None
    teachers: tuple[Path, ...]


def train(run: RunFolder, listener: Listener) -> StageResult[TrainFacts] | None:
    """Train in the run folder; the last phase leaves the network.

    Of several processes that train together, the first has the result and the others None.
    """
    config = run.config()
    world = join_world(_device(config.train.device))
    if not world.is_first:
        listener = Silent()
    data = load_data(
        config.data.name, data_dir=config.data_dir, holdout=config.data.holdout or None
    )
    phases = list(_plan(config, run.folder("train"), len(data.classes)))
    for phase in phases:
        _recipe(phase.config)  # a later one is better refused before the first is trained
    begin = partial(run.begin, "train") if world.is_first else _do_nothing
    results = [(phase, _train_phase(phase, data, listener, begin)) for phase in phases]
    last = results[-1][1]
    if not world.is_first:
        return None
    facts = TrainFacts(
        best_epoch=last.best_epoch,
        holdout_accuracy=last.holdout.rate,
        holdout_images=last.holdout.images,
        phases=tuple(_facts(phase, result) for phase, result in results),
        provenance=_provenance(last),
    )
    return StageResult(facts)


def _do_nothing() -> None:
    """Begin nothing: another process writes."""


def _recipe(config: TrainConfig) -> Recipe:
    values = config.model_dump()
    recipe = {key: value for key, value in values.items() if key not in NOT_IN_RECIPE}
    return Recipe(**recipe | {name: values[key] for key, name in RENAMED.items()})


def _train_phase(
    phase: _Phase, data: ImageData, listener: Listener, begin: Callable[[], None]
) -> TrainingResult:
    """Train one phase; `begin` is called when the first batch is done, before anything is written."""
    prefix = f"{phase.name}: " if phase.name else ""
    result = train_network(
        phase.spec,
        data,
        folder=phase.folder,
        recipe=_recipe(phase.config),
        start=phase.start,
        teachers=phase.teachers,
        threads=phase.config.threads,
        device=_device(phase.config.device),
        listener=_hear(listener, prefix, begin),
    )
    listener.say(
        f"{prefix}epoch {result.best_epoch}: {100 * result.holdout.rate:.2f} % of "
        f"{result.holdout.images:,} hold-out images"
    )
    return result


def _plan(config: Config, folder: Path, classes: int) -> Iterator[_Phase]:
    """The phases in order; each starts from the one before it unless it says otherwise."""
    folders: dict[str, Path] = {}
    before = None
    steps = [(p.name, p.float, config.model_of(p), config.train_of(p)) for p in config.phases]
    for name, is_float, model, train in [*steps, ("", False, config.model, config.train)]:
        place = folder / name if name else folder
        yield _Phase(
            name,
            place,
            model_spec(model, classes, is_float=is_float),
            train,
            start=_trained(train.start, {}, key="start") if train.start else before,
            teachers=tuple(_trained(one, folders, key="teacher") for one in _names(train.teacher)),
        )
        folders[name] = before = place


def _names(teacher: str | tuple[str, ...]) -> tuple[str, ...]:
    """One name, several, or none."""
    if isinstance(teacher, str):
        return (teacher,) if teacher else ()
    return teacher


def _trained(name: str, phases: dict[str, Path], *, key: str) -> Path:
    """The place of the trained network called `name`: a phase, a run, a training or a packed network."""
    if name in phases:
        return phases[name]
    path = Path(name)
    stem = find_packed(path)
    if stem is not None:
        return stem
    if not path.is_dir():
        known = f"an earlier phase ({', '.join(phases)}), " if phases else ""
        raise ConfigError(
            f"train.{key} must be {known}the folder of a run or a packed network, but {name!r} is none"
        )
    inner = path / FOLDERS["train"]
    return inner if inner.is_dir() else path


def _device(name: str) -> str:
    has_gpu = torch.cuda.is_available()
    if name == "cuda" and not has_gpu:
        raise ConfigError(
            'train.device = "cuda" needs a GPU that torch can use: use "cpu" or "auto"'
        )
    is_gpu = name != "cpu" and has_gpu
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if is_gpu else "cpu"


def _facts(phase: _Phase, result: TrainingResult) -> PhaseFacts:
    return PhaseFacts(
        name=phase.name,
        weight_bits=phase.spec.weight_bits,
        act_bits=phase.spec.act_bits,
        epochs=phase.config.epochs,
        holdout_accuracy=result.holdout.rate,
        seconds=_provenance(result).wall_seconds,
    )


def _provenance(result: TrainingResult) -> Provenance:
    path = result.folder / "training.json"
    training = read_json(path)
    stated = training.get("provenance") if isinstance(training, dict) else None
    return from_json(Provenance, stated, file=f"{path}, provenance")


def _hear(
    listener: Listener, prefix: str, begin: Callable[[], None]
) -> Callable[[Progress | Notice], None]:
    def hear(event: Progress | Notice) -> None:
        if isinstance(event, Notice):
            listener.say(f"{prefix}{event.message}")
            return
        begin()
        if event.holdout_accuracy is None:
            listener.progress(f"{prefix}{_line(event)}")
        else:
            accuracy = f"hold-out {100 * event.holdout_accuracy:.2f} %"
            listener.progress(f"{prefix}{_line(event)}, {accuracy}")

    return hear


def _line(event: Progress) -> str:
    return (
        f"epoch {event.epoch}/{event.epochs}, batch {event.batch}/{event.batches}, "
        f"{event.images_per_second:,.0f} images/s, {event.eta_seconds:,.0f} s left"
    )
