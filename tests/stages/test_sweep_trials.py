"""Trials of a sweep: ordinary runs, shared by processes, and taken up again where one is killed."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.chain import read, tilewright
from tests.postgres import running_postgres

optuna = pytest.importorskip("optuna")

AXES = ("--axis", "model.weight_bits=2..4", "--axis", "array.rows=4,8")
WANTED = ("--objective", "accuracy", "--objective", "weight_bits", "--objective", "cycles")
QUICK = ("train.epochs=1", "train.warmup_epochs=0", "recover.samples=1")
SET = tuple(word for value in QUICK for word in ("--set", value))


def _arguments(out, *more):
    return [
        "sweep",
        "--out",
        str(out),
        *AXES,
        *WANTED,
        *SET,
        "--margin",
        "1",
        "--heartbeat",
        "1",
        *more,
    ]


def _start(arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "tilewright", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def _held_by(process, out):
    """The trial that a process is training, once its first batches are done."""
    for lock in out.glob("trials/*/.lock"):
        if (
            f"(process {process.pid} on" in lock.read_text()
            and (lock.parent / "config.toml").exists()
        ):
            return int(lock.parent.name)
    return None


def _attempts(url, name):
    storage = optuna.storages.RDBStorage(url)
    study = optuna.load_study(study_name=name, storage=storage)
    found = [trial for trial in study.get_trials() if trial.params]
    storage.remove_session()
    storage.engine.dispose()
    return found


def _check_all_are_there_once(out, url, name):
    done = [one for one in _attempts(url, name) if one.state == optuna.trial.TrialState.COMPLETE]
    assert sorted(one.params["model.weight_bits"] for one in done) == ["2", "3", "4"]
    assert sorted(path.name for path in (out / "trials").iterdir()) == ["000", "001", "002"]
    facts = read(out / "study.json")
    assert (facts["points"], facts["trained"]) == (6, ["model.weight_bits"])


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'shared.db'}"
        return
    pytest.importorskip("psycopg")
    with running_postgres() as url:
        yield url


def test_a_killed_process_loses_no_trial_and_doubles_none(database, tmp_path):
    out = tmp_path / "study"
    arguments = _arguments(out, "--storage", database)
    victim, other = _start(arguments), _start(arguments)
    try:
        trial, until = None, time.monotonic() + 600
        while trial is None and time.monotonic() < until and victim.poll() is None:
            trial = _held_by(victim, out)
            time.sleep(0.02)
        assert trial is not None, victim.stdout.read()
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        told, _ = other.communicate(timeout=900)
    finally:
        for process in (victim, other):
            process.kill()
            process.wait()
            process.stdout.close()
    assert other.returncode == 0, told
    name = str(out.resolve())
    _check_all_are_there_once(out, database, name)
    states = [one.state.name for one in _attempts(database, name)]
    assert sorted(states) == ["COMPLETE", "COMPLETE", "COMPLETE", "FAIL"]
    (failed,) = [one for one in _attempts(database, name) if one.state.name == "FAIL"]
    retried = [
        one for one in _attempts(database, name) if one.system_attrs.get("failed_trial") == trial
    ]
    assert (failed.number, [one.state.name for one in retried]) == (trial, ["COMPLETE"])


def test_a_study_goes_on_and_a_second_time_nothing_is_trained(tmp_path, monkeypatch):
    from tilewright.studies.sweep import training

    out, right, begun = tmp_path / "study", training.run_stage, []

    def interrupt(stage, run, listener):
        begun.append((stage, run.root.name))
        if len(begun) == 3:
            raise KeyboardInterrupt
        return right(stage, run, listener)

    monkeypatch.setattr(training, "run_stage", interrupt)
    done = tilewright(*_arguments(out))
    assert done.returncode == 130
    assert "give the same command again to go on" in done.stderr
    done = tilewright(*_arguments(out))
    assert done.returncode == 0, done.stderr
    url = f"sqlite:///{out / 'trials.db'}"
    _check_all_are_there_once(out, url, "trials")
    assert begun == [
        *(("train", "000"), ("recover", "000"), ("train", "001")),
        *(("train", "002"), ("recover", "002"), ("train", "001"), ("recover", "001")),
    ]
    starts = [(out / "trials" / name / "config.toml").read_text() for name in ("000", "001", "002")]
    assert 'start = ""' in starts[0]  # 4 bits, from nothing
    assert all(f'start = "{out}/trials/000"' in text for text in starts[1:])
    facts = read(out / "study.json")
    assert tilewright(*_arguments(out)).returncode == 0
    assert len(begun) == 7
    again = read(out / "study.json")
    assert (again["set"], again["points"]) == (facts["set"], 6)
    for changed, message in (
        (("--set", "train.lr=0.01"), "holds a study of another network"),
        (
            ("--axis", "model.weight_bits=3..4"),
            "holds trials along model.weight_bits with other values",
        ),
    ):
        done = tilewright(*_arguments(out, *changed))
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert message in done.stderr


def test_a_hopeless_trial_is_given_up_and_counts_no_more(tmp_path, monkeypatch):
    from tilewright.errors import TrainingError
    from tilewright.studies.sweep import trials

    def worse(root, config, listener, *, rivals, margin):
        if config.model.weight_bits == 4:
            return right(root, config, listener, rivals=rivals, margin=margin)
        raise TrainingError("the loss must stay finite, but was not")

    right = trials.train_trial
    monkeypatch.setattr(trials, "train_trial", worse)
    done = tilewright(*_arguments(tmp_path / "study"))
    assert done.returncode == 0, done.stderr
    assert "trial 1 given up: the loss must stay finite, but was not" in done.stdout
    assert read(tmp_path / "study" / "study.json")["points"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--storage", "postgresql://me:secret@127.0.0.1:1/x"],
            "cannot use the database postgresql://me:***@127.0.0.1:1/x",
        ),
        (["--storage", "mysql+oursql://127.0.0.1/x"], "cannot use the database mysql+oursql://"),
        (["--storage", "mysql://127.0.0.1/x"], "the database mysql://127.0.0.1/x needs MySQLdb"),
        (["--storage", "nonsense"], "cannot use the database 'nonsense'"),
        (
            ["--axis", "model.weight_bits=1"],
            "--set: model.weight_bits: input should be greater than",
        ),
    ],
)
def test_bad_input_is_one_line(tmp_path, arguments, message):
    if "postgresql" in arguments[1]:
        pytest.importorskip("psycopg")
    done = tilewright(*_arguments(tmp_path / "study", *arguments))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert message in done.stderr
    assert "secret" not in done.stderr
    assert not (tmp_path / "study").exists()  # the question can be asked there in another way
