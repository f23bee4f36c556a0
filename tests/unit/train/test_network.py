import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.unit.train.digits_subset import RECIPE, SPEC, few_digits
from tilewright.data import Split
from tilewright.errors import ConfigError, DataError, TrainingError
from tilewright.train import (
    Accuracy,
    Progress,
    evaluate,
    load_trained,
    loss,
    predict,
    read_metrics,
    train_network,
)
from tilewright.train.run import Tally


@pytest.fixture(scope="module")
def data():
    return few_digits()


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    events = []
    result = train_network(SPEC, data, folder=folder, recipe=RECIPE, listener=events.append)
    return result, events


def test_the_summary_says_where_the_result_comes_from(trained):
    result, _ = trained
    facts = json.loads((result.folder / "training.json").read_text())
    assert facts["best_epoch"] == result.best_epoch
    assert facts["holdout"] == {
        "images": 20,
        "correct": result.holdout.correct,
        "rate": result.holdout.correct / 20,
    }
    assert facts["settings"]["model"]["choke_width"] == 8
    assert facts["settings"]["recipe"]["batch_size"] == 16
    provenance = facts["provenance"]
    assert provenance["threads"] == 1
    assert provenance["device"].startswith("cpu: ")
    assert provenance["versions"]["torch"] == torch.__version__
    assert len(provenance["settings_sha256"]) == 64
    assert provenance["wall_seconds"] > 0


def test_metrics_have_one_line_an_epoch(trained):
    result, _ = trained
    lines = read_metrics(result.folder)
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert set(lines[0]) == {
        "epoch",
        "loss",
        "train_accuracy",
        "holdout_accuracy",
        "lr",
        "seconds",
        "images_per_second",
    }
    assert lines[-1]["lr"] == 0
    assert lines[2]["loss"] < lines[0]["loss"]


def test_the_best_epoch_is_chosen_on_the_holdout_and_of_equals_the_later(trained, data):
    result, _ = trained
    correct = [round(20 * line["holdout_accuracy"]) for line in read_metrics(result.folder)]
    assert result.holdout == Accuracy(20, max(correct))
    assert result.best_epoch == 3 - correct[::-1].index(max(correct))
    assert evaluate(load_trained(result.folder), data.holdout) == result.holdout


def test_the_test_set_is_never_looked_at(data, tmp_path):
    """Other test images, the same weights."""
    blank = Split(np.zeros_like(data.test.images), data.test.labels)
    recipe = replace(RECIPE, epochs=1)
    names = []
    for name, test in (("as it is", data.test), ("blank", blank)):
        train_network(SPEC, replace(data, test=test), folder=tmp_path / name, recipe=recipe)
        names.append([path.name for path in (tmp_path / name).glob("best-*")])
    assert names[0] == names[1] != []


def test_progress_ends_each_epoch_with_rate_and_time_left(trained):
    _, events = trained
    ends = [e for e in events if isinstance(e, Progress) and e.holdout_accuracy is not None]
    assert [(e.epoch, e.epochs, e.batch, e.batches) for e in ends] == [
        (1, 3, 3, 3),
        (2, 3, 3, 3),
        (3, 3, 3, 3),
    ]
    assert all(e.images_per_second > 0 for e in ends)
    assert ends[0].eta_seconds > ends[-1].eta_seconds == 0


def test_a_loss_that_is_not_finite_names_epoch_and_batch(data, tmp_path, monkeypatch):
    """The seventh batch is epoch 3, batch 1; the checkpoint of epoch 2 is kept."""
    calls, cross_entropy = [], loss.functional.cross_entropy

    def failing(*arguments, **values):
        calls.append(1)
        return cross_entropy(*arguments, **values) * (float("nan") if len(calls) == 7 else 1)

    monkeypatch.setattr(loss.functional, "cross_entropy", failing)
    message = (
        r"^the loss must stay finite, but was not in epoch 3, batch 1: lower lr; the last good"
    )
    with pytest.raises(TrainingError, match=message):
        train_network(SPEC, data, folder=tmp_path, recipe=RECIPE)
    assert json.loads((tmp_path / "checkpoint.json").read_text())["epoch"] == 2
    load_trained(tmp_path)


def test_a_network_that_forgets_all_stops_its_training(data, tmp_path, monkeypatch):
    """All images are recognized in epoch 1 and none in epoch 2; a run that goes on knows of epoch 1."""
    size = RECIPE.batch_size

    def add(tally, batch, loss, correct):
        del batch, loss
        tally.correct += size if is_learned else 0

    is_learned = True
    monkeypatch.setattr(Tally, "add", add)
    train_network(SPEC, data, folder=tmp_path, recipe=replace(RECIPE, epochs=1))
    is_learned = False
    message = (
        r"^the network must keep what it learned, but recognized 0\.0 % .* epoch 2, after 100\.0 %"
    )
    with pytest.raises(TrainingError, match=message):
        train_network(SPEC, data, folder=tmp_path, recipe=RECIPE)
    assert json.loads((tmp_path / "checkpoint.json").read_text())["epoch"] == 1


def test_a_training_uses_its_own_seed_and_leaves_that_of_others(data, tmp_path):
    states = []
    for run in range(2):
        torch.manual_seed(run)
        before, threads = torch.get_rng_state(), torch.get_num_threads()
        train_network(SPEC, data, folder=tmp_path / str(run), recipe=replace(RECIPE, epochs=1))
        assert torch.equal(before, torch.get_rng_state())
        assert torch.get_num_threads() == threads
        states.append([path.name for path in (tmp_path / str(run)).glob("state-*")])
    assert states[0] == states[1]


def test_sizes_that_do_not_fit_are_refused(data, tmp_path):
    with pytest.raises(ConfigError, match=r"a class for each of the 10 of few digits, but has 9$"):
        train_network(replace(SPEC, classes=9), data, folder=tmp_path, recipe=RECIPE)
    with pytest.raises(ConfigError, match=r"^threads must be at least 1, not 0$"):
        train_network(SPEC, data, folder=tmp_path, recipe=RECIPE, threads=0)
    small = Split(data.train.images[:, :, :8], data.train.labels)
    with pytest.raises(DataError, match=r"images \(3, 32, 32\), not \(48, 3, 8, 32\)$"):
        train_network(SPEC, replace(data, train=small), folder=tmp_path, recipe=RECIPE)


def test_predictions_do_not_depend_on_the_batch_size(trained, data):
    model = load_trained(trained[0].folder)
    whole = predict(model, data.test.images)
    assert (whole == predict(model, data.test.images, batch_size=3)).all()
    assert evaluate(model, data.test) == Accuracy(20, int((whole == data.test.labels).sum()))


def test_an_accuracy_is_a_fraction_of_something():
    assert Accuracy(8, 2).rate == 0.25
    for images, correct in ((0, 0), (3, 4), (3, -1)):
        with pytest.raises(DataError, match=r"^an accuracy needs 1 image or more"):
            Accuracy(images, correct)
