import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.train import killed_training
from tests.unit.train.digits_subset import RECIPE, SPEC, few_digits
from tilewright.errors import ArtifactError
from tilewright.train import Notice, Progress, evaluate, load_trained, read_metrics, train_network

EPOCHS = RECIPE.epochs


@pytest.fixture(scope="module")
def data():
    return few_digits()


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """A run that was never interrupted."""
    folder = tmp_path_factory.mktemp("finished")
    train_network(SPEC, data, folder=folder, recipe=RECIPE)
    return folder


def state_of(folder):
    """Name of the state file, which holds the hash of its content."""
    (path,) = folder.glob("state-*.safetensors")
    return path.name


def interrupt_after(epochs, error):
    """A listener that raises when that many epochs are done."""

    def listener(event):
        if (
            isinstance(event, Progress)
            and event.holdout_accuracy is not None
            and event.epoch == epochs
        ):
            raise error

    return listener


def interrupted(folder, data, *, epochs=1, **values):
    with pytest.raises(KeyboardInterrupt):
        train_network(
            SPEC,
            data,
            folder=folder,
            recipe=RECIPE,
            listener=interrupt_after(epochs, KeyboardInterrupt()),
            **values,
        )


def test_a_training_killed_at_many_moments_ends_with_identical_weights(tmp_path):
    """SIGKILL in the middle of writes, again and again in one folder; mid-epoch checkpoints too."""
    script = Path(killed_training.__file__)
    root = script.parents[3]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    ended = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["kills"] == len(killed_training.KILL_AFTER_CALLS)
    assert found["killed"] == found["whole"]
    assert [line["epoch"] for line in read_metrics(tmp_path / "killed")] == [1, 2, 3]
    left = {path.name.partition("-")[0] for path in (tmp_path / "killed").iterdir()}
    assert left == {"best", "checkpoint.json", "metrics.jsonl", "state", "training.json"}


def test_an_interrupt_leaves_a_run_that_goes_on(data, finished, tmp_path):
    interrupted(tmp_path, data, epochs=2)
    result = train_network(SPEC, data, folder=tmp_path, recipe=RECIPE)
    assert state_of(tmp_path) == state_of(finished)
    assert load_trained(tmp_path).spec == SPEC
    assert evaluate(load_trained(tmp_path), data.holdout) == result.holdout


def test_a_finished_run_is_not_trained_again(data, finished):
    before = state_of(finished), read_metrics(finished)
    result = train_network(SPEC, data, folder=finished, recipe=RECIPE)
    assert (state_of(finished), read_metrics(finished)) == before
    assert result.holdout.images == 20


@pytest.mark.parametrize(
    ("spec", "recipe", "message"),
    [
        (
            replace(SPEC, act_bits=2),
            RECIPE,
            r"model act_bits = 4, but 2 is asked for: give another folder",
        ),
        (replace(SPEC, choke_width=4), RECIPE, r"model choke_width = 8, but 4 is asked for"),
        (SPEC, replace(RECIPE, lr=1.0), r"recipe lr = 0\.05, but 1\.0 is asked for"),
    ],
)
def test_a_folder_with_another_training_is_refused_in_one_line(
    data, finished, spec, recipe, message
):
    with pytest.raises(ArtifactError, match=message) as caught:
        train_network(spec, data, folder=finished, recipe=recipe)
    assert "\n" not in str(caught.value)


def test_another_data_set_is_refused(data, finished):
    other = replace(data, train=data.holdout)
    with pytest.raises(ArtifactError, match=r"data sha256 = '[0-9a-f]{64}', but "):
        train_network(SPEC, other, folder=finished, recipe=RECIPE)


def test_another_thread_count_is_noticed(data, finished):
    events = []
    train_network(SPEC, data, folder=finished, recipe=RECIPE, threads=2, listener=events.append)
    (notice,) = events
    assert isinstance(notice, Notice)
    assert notice.message.startswith("this run began with 1 threads and goes on with 2: ")


@pytest.mark.parametrize("role", ["state", "best"])
def test_a_flipped_bit_in_a_tensor_file_is_found(data, tmp_path, role):
    interrupted(tmp_path, data)
    (path,) = tmp_path.glob(f"{role}-*")
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    message = rf"{path.name} must have sha256 [0-9a-f]{{64}}, as checkpoint.json says, but has "
    read = {
        "state": lambda: train_network(SPEC, data, folder=tmp_path, recipe=RECIPE),
        "best": lambda: load_trained(tmp_path),
    }
    with pytest.raises(ArtifactError, match=message):
        read[role]()


def test_a_missing_tensor_file_is_named(data, tmp_path):
    interrupted(tmp_path, data)
    (path,) = tmp_path.glob("best-*")
    path.unlink()
    with pytest.raises(ArtifactError, match=rf"^cannot read .*{path.name}: No such file"):
        load_trained(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "stimulus", "version": 1}'])
def test_a_damaged_manifest_is_an_error_and_no_traceback(tmp_path, content):
    (tmp_path / "checkpoint.json").write_text(content)
    with pytest.raises(ArtifactError, match=r"checkpoint\.json must "):
        load_trained(tmp_path)


def test_an_empty_folder_holds_no_network(tmp_path):
    with pytest.raises(
        ArtifactError, match=r"holds no trained network: run the training that writes it$"
    ):
        load_trained(tmp_path)


def test_weights_of_another_network_are_refused_in_one_line(finished, tmp_path):
    """Sabotage: the manifest claims another chokepoint than its tensors have."""
    for path in finished.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    manifest = tmp_path / "checkpoint.json"
    manifest.write_text(manifest.read_text().replace('"choke_width": 8', '"choke_width": 4'))
    with pytest.raises(
        ArtifactError, match=r"holds the weights of another network: .*features\.12"
    ) as caught:
        load_trained(tmp_path)
    assert "\n" not in str(caught.value)
    manifest.write_text(manifest.read_text().replace('"vgg_tiny"', '"vgg_huge"'))
    with pytest.raises(
        ArtifactError, match=r"describes no valid model: there is no model 'vgg_huge'"
    ):
        load_trained(tmp_path)


def test_a_full_disk_leaves_the_old_checkpoint(data, finished, tmp_path, monkeypatch):
    interrupted(tmp_path, data)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ArtifactError, match=r"^cannot write .*: No space left on device"):
            train_network(SPEC, data, folder=tmp_path, recipe=RECIPE, checkpoint_seconds=0)
    for name in before:
        if not name.startswith("metrics"):
            assert (tmp_path / name).read_bytes() == before[name]
    train_network(SPEC, data, folder=tmp_path, recipe=RECIPE)
    assert state_of(tmp_path) == state_of(finished)
