"""The training loop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from tilewright.data import ImageData, Split, crop_at_random, shuffle_order
from tilewright.errors import ConfigError, DataError
from tilewright.models import ModelSpec
from tilewright.quant import allow_int8
from tilewright.quant.engines import has_fast_bfloat16
from tilewright.spec.artifact import write_json
from tilewright.train.evaluation import Accuracy, evaluate
from tilewright.train.events import Listener, Notice, Pace, ignore
from tilewright.train.memory import keep_freed_memory
from tilewright.train.metrics import append_metrics, keep_epochs
from tilewright.train.provenance import describe_provenance
from tilewright.train.recipe import Recipe, set_rates
from tilewright.train.run import Run, Tally, start_run

SUMMARY = "training.json"
CHECKPOINT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The epoch (from 1) that was best on the hold-out, and its accuracy there."""

    folder: Path
    best_epoch: int
    holdout: Accuracy


def train_network(
    spec: ModelSpec,
    data: ImageData,
    *,
    folder: Path,
    recipe: Recipe,
    threads: int = 1,
    is_int8_allowed: bool = True,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    listener: Listener = ignore,
) -> TrainingResult:
    """Train a fresh network, or go on where the run in `folder` stopped, with bit-identical weights.

    Writes ``checkpoint.json`` and its tensors at the end of each epoch, and within one after each
    `checkpoint_seconds`; ``metrics.jsonl``; at the end ``training.json``. The best epoch is chosen
    on the hold-out. Another thread count, or `is_int8_allowed` (which changes gradients, never
    psums), may change the last bits.

    Raises `TrainingError` if the loss is not finite, `ArtifactError` if `folder` holds another or a
    damaged run or cannot be written, `ConfigError` or `DataError` if values do not fit together.
    """
    _check(spec, data, threads)
    keep_freed_memory()
    with _threads(threads), torch.random.fork_rng(devices=[]):
        run, facts = start_run(spec, data, recipe, folder=folder, threads=threads)
        if facts is not None and facts["threads"] != threads:
            listener(
                Notice(
                    f"this run began with {facts['threads']} threads and goes on with {threads}: "
                    f"the last bits of its weights may differ from an uninterrupted run"
                )
            )
        keep_epochs(folder, run.epoch)
        allow_int8(run.model, is_allowed=is_int8_allowed)
        while run.epoch < recipe.epochs:
            _train_epoch(
                run, data, recipe, checkpoint_seconds=checkpoint_seconds, listener=listener
            )
    return _summarize(run)


def _train_epoch(
    run: Run, data: ImageData, recipe: Recipe, *, checkpoint_seconds: float, listener: Listener
) -> None:
    """One epoch, or the rest of one: batch, forward, loss, backward, step."""
    order = shuffle_order(len(data.train), seed=recipe.seed, epoch=run.epoch)
    size = min(recipe.batch_size, len(order))
    batches = len(order) // size
    pace = Pace(run.epoch, recipe.epochs, batches, size, run.batch, listener)
    seconds_before, saved = run.seconds, time.monotonic()
    run.model.train()
    for batch in range(run.batch, batches):
        samples = order[batch * size : (batch + 1) * size]
        images, labels = _load_batch(data.train, samples, recipe, run.epoch)
        set_rates(run.optimizer, recipe.rate_factor(run.epoch + (batch + 1) / batches))

        with _precision(run, recipe):
            logits = run.model(images)
        loss = functional.cross_entropy(
            logits.float(), labels, label_smoothing=recipe.label_smoothing
        )
        run.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        run.optimizer.step()

        run.tally.add(batch, loss.detach(), logits.detach(), labels)
        run.batch, run.seconds = batch + 1, seconds_before + pace.seconds
        if time.monotonic() - saved >= checkpoint_seconds and run.batch < batches:
            run.save()
            saved = time.monotonic()
        pace.report(run.batch)
    _finish_epoch(run, recipe, data.holdout, pace)


def _finish_epoch(run: Run, recipe: Recipe, holdout: Split, pace: Pace) -> None:
    """Evaluate on the hold-out, write the metrics, then the checkpoint."""
    run.check_loss()
    rate, seconds = pace.images_per_second(run.batch), pace.seconds
    with _precision(run, recipe):
        accuracy = evaluate(run.model, holdout)
    append_metrics(
        run.folder,
        {
            "epoch": run.epoch + 1,
            "loss": float(run.tally.loss) / pace.batches,
            "train_accuracy": int(run.tally.correct) / (pace.batches * pace.batch_size),
            "holdout_accuracy": accuracy.rate,
            "lr": run.optimizer.param_groups[0]["lr"],
            "seconds": round(seconds, 3),
            "images_per_second": round(rate, 1),
        },
    )
    run.epoch, run.batch, run.tally = run.epoch + 1, 0, Tally()
    is_best = (
        recipe.selection == "last"
        or run.best is None
        or accuracy.correct >= run.best.correct  # of equals, the later
    )
    if is_best:
        run.best, run.best_epoch = accuracy, run.epoch
    run.save(is_best=is_best)
    pace.report(pace.batches, accuracy.rate)


def _precision(run: Run, recipe: Recipe) -> torch.autocast:
    """bfloat16 for the convolutions of a float network; integer layers never see it."""
    is_enabled = run.model.spec.is_float and recipe.is_bfloat16 and has_fast_bfloat16()
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_enabled)


def _load_batch(
    split: Split, samples: npt.NDArray[np.int64], recipe: Recipe, epoch: int
) -> tuple[Tensor, Tensor]:
    """Pixels uint8 ``n c h w`` and labels int64 ``n``."""
    if recipe.augmentation == "none":
        images = split.images[samples]
    else:
        has_flip = recipe.augmentation == "crop_flip"
        images = crop_at_random(
            split.images, samples, seed=recipe.seed, epoch=epoch, has_flip=has_flip
        )
    return torch.from_numpy(images), torch.from_numpy(split.labels[samples])


def _summarize(run: Run) -> TrainingResult:
    """Write ``training.json``."""
    assert run.best is not None, "a run of at least one epoch has a best one"  # noqa: S101
    result = TrainingResult(run.folder, run.best_epoch, run.best)
    facts = {
        "best_epoch": result.best_epoch,
        "holdout": asdict(result.holdout) | {"rate": result.holdout.rate},
        "settings": run.settings,
        "provenance": describe_provenance(run.settings, threads=run.threads, seconds=run.seconds),
    }
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
