"""Train the network, or go on where training stopped."""

from __future__ import annotations

import time

from tilewright.config import ModelConfig
from tilewright.data import load_data
from tilewright.models import ModelSpec
from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult
from tilewright.spec.artifact import read_json
from tilewright.train import Notice, Progress, Recipe, train_network


def train(run: RunFolder, listener: Listener) -> StageResult:
    """Train in the run folder; the best epoch is chosen on the hold-out."""
    since = time.monotonic()
    config = run.config()
    data = load_data(config.data.name, data_dir=config.data_dir)

    def hear(event: Progress | Notice) -> None:
        if isinstance(event, Notice):
            listener.say(event.message)
        elif event.holdout_accuracy is None:
            listener.progress(_line(event))
        else:
            listener.progress(f"{_line(event)}, hold-out {100 * event.holdout_accuracy:.2f} %")

    result = train_network(
        _model_spec(config.model, len(data.classes)),
        data,
        folder=run.folder("train"),
        recipe=Recipe(**config.train.model_dump(exclude={"threads"})),
        threads=config.train.threads,
        listener=hear,
    )
    listener.say(
        f"best epoch {result.best_epoch}: {100 * result.holdout.rate:.2f} % of "
        f"{result.holdout.images:,} hold-out images"
    )
    provenance = read_json(run.folder("train") / "training.json")["provenance"]
    facts = {
        "best_epoch": result.best_epoch,
        "holdout_accuracy": result.holdout.rate,
        "holdout_images": result.holdout.images,
        "provenance": provenance,
    }
    return run.record(StageResult("train", (), facts), since=since)


def _line(event: Progress) -> str:
    return (
        f"epoch {event.epoch}/{event.epochs}, batch {event.batch}/{event.batches}, "
        f"{event.images_per_second:,.0f} images/s, {event.eta_seconds:,.0f} s left"
    )


def _model_spec(config: ModelConfig, classes: int) -> ModelSpec:
    return ModelSpec(
        config.name,
        weight_bits=config.weight_bits,
        act_bits=config.act_bits,
        classes=classes,
        choke_width=config.choke_width or None,
        choke_stage=config.choke_stage or None,
        has_choke_norm=config.choke_norm,
        is_per_channel=config.per_channel,
        layer_bits=config.layer_bits or None,
        quantizer=config.quantizer,
        has_course_ends=config.course_ends,
        skip=config.skip,
    )
