"""Whose turn it is: which trials of a study wait, which run, and which were broken off."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.trial import FrozenTrial, TrialState


class Storage(RDBStorage):
    """Optuna's database, in which no trial is dead whose process is known to live, however silent."""

    lives: Callable[[FrozenTrial], bool]
    """Whether a process of this machine, or of one that shares the folder, holds the trial's run folder."""

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        silent = super()._get_stale_trial_ids(study_id)
        return [one for one in silent if not self.lives(self.get_trial(one))]


def beat(storage: RDBStorage, study: optuna.Study, number: int) -> None:
    """A sign of life of trial `number`, at once: Optuna's own thread gives them when it is scheduled."""
    name = storage.get_study_id_from_name(study.study_name)
    storage.record_heartbeat(storage.get_trial_id_from_study_id_trial_number(name, number))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; the kernel gives the lock back however a process ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def enqueue(study: optuna.Study, grid: Sequence[Mapping[str, Any]], count: int) -> None:
    """Let every trial wait that never was, and each again that was broken off by an error or Ctrl-C."""
    wanted = [{key: json.dumps(value) for key, value in one.items()} for one in grid] or [
        {}
    ] * count
    known = attempts(study)
    for fixed in wanted[len(known) :]:
        study.enqueue_trial(fixed)
    again = RetryHeartbeatStaleTrialCallback()
    for ones in known.values():
        last = ones[-1]
        if last.state == TrialState.FAIL and last.user_attrs.get("broken_off"):
            again(study, last)


def attempts(study: optuna.Study) -> dict[int, list[FrozenTrial]]:
    """All attempts at each trial, in order, by the number of the first."""
    found: dict[int, list[FrozenTrial]] = {}
    for one in study.get_trials(deepcopy=False):
        if "fixed_params" in one.system_attrs:
            found.setdefault(origin(one), []).append(one)
    return found


def origin(trial: FrozenTrial) -> int:
    """The number of the first attempt at a trial."""
    first: int | None = RetryHeartbeatStaleTrialCallback.retried_trial_number(trial)
    return trial.number if first is None else first


def finished(study: optuna.Study) -> int:
    """How many trials came to their end: trained, or given up."""
    ends = (TrialState.COMPLETE, TrialState.PRUNED)
    return sum(ones[-1].state in ends for ones in attempts(study).values())


def work_off(
    study: optuna.Study,
    trial_of: Any,
    heartbeat: float,
    lock: Path,
    *,
    lives: Callable[[FrozenTrial], bool] = lambda _: False,
    hear: Callable[[int], None] = lambda _: None,
) -> None:
    """Take one trial after the other; where others still train, wait for them or for their silence.

    lives: whether a trial's process is known to live, as in `Storage`. hear: gets how many are `finished`
    after each of them.
    """
    while True:
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        if TrialState.WAITING in states:
            _take_one(study, trial_of)
            hear(finished(study))
        elif TrialState.RUNNING in states:
            time.sleep(heartbeat / 2)
            fail_stale_trials(study)
            with locked(lock):
                _retry_unheard(study, lives, grace_s=2 * heartbeat)
        else:
            return


def _take_one(study: optuna.Study, trial_of: Any) -> None:
    """Run the next trial. One that others took for dead before it had its folder is theirs: it ends here."""
    lost = False

    def objective(trial: optuna.Trial) -> Any:
        nonlocal lost
        try:
            return trial_of(trial)
        except UpdateFinishedTrialError:
            lost = True
            raise

    try:
        study.optimize(objective, n_trials=1)
    except ValueError:  # Optuna's word for a trial whose end another process told
        if not lost:
            raise


def _retry_unheard(
    study: optuna.Study, lives: Callable[[FrozenTrial], bool], *, grace_s: float
) -> None:
    """Let trials wait again whose process ended before it gave its first sign of life.

    Optuna looks for silence after a sign only. `_Work.run` notes the values of a trial after the first one.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        begun = trial.datetime_start
        age = (datetime.now() - begun).total_seconds() if begun else 0.0
        if "values" not in trial.user_attrs and age > grace_s and not lives(trial):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            if "fixed_params" in trial.system_attrs:
                RetryHeartbeatStaleTrialCallback()(study, trial)
