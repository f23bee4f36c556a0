"""The training loop."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tilewright.data import DeviceImages, ImageData, shuffle_order
from tilewright.errors import ConfigError, DataError
from tilewright.models import ModelSpec
from tilewright.quant import allow_int8
from tilewright.quant.engines import has_fast_bfloat16
from tilewright.store.artifact import write_json
from tilewright.train.averaging import average_into, with_fresh_norms
from tilewright.train.distributed import join_world
from tilewright.train.evaluation import Accuracy, evaluate
from tilewright.train.events import Listener, Pace, ignore
from tilewright.train.freezing import freeze, set_train_mode
from tilewright.train.locking import locked
from tilewright.train.loss import compute_loss
from tilewright.train.memory import keep_freed_memory
from tilewright.train.metrics import append_metrics, keep_epochs
from tilewright.train.provenance import describe_provenance
from tilewright.train.recipe import Recipe, set_rates
from tilewright.train.run import Tally, TrainingState, start_run
from tilewright.train.tensorboard import find_writer, show_metrics

SUMMARY = "training.json"
CHECKPOINT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The epoch (from 1) whose weights are the result, and their accuracy on the hold-out."""

    folder: Path
    best_epoch: int
    holdout: Accuracy


@dataclass(frozen=True, slots=True)
class _Loop:
    """The values that stay the same from batch to batch."""

    recipe: Recipe
    images: DeviceImages
    data: ImageData
    frozen: tuple[nn.Module, ...]
    listener: Listener
    checkpoint_seconds: float

    def augmented(self, samples: npt.NDArray[np.int64], epoch: int) -> tuple[Tensor, Tensor]:
        """Pixels and labels of `samples` as `epoch` shows them."""
        return self.images.augmented(
            samples,
            augmentation=self.recipe.augmentation,
            shift=self.recipe.crop_shift,
            cutout=self.recipe.cutout,
            seed=self.recipe.seed,
            epoch=epoch,
        )


def train_network(
    spec: ModelSpec,
    data: ImageData,
    *,
    folder: Path,
    recipe: Recipe,
    start: Path | None = None,
    teachers: Sequence[Path] = (),
    threads: int = 1,
    device: str = "cpu",
    is_int8_allowed: bool = True,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    listener: Listener = ignore,
) -> TrainingResult:
    """Train a network, or go on where the run in `folder` stopped, with bit-identical weights.

    start: folder of a training whose weights a fresh run starts from; ``start.json`` then lists the
    fate of every tensor. teachers: folders of trainings whose networks' outputs are part of the loss.
    A run may be taken up with more epochs than it began with; the schedule is then the longer one.

    Writes ``checkpoint.json`` and its tensors at the end of each epoch, and within one after each
    `checkpoint_seconds`; ``metrics.jsonl``; at the end ``training.json``. The best epoch is chosen
    on the hold-out, or is the last, as the recipe says. Another thread count, or `is_int8_allowed`
    (which changes gradients, never psums), may change the last bits.

    Raises `TrainingError` if the loss is not finite or the network falls back to guessing,
    `ArtifactError` if `folder` holds another or a damaged run or cannot be written, `ConfigError` or
    `DataError` if values do not fit together.
    """
    _check(spec, data, threads)
    world = join_world(device)
    world.check_batch(min(recipe.batch_size, len(data.train)))
    keep_freed_memory()
    lock = locked(folder) if world.is_first else nullcontext()
    with lock, _threads(threads), torch.random.fork_rng(devices=[]):
        run = start_run(
            spec,
            data,
            recipe,
            folder=folder,
            threads=threads,
            device=device,
            world=world,
            start=start,
            teachers=teachers,
            listener=listener,
        )
        if world.is_first:
            keep_epochs(folder, run.epoch)
            find_writer()
        allow_int8(run.model, is_allowed=is_int8_allowed)
        frozen = freeze(run.model, spec) if recipe.trains == "chokepoint" else ()
        images = DeviceImages(data.train, device)
        loop = _Loop(recipe, images, data, frozen, listener, checkpoint_seconds)
        _set_steps(run, loop)
        while run.epoch < recipe.epochs:
            _train_epoch(run, loop)
    result = _summarize(run)
    world.wait()
    return result


def _set_steps(run: TrainingState, loop: _Loop) -> None:
    """Let every process set its quantizers' steps from the same images: the first one's share."""
    if run.world.size == 1 or run.epoch or run.batch:
        return
    before = copy.deepcopy(run.model.state_dict())
    order = shuffle_order(len(loop.images), seed=loop.recipe.seed, epoch=0)
    samples = order[: min(loop.recipe.batch_size, len(order))][:: run.world.size]
    with torch.no_grad():
        _forward(run.model.train(), loop.images.plain(samples), loop.recipe)
    after = run.model.state_dict()
    norms = [name for name in before if "running_" in name or "num_batches" in name]
    run.model.load_state_dict(after | {name: before[name] for name in norms})


