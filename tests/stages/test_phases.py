"""Training in phases, as a user meets it: float, then W4A4, then W4A2 from its weights."""

import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.chain import read, tilewright

PHASES = """
[model]
act_bits = 2

[train]
epochs = 2
batch_size = 128
warmup_epochs = 1.0
teacher = "w4a4"
ema_decay = 0.9
norm_images = 200

[[phases]]
name = "float"
float = true
train = { epochs = 1, selection = "last" }

[[phases]]
name = "w4a4"
model = { act_bits = 4 }
train = { epochs = 1, teacher = "float" }
"""

ONE_PHASE = (
    *("train.schedule=constant", "train.warmup_epochs=0", "train.batch_size=128"),
    *("train.ema_decay=0.9", "train.norm_images=200"),
)
"""As the last phase is trained, but at a constant rate."""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "phases.toml"
    path.write_text(PHASES)
    return path


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("phases") / "run"
    done = tilewright("train", config, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def weights(folder):
    (path,) = (folder / "01_train").glob("best-*.safetensors")
    return path.read_bytes()


def test_every_phase_starts_from_the_one_before_and_says_what_it_took(finished):
    phases = read(finished / "01_train/train.json")["phases"]
    bits = [(phase["name"], phase["weight_bits"], phase["act_bits"]) for phase in phases]
    assert bits == [("float", 32, 32), ("w4a4", 4, 4), ("", 4, 2)]
    origins = []
    for place in ("01_train/w4a4", "01_train"):
        start = read(finished / place / "start.json")
        origins.append(start["origin"])
        fates = {entry["name"]: entry for entry in start["tensors"]}
        assert fates["features.0.weight"]["fate"] == "loaded"
    assert [origin.rpartition("/")[2] for origin in origins] == ["float", "w4a4"]
    act = fates["features.4.act_quantizer.step"]
    assert (act["fate"], act["reason"]) == ("fresh", "u4 (0..15) there, u2 (0..3) here")
    assert fates["features.4.weight_quantizer.step"]["fate"] == "loaded"
    assert not (finished / "01_train/float/start.json").exists()


def test_a_run_killed_in_its_last_phase_ends_with_the_same_weights(config, finished, tmp_path):
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "tilewright", "train", str(config), "--out", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not (folder / "01_train/start.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert not (folder / "01_train/train.json").exists()
    done = tilewright("train", config, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert weights(folder) == weights(finished)


def test_a_run_at_a_constant_rate_can_end_early(finished, tmp_path):
    """No epoch depends on those to come: two of three epochs are the run of two."""
    values = ("model.act_bits=2", f"train.teacher={finished}", *ONE_PHASE)
    options = [word for value in values for word in ("--set", value)]
    folders = [tmp_path / name for name in ("two", "three")]
    for folder, epochs in zip(folders, (2, 3), strict=True):
        words = ("train", "--out", folder, *options, "--set", f"train.epochs={epochs}")
        done = tilewright(*words)
        assert done.returncode == 0, done.stderr
    done = tilewright("train", "--out", folders[0], *options, "--set", "train.epochs=3")
    assert done.returncode == 0, done.stderr
    assert weights(folders[0]) == weights(folders[1])
    done = tilewright("train", "--out", folders[1], *options, "--set", "train.epochs=2")
    assert (done.returncode, "recipe epochs = 3, but 2 is asked" in done.stderr) == (2, True)


def test_a_run_can_be_extended(config, finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "run")
    done = tilewright("train", config, "--out", folder, "--set", "train.epochs=3")
    assert done.returncode == 0, done.stderr
    assert "extended from 2 to 3 epochs, 2 done" in done.stdout
    lines = (folder / "01_train/metrics.jsonl").read_text().splitlines()
    assert len(lines) == 3
    done = tilewright("train", config, "--out", folder, "--set", "train.epochs=1")
    assert done.returncode == 2
    assert "holds a run with train.epochs = 3, not 1" in done.stderr


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("train.start=nowhere", "train.start must be the folder of a run or a packed network, but"),
        ("train.teacher=nobody", "train.teacher must be an earlier phase (float, w4a4), the"),
        ('train.teacher=["w4a4", "nobody"]', "but 'nobody' is none"),
    ],
)
def test_a_start_or_teacher_that_is_none_is_refused_before_training(
    config, tmp_path, override, words
):
    done = tilewright("train", config, "--out", tmp_path / "run", "--set", override)
    assert (done.returncode, done.stdout) == (2, "train\n")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
