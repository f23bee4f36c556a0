"""Trained axes: a trial is an ordinary run, and Optuna's storage says whose turn it is.

Every combination (or as many as are asked for) waits in the storage from the beginning; a process takes
one, and its heartbeat is heard while it trains. Where it falls silent, another process takes the trial up
again, in the same run folder, from the last checkpoint; unless the kernel says that the folder is still held:
then the process lives, and only its signs are late.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from tilewright.config import Config, load_config
from tilewright.errors import ConfigError, MissingPackageError, ToolError, TrainingError, printable
from tilewright.pipeline.run_folder import Listener
from tilewright.pipeline.run_lock import locked_run
from tilewright.programs.pace import Pace
from tilewright.store.folder_lock import is_held
from tilewright.studies.sweep.axes import OBJECTIVES, Question
from tilewright.studies.sweep.candidate import Candidate, open_candidate
from tilewright.studies.sweep.points import find_points
from tilewright.studies.sweep.queue import (
    Storage,
    attempts,
    beat,
    enqueue,
    finished,
    locked,
    origin,
    work_off,
)
from tilewright.studies.sweep.study import LOCK, TRIALS
from tilewright.studies.sweep.training import Hopeless, Rival, train_trial

DATABASE = "trials.db"
MOST_TRIALS = 100_000
MOST_RETRIES = 5


@dataclass(frozen=True, slots=True)
class TrialOptions:
    """How the trials run. storage: URL of Optuna's database; empty: a file in the study's folder.

    trials: how many are chosen by Optuna's sampler; 0: every combination. heartbeat: seconds between signs of
    life; twice as many without one, and a trial is retried. margin: a trial is given up if its hold-out
    accuracy is lower by so much than that of one that costs no more was in the same epoch. seed: of the
    sampler.
    """

    storage: str = ""
    trials: int = 0
    heartbeat: int = 60
    margin: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.trials <= MOST_TRIALS or self.heartbeat < 1 or not 0 <= self.margin <= 1:
            raise ConfigError(
                f"trials are 0..{MOST_TRIALS:,}, a heartbeat takes 1 s or more, and a margin is 0..1, "
                f"not {self}"
            )


def run_trials(
    folder: Path, question: Question, base: Path, listener: Listener, *, options: TrialOptions
) -> list[Candidate]:
    """Train whatever of the study is not trained yet, beside other processes; the trained networks.

    base: the configuration of all trials. Raises `ConfigError` for a combination that is no configuration,
    and `ToolError` if the database cannot be reached.
    """
    space = {
        key: {_name(value): value for value in values} for key, values in question.trained.items()
    }
    grid = [] if options.trials else _grid(question.trained)
    for values in grid:
        configured(base, values)
    url = options.storage or f"sqlite:///{folder / DATABASE}"
    try:
        with warnings.catch_warnings(), ExitStack() as stack:
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study, storage = _open_study(folder, question, url, base, options=options, stack=stack)
            with locked(folder / LOCK):
                enqueue(study, grid, options.trials)
            work = _Work(
                folder, question, base, space, options, listener, partial(beat, storage, study)
            )
            known = finished(study)
            pace = Pace(len(attempts(study)) - known, "trials")
            work_off(
                study,
                partial(work.run, study),
                options.heartbeat,
                folder / LOCK,
                lives=storage.lives,
                hear=lambda done: listener.progress(pace.line(done - known)),
            )
            done = _completed(study)
    except ImportError as error:  # the driver that the URL asks for
        driver = getattr(error.__cause__ or error, "name", None)
        problem = MissingPackageError.named(driver)
        raise problem or ToolError(
            f"the database {_shown(url)} needs {driver}: install the package that brings it, or name "
            "another driver, for example mysql+pymysql://..."
        ) from None
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise ToolError(f"cannot use the database {_shown(url)}: {_cause(error)}") from None
    if not done:
        raise ToolError(f"no trial of {folder} came to its end: its trials say why")
    return [_candidate(folder, number, done[number]) for number in sorted(done)]


def configured(base: Path, values: Mapping[str, Any], *more: str) -> Config:
    """The configuration in `base` with the values of a trial."""
    return load_config(base, (*(f"{key}={_name(one)}" for key, one in values.items()), *more))


def _name(value: Any) -> str:
    """A value as TOML, and as Optuna's name of it."""
    return json.dumps(value)


