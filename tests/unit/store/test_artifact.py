"""Files between the stages: atomic, hashed, and refused when they were altered."""

import json
import os

import numpy as np
import pytest

from tests.unit.spec.test_shapes import make_layer
from tilewright.errors import ArtifactError, UnknownNameError
from tilewright.spec import ConvShape, IntegerNetwork, MaxPool, Requantization, Stimulus
from tilewright.store.artifact import expect_file, read_artifact, write_artifact, write_bytes


@pytest.fixture
def stem(tmp_path):
    write_artifact(tmp_path / "thing.v1", "thing", {"a": np.arange(6).reshape(2, 3)}, {"fact": 1})
    return tmp_path / "thing.v1"


def test_an_artifact_comes_back(stem):
    arrays, facts = read_artifact(stem, "thing")
    assert arrays["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert facts["fact"] == 1
    assert sorted(path.name for path in stem.parent.iterdir()) == [
        "thing.v1.json",
        "thing.v1.safetensors",
    ]


def test_an_array_comes_back_whatever_its_order_in_memory(tmp_path):
    """safetensors.numpy writes memory as it lies: findings/safetensors_numpy_transposed.sh."""
    rows = np.arange(24, dtype=np.int8).reshape(4, 6)
    arrays = {"transposed": rows.T, "fortran": np.asfortranarray(rows), "columns": rows[:, ::2]}
    write_artifact(tmp_path / "thing.v1", "thing", arrays, {})
    read, _ = read_artifact(tmp_path / "thing.v1", "thing")
    assert {name: array.tolist() for name, array in read.items()} == {
        name: array.tolist() for name, array in arrays.items()
    }


def test_one_flipped_bit_is_found(stem):
    path = stem.with_name("thing.v1.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        ArtifactError, match=r"thing\.v1\.safetensors must have sha256 .* damaged or altered"
    ):
        read_artifact(stem, "thing")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"kind": "other", "version": 1}',
        '{"kind": "thing", "version": 2}',
    ],
)
def test_damaged_facts_are_one_clear_line(stem, text):
    stem.with_name("thing.v1.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"thing\.v1\.json must"):
        read_artifact(stem, "thing")


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(
        ArtifactError, match=r"^cannot read .*No such file.*run the stage that writes it$"
    ):
        read_artifact(tmp_path / "none", "thing")


def test_a_file_that_is_no_safetensors_file_is_refused(stem):
    facts = json.loads(stem.with_name("thing.v1.json").read_text())
    facts["sha256"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of b""
    stem.with_name("thing.v1.json").write_text(json.dumps(facts))
    stem.with_name("thing.v1.safetensors").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"is not a safetensors file"):
        read_artifact(stem, "thing")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtifactError, match=r"No space left on device; nothing was changed"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def network():
    link = Requantization(
        np.array([[1, 2, *[2**62] * 13], [3, *[2**62] * 14]]),
        np.array([1, -1]),
        "second",
        (MaxPool((2, 2), (2, 2)),),
        is_flattened=True,
    )
    shape = ConvShape(2, 4, 2, 2, 1, 1)
    first = make_layer([[1, -2], [3, 4]], name="first", shape=shape, requantizations=(link,))
    return IntegerNetwork((first, make_layer([[5, 6, 7, 1]], name="second", unlinked="the output")))


def test_a_network_comes_back(network, tmp_path):
    network.save(tmp_path / "network")
    loaded = IntegerNetwork.load(tmp_path / "network")
    assert [layer.name for layer in loaded.layers] == ["first", "second"]
    first, second = loaded.layers
    assert first.weight.tolist() == network.layers[0].weight.tolist()
    assert first.shape == network.layers[0].shape
    (link,) = first.requantizations
    assert link.thresholds[:, :2].tolist() == [[1, 2], [3, 2**62]]
    assert link.direction.tolist() == [1, -1]
    assert link.pools == (MaxPool((2, 2), (2, 2)),)
    assert (link.consumer, link.is_flattened) == ("second", True)
    assert (second.unlinked, second.requantizations) == ("the output", ())


def test_a_network_without_a_field_is_refused(network, tmp_path):
    network.save(tmp_path / "network")
    facts = json.loads((tmp_path / "network.json").read_text())
    del facts["nodes"][0]["act_scale"]
    (tmp_path / "network.json").write_text(json.dumps(facts))
    with pytest.raises(ArtifactError, match=r"does not describe a network: TypeError"):
        IntegerNetwork.load(tmp_path / "network")


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    """As is /dev/stdout, which root would otherwise replace by a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    expect_file(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(pipe, b"<testsuites/>")
    assert (os.read(reader, 100), pipe.is_fifo()) == (b"<testsuites/>", True)
    os.close(reader)
    write_bytes(tmp_path / "file", b"old")
    before = (tmp_path / "file").stat().st_ino
    write_bytes(tmp_path / "file", b"new")  # at once: another file in its place
    assert (tmp_path / "file").stat().st_ino != before


def test_an_unknown_layer_gives_near_names(network):
    with pytest.raises(
        UnknownNameError, match=r"^no quantized layer is called 'secnd'; did you mean second"
    ):
        network.layer("secnd")


def test_a_stimulus_comes_back(tmp_path):
    stimulus = Stimulus(
        np.array([4, 7]),
        {"conv": np.arange(2, dtype=np.uint8).reshape(2, 1, 1, 1)},
        {"conv": np.arange(2, dtype=np.int64).reshape(2, 1, 1, 1)},
    )
    stimulus.save(tmp_path / "stimulus")
    loaded = Stimulus.load(tmp_path / "stimulus")
    assert loaded.samples.tolist() == [4, 7]
    assert loaded.codes["conv"].dtype == np.uint8
    assert loaded.psums["conv"].tolist() == stimulus.psums["conv"].tolist()
