"""A whole sweep: the trials that its axes ask for, and every array of its grid."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilewright.config import Config, dump_config
from tilewright.errors import ConfigError, expect_packages
from tilewright.pipeline.run_folder import Listener
from tilewright.store.artifact import write_bytes
from tilewright.studies.outlines import find_config
from tilewright.studies.sweep.axes import Question
from tilewright.studies.sweep.candidate import Candidate, open_candidate
from tilewright.studies.sweep.study import CONFIG, SweepOptions, claimed_study, finish_study

if TYPE_CHECKING:
    from tilewright.studies.sweep.trials import TrialOptions


def sweep(
    folder: Path,
    question: Question,
    listener: Listener,
    *,
    options: SweepOptions,
    trials: TrialOptions | None = None,
    overrides: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Answer `question` in `folder`: the facts of its ``study.json``.

    trials: how trained axes run; None: there must be none. overrides: ``section.key=value`` for the
    configuration of all trials. Raises `ConfigError` for a folder of another study, axes without trials, and
    an empty Pareto set.
    """
    _ = question.hardware  # refused before a folder is made
    if trials is None:
        if overrides:
            raise ConfigError("--set is for the configuration of trials, but no axis is trained")
        candidate, notes = open_candidate(question.source)
        for note in notes:
            listener.say(f"note: {note}")
        fingerprint = candidate.fingerprint()
        with claimed_study(folder, question, fingerprint):
            return finish_study(
                folder, question, [candidate], listener, options=options, fingerprint=fingerprint
            )
    config = _trained_config(question, overrides)
    text = dump_config(config).encode()
    fingerprint = hashlib.sha256(text).hexdigest()
    with claimed_study(folder, question, fingerprint):
        write_bytes(folder / CONFIG, text)
        candidates = _train(folder, question, listener, trials)
        return finish_study(
            folder, question, candidates, listener, options=options, fingerprint=fingerprint
        )


def _trained_config(question: Question, overrides: tuple[str, ...]) -> Config:
    expect_packages("optuna", "torch", "safetensors")
    if question.source is not None and Path(question.source).is_dir():
        raise ConfigError(
            f"axes {', '.join(question.trained)} take a configuration, whose network is trained for each "
            f"trial, not the run {question.source}: give its config.toml, and the run as train.start"
        )
    return find_config(question.source, overrides)


def _train(
    folder: Path, question: Question, listener: Listener, trials: TrialOptions
) -> list[Candidate]:
    from tilewright.studies.sweep.trials import run_trials

    return run_trials(folder, question, folder / CONFIG, listener, options=trials)
