"""The state of one training, and how it is saved and taken up again."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tilewright.data import ImageData
from tilewright.errors import ArtifactError, TrainingError
from tilewright.models import ModelSpec, build
from tilewright.train.checkpoint import (
    MANIFEST,
    Tensors,
    identify_trained,
    load_trained,
    load_weights,
    read_facts,
    read_tensors,
    save_checkpoint,
)
from tilewright.train.distributed import World
from tilewright.train.evaluation import Accuracy
from tilewright.train.events import Listener, Notice
from tilewright.train.recipe import Recipe, build_optimizer
from tilewright.train.start import FILE as START
from tilewright.train.start import summarize, take_weights, write_fates


@dataclass(slots=True)
class Tally:
    """Sums over the batches of an epoch; they stay tensors, so that no batch waits for them.

    bad_batch: the first without a finite loss, or -1.
    """

    loss: Tensor
    correct: Tensor
    bad_batch: Tensor

    @classmethod
    def zero(cls, device: str) -> Tally:
        """Before the first batch."""
        return cls(
            loss=torch.zeros((), dtype=torch.float64, device=device),
            correct=torch.zeros((), dtype=torch.int64, device=device),
            bad_batch=torch.tensor(-1, device=device),
        )

    def add(self, batch: int, loss: Tensor, correct: Tensor) -> None:
        """Count one batch, of which `correct` images were recognized."""
        self.loss += loss
        self.correct += correct.long()
        is_first = (self.bad_batch < 0) & ~torch.isfinite(loss)
        self.bad_batch = torch.where(is_first, batch, self.bad_batch)


@dataclass(slots=True)
class TrainingState:
    """A training between two batches: everything that its continuation depends on.

    average: the moving average of `model`, if the recipe asks for one. teachers: the networks whose
    outputs are part of the loss; they never change. peak: the highest accuracy of an epoch on
    its training images.
    """

    folder: Path
    settings: dict[str, Any]
    threads: int
    device: str
    model: nn.Module
    optimizer: torch.optim.Optimizer
    tally: Tally
    world: World
    average: nn.Module | None = None
    teachers: tuple[nn.Module, ...] = ()
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best: Accuracy | None = None
    peak: float = 0.0

    def check_learning(self, accuracy: float) -> None:
        """Raise `TrainingError` if an epoch guessed, `accuracy` of its images, after others had learned."""
        guess = 1 / self.settings["model"]["classes"]
        if self.peak >= 3 * guess and accuracy <= 1.5 * guess:
            raise TrainingError(
                f"the network must keep what it learned, but recognized {100 * accuracy:.1f} % of the "
                f"training images in epoch {self.epoch + 1}, after {100 * self.peak:.1f} % before: "
                f"train anew with a lower lr or a longer warmup; {self.folder} is left as it is"
            )
        self.peak = max(self.peak, accuracy)

    def check_loss(self) -> None:
        """Raise `TrainingError` if a loss was not finite; the checkpoint is then from before it."""
        bad = int(self.tally.bad_batch)
        if bad >= 0:
            raise TrainingError(
                f"the loss must stay finite, but was not in epoch {self.epoch + 1}, batch "
                f"{bad + 1}: lower lr; "
                f"the last good checkpoint is kept in {self.folder}"
            )

    def save(self, *, best: nn.Module | None = None) -> None:
        """Write the checkpoint; `best` is the network that is the best so far, if it is a new one."""
        self.check_loss()
        if not self.world.is_first:
            return
        best_facts = None if self.best is None else asdict(self.best) | {"epoch": self.best_epoch}
        facts = {
            "settings": self.settings,
            "threads": self.threads,
            "epoch": self.epoch,
            "batch": self.batch,
            "seconds": self.seconds,
            "peak": self.peak,
            "best": best_facts,
        }
        files = {"best": None if best is None else best.state_dict(), "state": self._tensors()}
        save_checkpoint(self.folder, facts, files)

    def restore(self, facts: dict[str, Any]) -> None:
        """Take up the checkpoint that `facts` describes."""
        tensors = read_tensors(self.folder, facts, "state")
        load_weights(self.model, _part(tensors, "model."), self.folder / MANIFEST)
        if self.average is not None:
            load_weights(self.average, _part(tensors, "average."), self.folder / MANIFEST)
        tally = _part(tensors, "tally.")
        self.tally = Tally(**{name: value.to(self.device) for name, value in tally.items()})
        _restore_optimizer(self.optimizer, _part(tensors, "optimizer."))
        torch.set_rng_state(tensors["random_state"])
        self.epoch, self.batch, self.seconds = facts["epoch"], facts["batch"], facts["seconds"]
        self.peak = facts.get("peak", 0.0)
        if facts["best"] is not None:
            found = dict(facts["best"])
            self.best_epoch = found.pop("epoch")
            self.best = Accuracy(**found)

    def _tensors(self) -> Tensors:
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        if self.average is not None:
            average = self.average.state_dict()
            tensors |= {f"average.{name}": tensor for name, tensor in average.items()}
        tensors |= {f"tally.{name}": getattr(self.tally, name) for name in Tally.__slots__}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
        return tensors | {"random_state": torch.get_rng_state()}


def start_run(
    spec: ModelSpec,
    data: ImageData,
    recipe: Recipe,
    *,
    folder: Path,
    threads: int,
    device: str,
    world: World,
    start: Path | None,
    teachers: Sequence[Path],
    listener: Listener,
) -> TrainingState:
    """A fresh run, or the one in `folder` taken up again.

    Raises `ArtifactError` if `folder` holds a run of other settings or a damaged one, or if `start`
    or one of `teachers` holds no trained network.
    """
    settings = {
        "model": asdict(spec),
        "recipe": asdict(recipe),
        "data": {"name": data.name, "sha256": data.fingerprint()},
        "origin": {
            "start": None if start is None else identify_trained(start),
            "teacher": "+".join(identify_trained(teacher) for teacher in teachers) or None,
        },
    }
    torch.manual_seed(recipe.seed)
    model = build(spec).to(device)
    optimizer = build_optimizer(model, recipe)
    run = TrainingState(
        folder, settings, threads, device, model, optimizer, Tally.zero(device), world
    )
    run.teachers = tuple(load_trained(teacher).to(device) for teacher in teachers)
    facts = read_facts(folder)
    if facts is None and start is not None:
        _take_start(run, start, listener)
    if recipe.ema_decay > 0:
        run.average = copy.deepcopy(model)
    if facts is not None:
        _expect_settings(folder, facts, settings, listener)
        _tell_of_threads(facts["threads"], threads, listener)
        run.restore(facts)
    return run


def _take_start(run: TrainingState, start: Path, listener: Listener) -> None:
    recipe = run.settings["recipe"]
    source = load_trained(start).to(run.device)
    fates = take_weights(
        run.model,
        source,
        origin=str(start),
        resizes=recipe["resizes_start"],
        fits_steps=recipe["fits_steps"],
    )
    if run.world.is_first:
        write_fates(run.folder, fates, str(start))
    listener(Notice(f"{summarize(fates, str(start))}; {run.folder / START} lists them"))


def _tell_of_threads(began: int, threads: int, listener: Listener) -> None:
    if began != threads:
        listener(
            Notice(
                f"this run began with {began} threads and goes on with {threads}: "
                f"the last bits of its weights may differ from an uninterrupted run"
            )
        )


def _expect_settings(
    folder: Path, facts: dict[str, Any], asked: dict[str, Any], listener: Listener
) -> None:
    """A setting missing from an old checkpoint did not exist then; its default applied."""
    found = facts["settings"]
    defaults = {"model": _defaults(ModelSpec), "recipe": _defaults(Recipe)}
    for part, values in asked.items():
        for name, value in values.items():
            other = found.get(part, {}).get(name, defaults.get(part, {}).get(name))
            if isinstance(other, list):
                other = _tuples(other)
            if other == value:
                continue
            if (part, name) == ("recipe", "epochs") and value > other:
                listener(Notice(f"extended from {other} to {value} epochs, {facts['epoch']} done"))
                continue
            is_constant = values.get("schedule") == "constant"  # no epoch depends on those to come
            if (part, name) == ("recipe", "epochs") and is_constant and value == facts["epoch"]:
                listener(Notice(f"ended after {value} of {other} epochs"))
                continue
            raise ArtifactError(
                f"{folder} holds a training with {part} {name} = {other!r}, but {value!r} is asked "
                f"for: give another folder, or the same settings to go on"
            )


def _defaults(settings: type[ModelSpec | Recipe]) -> dict[str, Any]:
    return {entry.name: entry.default for entry in fields(settings)}


def _tuples(value: Any) -> Any:
    """JSON has lists where the settings have tuples."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Copy the optimizer's tensors back, in the memory layout of their parameters."""
    content = optimizer.state_dict()
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        like = parameters[int(index)]
        value = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
        content["state"].setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(content)


def _part(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors whose names start with `prefix`, without it."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
