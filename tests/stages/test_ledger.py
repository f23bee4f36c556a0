"""`evaluate --ledger`: each network's count is entered once, and counted once."""

import json

import pytest

from tests.chain import read, tilewright
from tests.forgery import reseal
from tilewright.config import Config
from tilewright.pipeline.ledger import recipe_sha256
from tilewright.pipeline.run_folder import RunFolder


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "ledger.jsonl"


def lines(ledger):
    return [json.loads(line) for line in ledger.read_text().splitlines()]


def test_the_recorded_count_is_entered_and_the_test_set_not_read_again(run, ledger):
    recorded = read(run / "01_train" / "evaluate.json")
    nowhere = ("--data-dir", run / "absent")
    for said in ("entered in", "has this network already"):
        done = tilewright("evaluate", run, "--ledger", ledger, *nowhere)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
        assert f"recorded: {recorded['correct']} of 360" in done.stdout
    (line,) = lines(ledger)
    trained = read(run / "01_train" / "train.json")
    assert (line["correct"], line["images"]) == (recorded["correct"], recorded["images"])
    assert line["seed"] == trained["provenance"]["seed"] == 0
    assert line["settings"] == trained["provenance"]["settings_sha256"]
    assert line["holdout_accuracy"] == trained["holdout_accuracy"]
    assert line["epochs"] == sum(phase["epochs"] for phase in trained["phases"])
    config = RunFolder(run).config()
    assert line["recipe"] == recipe_sha256(config)
    epochs = [
        json.loads(text)["holdout_accuracy"]
        for text in (run / "01_train" / "metrics.jsonl").read_text().splitlines()
    ]
    assert line["holdout_by_epoch"] == [round(rate, 6) for rate in epochs]
    manifest = read(run / "01_train" / "checkpoint.json")
    assert line["network"] == manifest["files"]["best"]["sha256"]
    assert read(run / "01_train" / "evaluate.json") == recorded


def test_a_run_that_was_not_counted_is(run, ledger):
    (run / "01_train" / "evaluate.json").unlink()
    done = tilewright("evaluate", run, "--ledger", ledger, "--json")
    assert done.returncode == 0, done.stderr
    assert lines(ledger)[0]["correct"] == json.loads(done.stdout)["correct"]


def test_another_count_of_the_same_network_is_refused(run, ledger):
    assert tilewright("evaluate", run, "--ledger", ledger).returncode == 0
    before = ledger.read_text()
    path = run / "01_train" / "evaluate.json"
    reseal(path, correct=read(path)["correct"] - 1)
    done = tilewright("evaluate", run, "--ledger", ledger)
    assert done.returncode == 2
    assert "but the run counted" in done.stderr
    assert ledger.read_text() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}\n", "but line 1 is none"),
        ("\nno JSON\n", "but line 2 is none"),
        ("twice", "must have one line for each network"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_before_anything_is_counted(
    run, ledger, content, message
):
    if content == "twice":
        assert tilewright("evaluate", run, "--ledger", ledger).returncode == 0
        content = 2 * ledger.read_text()
    ledger.write_text(content)
    (run / "01_train" / "evaluate.json").unlink()
    done = tilewright("evaluate", run, "--ledger", ledger)
    assert done.returncode == 2
    assert message in done.stderr
    assert ledger.read_text() == content
    assert not (run / "01_train" / "evaluate.json").exists()


def recipe(**sections):
    return recipe_sha256(Config.model_validate(sections))


def test_seeds_folders_and_threads_are_one_recipe():
    train = {"seed": 3, "threads": 2, "device": "auto", "epochs": Config().train.epochs}
    assert recipe(train=train, data={"dir": "elsewhere"}, recover={"samples": 20}) == recipe()


@pytest.mark.parametrize(
    "sections",
    [
        {"train": {"lr": 0.051}},
        {"model": {"act_bits": 2}},
        {"data": {"holdout": 500}},
        {"phases": ({"name": "float", "float": True},)},
    ],
)
def test_what_decides_the_weights_is_another_recipe(sections):
    assert recipe(**sections) != recipe()
