"""A whole sweep: the trials that its axes ask for, and every array of its grid."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilewright.config import dump_config
from tilewright.errors import ConfigError, expect_packages
from tilewright.pipeline.run_folder import Listener
from tilewright.store.artifact import write_bytes
from tilewright.studies.outlines import find_outlines
from tilewright.studies.sweep.axes import Question
from tilewright.studies.sweep.candidate import Candidate, open_candidate
from tilewright.studies.sweep.study import SweepOptions, claim_study, finish_study

if TYPE_CHECKING:
    from tilewright.studies.sweep.trials import TrialOptions

CONFIG = "config.toml"


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
        candidate, _ = open_candidate(question.source)
        fingerprint = candidate.fingerprint()
        claim_study(folder, question, fingerprint)
        candidates = [candidate]
    else:
        fingerprint, candidates = _train(folder, question, listener, trials, overrides)
    return finish_study(
        folder, question, candidates, listener, options=options, fingerprint=fingerprint
    )


def _train(
    folder: Path,
    question: Question,
    listener: Listener,
    trials: TrialOptions,
    overrides: tuple[str, ...],
) -> tuple[str, list[Candidate]]:
    expect_packages("optuna", "torch", "safetensors")
    from tilewright.studies.sweep.trials import run_trials

    if question.source is not None and Path(question.source).is_dir():
        raise ConfigError(
            f"axes {', '.join(question.trained)} take a configuration, whose network is trained for each "
            f"trial, not the run {question.source}: give its config.toml, and the run as train.start"
        )
    _, config = find_outlines(question.source, overrides)
    text = dump_config(config).encode()
    fingerprint = hashlib.sha256(text).hexdigest()
    claim_study(folder, question, fingerprint)
    write_bytes(folder / CONFIG, text)
    return fingerprint, run_trials(folder, question, folder / CONFIG, listener, options=trials)
