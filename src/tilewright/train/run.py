"""The state of one training, and how it is saved and taken up again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tilewright.data import ImageData
from tilewright.errors import ArtifactError, TrainingError
from tilewright.models import ModelSpec, QuantVGG
from tilewright.train.checkpoint import (
    MANIFEST,
    Tensors,
    load_weights,
    read_facts,
    read_tensors,
    save_checkpoint,
)
from tilewright.train.evaluation import Accuracy
from tilewright.train.recipe import Recipe, build_optimizer


@dataclass(slots=True)
class Tally:
    """Sums over the batches of an epoch; they stay tensors, so that no batch waits for them."""

    loss: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    correct: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.int64))
    bad_batch: Tensor = field(
        default_factory=lambda: torch.tensor(-1)
    )  # first without a finite loss

    def add(self, batch: int, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Count one batch."""
        self.loss += loss
        self.correct += (logits.argmax(1) == labels).sum()
        is_first = (self.bad_batch < 0) & ~torch.isfinite(loss)
        self.bad_batch = torch.where(is_first, batch, self.bad_batch)


@dataclass(slots=True)
class Run:
    """A training between two batches: everything that its continuation depends on."""

    folder: Path
    settings: dict[str, Any]
    threads: int
    model: QuantVGG
    optimizer: torch.optim.Optimizer
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best: Accuracy | None = None
    tally: Tally = field(default_factory=Tally)

    def check_loss(self) -> None:
        """Raise `TrainingError` if a loss was not finite; the checkpoint is then from before it."""
        bad = int(self.tally.bad_batch)
        if bad >= 0:
            raise TrainingError(
                f"the loss must stay finite, but was not in epoch {self.epoch + 1}, batch "
                f"{bad + 1}: lower lr; "
                f"the last good checkpoint is kept in {self.folder}"
            )

    def save(self, *, is_best: bool = False) -> None:
        """Write the checkpoint; with `is_best`, these weights are the best so far."""
        self.check_loss()
        weights = dict(self.model.state_dict())
        best = None if self.best is None else asdict(self.best) | {"epoch": self.best_epoch}
        facts = {
            "settings": self.settings,
            "threads": self.threads,
            "epoch": self.epoch,
            "batch": self.batch,
            "seconds": self.seconds,
            "best": best,
        }
        files = {"best": weights if is_best else None, "state": self._tensors(weights)}
        save_checkpoint(self.folder, facts, files)

    def restore(self, facts: dict[str, Any]) -> None:
        """Take up the checkpoint that `facts` describes."""
        tensors = read_tensors(self.folder, facts, "state")
        load_weights(self.model, _part(tensors, "model."), self.folder / MANIFEST)
        self.tally = Tally(**_part(tensors, "tally."))
        _restore_optimizer(self.optimizer, _part(tensors, "optimizer."))
        torch.set_rng_state(tensors["random_state"])
        self.epoch, self.batch, self.seconds = facts["epoch"], facts["batch"], facts["seconds"]
        if facts["best"] is not None:
            found = dict(facts["best"])
            self.best_epoch = found.pop("epoch")
            self.best = Accuracy(**found)

    def _tensors(self, weights: Tensors) -> Tensors:
        tensors = {f"model.{name}": tensor for name, tensor in weights.items()}
        tensors |= {f"tally.{name}": getattr(self.tally, name) for name in Tally.__slots__}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
        return tensors | {"random_state": torch.get_rng_state()}


def start_run(
    spec: ModelSpec, data: ImageData, recipe: Recipe, *, folder: Path, threads: int
) -> tuple[Run, dict[str, Any] | None]:
    """A fresh run, or the one in `folder` taken up again together with the facts of its checkpoint.

    Raises `ArtifactError` if `folder` holds a run of other settings or a damaged one.
    """
    settings = {
        "model": asdict(spec),
        "recipe": asdict(recipe),
        "data": {"name": data.name, "sha256": data.fingerprint()},
    }
    torch.manual_seed(recipe.seed)
    model = QuantVGG(spec)
    run = Run(folder, settings, threads, model, build_optimizer(model, recipe))
    facts = read_facts(folder)
    if facts is not None:
        _expect_settings(folder, facts["settings"], settings)
        run.restore(facts)
    return run, facts


def _expect_settings(folder: Path, found: dict[str, Any], asked: dict[str, Any]) -> None:
    for part, values in asked.items():
        for name, value in values.items():
            other = found.get(part, {}).get(name)
            if other != value:
                raise ArtifactError(
                    f"{folder} holds a training with {part} {name} = {other!r}, but {value!r} is "
                    "asked for: "
                    f"give another folder, or the same settings to go on"
                )


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