def _grid(axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All combinations, most bits first: fewer start from more."""
    ordered = [
        sorted(values, reverse=True)
        if key.endswith("_bits") and key != "model.layer_bits"
        else values
        for key, values in axes.items()
    ]
    count = math.prod(map(len, ordered))
    if count > MOST_TRIALS:
        raise ConfigError(
            f"a study has at most {MOST_TRIALS:,} trials, not {count:,}: give fewer values, or --trials"
        )
    return [dict(zip(axes, values, strict=True)) for values in product(*ordered)]


def _open_study(
    folder: Path,
    question: Question,
    url: str,
    base: Path,
    *,
    options: TrialOptions,
    stack: ExitStack,
) -> tuple[optuna.Study, Storage]:
    """The study in the database, whose connections are closed when `stack` ends."""
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    if not options.storage:
        folder.mkdir(parents=True, exist_ok=True)
    directions: list[Any] = [
        "minimize" if OBJECTIVES[name] > 0 else "maximize" for name in question.objectives
    ]
    with locked(folder / LOCK):  # two processes cannot make the tables of one database at a time
        storage = Storage(
            url,
            heartbeat_interval=options.heartbeat,
            grace_period=2 * options.heartbeat,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(MOST_RETRIES),
        )
        storage.lives = lambda trial: is_held(trial_folder(folder, origin(trial)))
        stack.callback(storage.engine.dispose)
        stack.callback(storage.remove_session)
        study = optuna.create_study(
            study_name=str(folder.resolve()) if options.storage else "trials",
            storage=storage,
            sampler=optuna.samplers.TPESampler(seed=options.seed),
            directions=directions,
            load_if_exists=True,
        )
        told = {"axes": _name(question.trained), "base": base.read_text(encoding="utf-8")}
        for key, text in told.items():
            if study.user_attrs.get(key, text) != text:
                raise ConfigError(
                    f"the database {_shown(url)} holds a study of another network or other axes for "
                    f"{folder}: give --out another folder, or another database"
                )
            study.set_user_attr(key, text)
    return study, storage


@dataclass(frozen=True, slots=True)
class _Work:
    """What a process needs to run a trial of the study. space: values of each axis by Optuna's name."""

    folder: Path
    question: Question
    base: Path
    space: Mapping[str, Mapping[str, Any]]
    options: TrialOptions
    listener: Listener
    beat: Callable[[int], None]

    def run(self, study: optuna.Study, trial: optuna.Trial) -> list[float]:
        """The objectives of a trial: its best on any array of the grid, and its accuracy."""
        frozen = study.get_trials(deepcopy=False)[trial.number]
        if "fixed_params" not in frozen.system_attrs:  # another process took the last one
            raise optuna.TrialPruned("spare")
        number = origin(frozen)
        folder = trial_folder(self.folder, number)
        with locked_run(
            folder,
            "sweep",
            wait=lambda owner: self.listener.say(f"trial {number}: waits for {owner}"),
        ):
            return self._run_held(study, trial, number)

    def _run_held(self, study: optuna.Study, trial: optuna.Trial, number: int) -> list[float]:
        values = {
            key: names[trial.suggest_categorical(key, list(names))]
            for key, names in self.space.items()
        }
        self.beat(trial.number)
        trial.set_user_attr("values", {key: _name(value) for key, value in values.items()})
        trial.set_user_attr("broken_off", value=False)
        try:
            return self._train(study, trial, number, values)
        except (Hopeless, TrainingError) as error:
            trial.set_user_attr("given_up", str(error))
            self.listener.say(f"trial {number} given up: {error}")
            raise optuna.TrialPruned(str(error)) from None
        except BaseException:
            with suppress(UpdateFinishedTrialError):
                trial.set_user_attr("broken_off", value=True)
            raise

    def _train(
        self, study: optuna.Study, trial: optuna.Trial, number: int, values: dict[str, Any]
    ) -> list[float]:
        done = _completed(study)
        config = configured(self.base, values)
        planned = self._planned(config, values)
        trial.set_user_attr("planned", planned)
        rivals = [
            Rival(first, tuple(one.user_attrs["holdout"]))
            for first, one in done.items()
            if all(a <= b for a, b in zip(one.user_attrs["planned"], planned, strict=True))
        ]
        start = None if config.phases or config.train.start else self._nearest(done, values)
        self.listener.say(
            f"trial {number}: {', '.join(f'{key} = {value}' for key, value in values.items())}"
            + (f", from trial {start}" if start is not None else "")
        )
        if start is not None:
            config = configured(
                self.base, values, f"train.start={_name(str(trial_folder(self.folder, start)))}"
            )
        holdout = train_trial(
            trial_folder(self.folder, number),
            config,
            self.listener,
            rivals=rivals,
            margin=self.options.margin,
        )
        trial.set_user_attr("holdout", holdout)
        found = _candidate(self.folder, number, study.get_trials(deepcopy=False)[trial.number])
        return self._figures(found)

    def _planned(self, config: Config, values: Mapping[str, Any]) -> list[float]:
        """The objectives but accuracy, as far as they are known before training; less is better in each."""
        from tilewright.studies.outlines import outlines_of

        names = [name for name in self.question.objectives if name != "accuracy"]
        figures = self._figures(Candidate(outlines_of(config), 0.0, values), names)
        return [OBJECTIVES[name] * one for name, one in zip(names, figures, strict=True)]

    def _figures(self, one: Candidate, names: Sequence[str] = ()) -> list[float]:
        columns = find_points([one], self.question.hardware, self.listener)
        found = []
        for name in names or self.question.objectives:
            figures = columns[name].astype(float)
            found.append(float(figures.min() if OBJECTIVES[name] > 0 else figures.max()))
        return found

    def _nearest(self, done: Mapping[int, FrozenTrial], values: Mapping[str, Any]) -> int | None:
        """The trained network with as many bits or more that differs least; None if there is none."""
        distances = []
        for number, one in done.items():
            theirs = {key: json.loads(text) for key, text in one.user_attrs["values"].items()}
            steps = [_distance(key, json.loads(_name(values[key])), theirs[key]) for key in values]
            if all(step is not None for step in steps):
                distances.append((sum(step for step in steps if step is not None), number))
        return min(distances)[1] if distances else None


def _distance(key: str, ours: Any, theirs: Any) -> int | None:
    """How far a start is along one axis; None if it has fewer bits."""
    if key.endswith("_bits") and isinstance(ours, int):
        return theirs - ours if theirs >= ours else None
    return 0 if ours == theirs else 100


def trial_folder(folder: Path, number: int) -> Path:
    """The run folder of a trial."""
    return folder / TRIALS / f"{number:03}"


def _completed(study: optuna.Study) -> dict[int, FrozenTrial]:
    return {
        first: ones[-1]
        for first, ones in attempts(study).items()
        if ones[-1].state == TrialState.COMPLETE
    }


def _candidate(folder: Path, number: int, trial: FrozenTrial) -> Candidate:
    found, _ = open_candidate(str(trial_folder(folder, number)))
    values = {key: json.loads(text) for key, text in trial.user_attrs["values"].items()}
    return Candidate(found.outlines, found.accuracy, values, trial=number)


def _shown(url: str) -> str:
    """The URL without its password."""
    try:
        return str(make_url(url).render_as_string(hide_password=True))
    except SQLAlchemyError:
        return repr(printable(url.rpartition("@")[2], 100))


def _cause(error: BaseException) -> str:
    inner = error.__cause__ or error
    lines = [line for line in str(getattr(inner, "orig", inner)).splitlines() if line.strip()]
    return printable(lines[0] if lines else type(inner).__name__, 300)