def _train_epoch(run: TrainingState, loop: _Loop) -> None:
    """One epoch, or the rest of one: batch, forward, loss, backward, step."""
    recipe = loop.recipe
    order = shuffle_order(len(loop.images), seed=recipe.seed, epoch=run.epoch)
    size = min(recipe.batch_size, len(order))
    batches = len(order) // size
    pace = Pace(run.epoch, recipe.epochs, batches, size, run.batch, loop.listener)
    seconds_before, saved = run.seconds, time.monotonic()
    set_train_mode(run.model, loop.frozen)
    for batch in range(run.batch, batches):
        samples = order[batch * size : (batch + 1) * size][run.world.rank :: run.world.size]
        images, labels = loop.augmented(samples, run.epoch)
        set_rates(run.optimizer, recipe.rate_factor(run.epoch + (batch + 1) / batches))

        logits = _forward(run.model, images, recipe)
        opinions = [_opinion(teacher, images, recipe) for teacher in run.teachers]
        loss = compute_loss(logits, labels, recipe, teacher_logits=opinions)
        run.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        correct = (logits.detach().argmax(1) == labels).sum()
        shared = run.world.share_step(run.model, loss.detach(), correct)
        run.optimizer.step()
        if run.average is not None:
            average_into(run.average, run.model, decay=recipe.ema_decay)

        run.tally.add(batch, *shared)
        run.batch, run.seconds = batch + 1, seconds_before + pace.seconds
        if time.monotonic() - saved >= loop.checkpoint_seconds and run.batch < batches:
            run.save()
            saved = time.monotonic()
        pace.report(run.batch)
    _finish_epoch(run, loop, pace)


def _finish_epoch(run: TrainingState, loop: _Loop, pace: Pace) -> None:
    """Evaluate on the hold-out, write the metrics, then the checkpoint."""
    run.check_loss()
    train_accuracy = int(run.tally.correct) / (pace.batches * pace.batch_size)
    run.check_learning(train_accuracy)
    rate, seconds = pace.images_per_second(run.batch), pace.seconds
    network = _hand_in(run, loop)
    with _precision(network, loop.recipe):
        accuracy = evaluate(network, loop.data.holdout)
    metrics = {
        "epoch": run.epoch + 1,
        "loss": float(run.tally.loss) / pace.batches,
        "train_accuracy": train_accuracy,
        "holdout_accuracy": accuracy.rate,
        "lr": run.optimizer.param_groups[0]["lr"],
        "seconds": round(seconds, 3),
        "images_per_second": round(rate, 1),
    }
    run.world.check_agreement(run.model)
    if run.world.is_first:
        append_metrics(run.folder, metrics)
        show_metrics(run.folder, metrics)
    run.epoch, run.batch, run.tally = run.epoch + 1, 0, Tally.zero(run.device)
    is_best = (
        loop.recipe.selection == "last"
        or run.best is None
        or accuracy.correct >= run.best.correct  # of equals, the later
    )
    if is_best:
        run.best, run.best_epoch = accuracy, run.epoch
    run.save(best=network if is_best else None)
    pace.report(pace.batches, accuracy.rate)


def _hand_in(run: TrainingState, loop: _Loop) -> nn.Module:
    """The network by which this epoch is judged: averaged and with fresh BatchNorm statistics, if asked."""
    network = run.model if run.average is None else run.average
    count, size = loop.recipe.norm_images, loop.recipe.batch_size
    if count == 0:
        return network
    samples = shuffle_order(len(loop.images), seed=loop.recipe.seed, epoch=0)[:count]
    parts = [samples[first : first + size] for first in range(0, len(samples), size)]
    with _precision(network, loop.recipe):
        return with_fresh_norms(network, (loop.augmented(part, run.epoch)[0] for part in parts))


def _forward(model: nn.Module, images: Tensor, recipe: Recipe) -> Tensor:
    """Logits float32."""
    with _precision(model, recipe):
        logits: Tensor = model(images)
    return logits.float()


def _opinion(teacher: nn.Module, images: Tensor, recipe: Recipe) -> Tensor:
    with torch.no_grad():
        return _forward(teacher, images, recipe)


def _precision(model: nn.Module, recipe: Recipe) -> torch.autocast:
    """bfloat16 for the convolutions of a float network; integer layers never see it."""
    parameter = next(model.parameters())
    is_fast = parameter.device.type != "cpu" or has_fast_bfloat16()
    is_enabled = cast("ModelSpec", model.spec).is_float and recipe.is_bfloat16 and is_fast
    return torch.autocast(parameter.device.type, dtype=torch.bfloat16, enabled=is_enabled)


def _summarize(run: TrainingState) -> TrainingResult:
    """Write ``training.json``."""
    assert run.best is not None, "a run of at least one epoch has a best one"  # noqa: S101
    result = TrainingResult(run.folder, run.best_epoch, run.best)
    facts = {
        "best_epoch": result.best_epoch,
        "holdout": asdict(result.holdout) | {"rate": result.holdout.rate},
        "settings": run.settings,
        "provenance": describe_provenance(
            run.settings, device=run.device, threads=run.threads, seconds=run.seconds
        ),
    }
    if run.world.is_first:
        write_json(run.folder / SUMMARY, facts)
    return result


def _check(spec: ModelSpec, data: ImageData, threads: int) -> None:
    if threads < 1:
        raise ConfigError(f"threads must be at least 1, not {threads}")
    if spec.classes < len(data.classes):
        raise ConfigError(
            f"the model needs a class for each of the {len(data.classes)} of {data.name}, but has "
            f"{spec.classes}"
        )
    if data.train.images.shape[1:] != (3, 32, 32) or len(data.train) < 2:
        raise DataError(
            f"{data.name}: training needs 2 or more images (3, 32, 32), not "
            f"{data.train.images.shape}"
        )


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Use `count` threads inside, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
