"""A trial is taken up by another process where its own was killed, and only there."""

from contextlib import ExitStack

import pytest

optuna = pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings(
    "ignore::optuna.exceptions.ExperimentalWarning", "ignore:Heartbeat of storage:UserWarning"
)

from optuna.storages import fail_stale_trials  # noqa: E402
from optuna.trial import TrialState  # noqa: E402

from tilewright.pipeline.run_lock import locked_run  # noqa: E402
from tilewright.studies.sweep import queue, trials  # noqa: E402
from tilewright.studies.sweep.axes import read_question  # noqa: E402


@pytest.fixture
def study(tmp_path):
    """Two trials, the first of them begun by a process that is no more."""
    question = read_question(None, ["model.weight_bits=2,4"], ["accuracy"], [])
    base = tmp_path / "config.toml"
    base.write_text("")
    with ExitStack() as stack:
        made, storage = trials._open_study(
            tmp_path, question, f"sqlite:///{tmp_path}/trials.db", base,
            options=trials.TrialOptions(heartbeat=1), stack=stack,
        )  # fmt: skip
        queue.enqueue(made, [{"model.weight_bits": 4}, {"model.weight_bits": 2}], 0)
        made.ask()
        yield made, storage


def objective(study, storage, trial):
    queue.beat(storage, study, trial.number)
    trial.set_user_attr("values", {})
    return float(trial.suggest_categorical("model.weight_bits", ["4", "2"]))


def test_it_is_retried_once(study, tmp_path):
    made, storage = study
    told = []
    work = (made, lambda trial: objective(made, storage, trial), 0.01, tmp_path / trials.LOCK)
    queue.work_off(*work, hear=told.append)
    assert told == [1, 2]
    states = [trial.state for trial in made.get_trials()]
    assert states == [TrialState.FAIL, TrialState.COMPLETE, TrialState.COMPLETE]
    attempts = queue.attempts(made)
    assert {number: len(ones) for number, ones in attempts.items()} == {0: 2, 1: 1}
    assert attempts[0][-1].params == {"model.weight_bits": "4"}


def test_optuna_alone_would_wait_for_ever(study, tmp_path, monkeypatch):
    """Sabotage: without the search for trials that were never heard."""
    made, storage = study
    naps = []

    def nap(seconds):
        naps.append(seconds)
        if len(naps) == 5:
            raise TimeoutError

    monkeypatch.setattr(queue, "_retry_unheard", lambda *_, **__: None)
    monkeypatch.setattr(queue.time, "sleep", nap)
    with pytest.raises(TimeoutError):
        queue.work_off(
            made, lambda trial: objective(made, storage, trial), 0.01, tmp_path / trials.LOCK
        )


def test_one_that_was_heard_or_has_just_begun_is_left_alone(study):
    made, storage = study
    queue._retry_unheard(made, storage.lives, grace_s=1000)
    heard = made.ask()
    heard.set_user_attr("values", {})
    queue._retry_unheard(made, storage.lives, grace_s=-1)
    states = [trial.state for trial in made.get_trials()]
    assert states == [TrialState.FAIL, TrialState.RUNNING, TrialState.WAITING]


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_silent_one_whose_folder_is_held_keeps_its_trial(study, tmp_path, monkeypatch, is_heard):
    """As long as the kernel says that its process lives; after that, it is retried."""
    made, storage = study
    first = made.get_trials()[0]
    if is_heard:
        queue.beat(storage, made, first.number)
        made._storage.set_trial_user_attr(first._trial_id, "values", {})
    monkeypatch.setattr(storage, "grace_period", -100)

    def look():
        fail_stale_trials(made)
        queue._retry_unheard(made, storage.lives, grace_s=-100)
        return [trial.state for trial in made.get_trials()]

    with locked_run(trials.trial_folder(tmp_path, first.number), "sweep"):
        assert look() == [TrialState.RUNNING, TrialState.WAITING]
    assert look() == [TrialState.FAIL, TrialState.WAITING, TrialState.WAITING]


def test_one_that_others_took_for_dead_is_theirs(study, tmp_path):
    made, storage = study
    begun = []

    def taken_over(trial):
        begun.append(trial.number)
        if len(begun) == 1:
            storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        return objective(made, storage, trial)

    queue.work_off(made, taken_over, 0.01, tmp_path / trials.LOCK)
    states = [trial.state for trial in made.get_trials()]
    assert states == [TrialState.FAIL, TrialState.FAIL, TrialState.COMPLETE]
    assert begun == [1, 2]


def test_an_error_of_a_trial_stays_one(study, tmp_path):
    made, _ = study

    def broken(_):
        raise ValueError("no such shape")

    with pytest.raises(ValueError, match="no such shape"):
        queue.work_off(made, broken, 0.01, tmp_path / trials.LOCK)
