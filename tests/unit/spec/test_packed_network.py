"""A network in a few bytes: everything comes back, and what was altered is refused."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.networks import chain, images, residual, shifted
from tilewright.errors import ArtifactError
from tilewright.spec import NEVER, DataClaim, NumberFormat, PackedNetwork, find_packed
from tilewright.spec.bit_packing import (
    pack_codes,
    pack_thresholds,
    unpack_codes,
    unpack_thresholds,
)
from tilewright.spec.packed_network import _digest
from tilewright.verify import compare_traces, reference_trace


def packed_of(network, **changes):
    values = {
        "network": network,
        "classes": tuple("abcde"),
        "data": DataClaim("digits", 3, "0" * 64),
        "predictions": np.array([4, 0, 2]),
        "training": {"seed": 5, "test_accuracy": 0.5},
    }
    return PackedNetwork(**(values | changes))


@pytest.fixture
def stem(tmp_path):
    packed_of(residual(np.random.default_rng(3))).save(tmp_path / "tiny.v1")
    return tmp_path / "tiny.v1"


def forge(stem, change):
    """Change the facts, and make the hash right again."""
    path = stem.with_name("tiny.v1.json")
    facts = json.loads(path.read_text())
    change(facts)
    del facts["sha256"]
    facts["sha256"] = _digest(facts, stem.with_name("tiny.v1.npz").read_bytes())
    path.write_text(json.dumps(facts))


def asymmetric(rng):
    return shifted(rng, chain(rng, is_signed=True))


@pytest.mark.parametrize("make", [chain, residual, asymmetric])
def test_every_number_comes_back(make, tmp_path):
    rng = np.random.default_rng(3)
    network = make(rng)
    packed_of(network).save(tmp_path / "tiny")
    loaded = PackedNetwork.load(tmp_path / "tiny")
    assert (loaded.classes, loaded.training["seed"]) == (tuple("abcde"), 5)
    assert loaded.predictions.tolist() == [4, 0, 2]
    assert loaded.data == DataClaim("digits", 3, "0" * 64)
    pixels = images(rng, network, 2)
    before, after = reference_trace(network, pixels), reference_trace(loaded.network, pixels)
    assert all(one.passed for one in compare_traces(before, after, what="the packed network"))
    for old, new in zip(network.nodes, loaded.network.nodes, strict=True):
        assert (old.name, old.unlinked, old.act_scale) == (new.name, new.unlinked, new.act_scale)


def test_weights_take_their_width_and_little_more():
    codes = np.zeros(1_000_001, np.int8)
    assert pack_codes(codes, NumberFormat(4, is_signed=True, is_narrow=True)).nbytes == 500_001
    assert pack_codes(codes, NumberFormat(3, is_signed=True)).nbytes == 375_001


def test_codes_are_packed_as_written_down():
    """-3, 3, 0 at 3 narrow bits: offsets 000 110 011, so 00011001 1_______."""
    narrow = NumberFormat(3, is_signed=True, is_narrow=True)
    assert pack_codes(np.array([-3, 3, 0], np.int8), narrow).tolist() == [0b00011001, 0b10000000]


@given(st.data(), st.integers(2, 8), st.booleans())
def test_packing_codes_has_an_inverse(data, bits, is_narrow):
    codes_format = NumberFormat(bits, is_signed=True, is_narrow=is_narrow)
    values = st.integers(codes_format.min_code, codes_format.max_code)
    codes = np.array(data.draw(st.lists(values, min_size=1, max_size=40)), np.int8)
    packed = pack_codes(codes, codes_format)
    assert unpack_codes(packed, codes_format, codes.shape).tolist() == codes.tolist()


@given(st.lists(st.one_of(st.integers(-(2**40), 2**40), st.just(int(NEVER))), min_size=1))
def test_packing_thresholds_has_an_inverse(values):
    thresholds = np.array(values, np.int64)
    assert unpack_thresholds(pack_thresholds(thresholds)).tolist() == values


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([126, int(NEVER)], np.int8),
        ([127], np.int16),
        ([-129], np.int16),
        ([2**15 - 1], np.int32),
        ([2**31 - 1], np.int64),
        ([int(NEVER)], np.int8),
    ],
)
def test_thresholds_take_the_narrowest_type_with_room_for_never(values, dtype):
    assert pack_thresholds(np.array(values)).dtype == dtype


def test_numpy_alone_reads_the_files(stem):
    code = (
        "import io, json, sys, numpy\n"
        "facts = json.load(open(sys.argv[1] + '.json'))\n"
        "arrays = numpy.load(sys.argv[1] + '.npz', allow_pickle=False)\n"
        "packed = arrays['stem.weight']\n"
        "sizes = facts['nodes'][0]['shape']\n"
        "count = sizes['oc'] * sizes['ic'] * sizes['kh'] * sizes['kw']\n"
        "codes = numpy.stack([packed >> 4, packed & 15], 1).reshape(-1)[:count].astype(int) - 7\n"
        "print(json.dumps(codes.tolist()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}", str(stem)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    weight = PackedNetwork.load(stem).network.nodes[0].weight
    assert json.loads(done.stdout) == weight.reshape(-1).tolist()


@pytest.mark.parametrize("suffix", ["", ".json", ".npz"])
def test_a_packed_network_is_found_by_any_of_its_names(stem, suffix):
    assert find_packed(Path(f"{stem}{suffix}")) in (stem, stem.with_name("tiny.v1"))
    assert find_packed(stem.with_name("other")) is None
    assert find_packed(Path()) is None  # a folder without a name is no stem


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_altered_byte_is_found(stem, suffix, place):
    path = stem.with_name(f"tiny.v1{suffix}")
    content = bytearray(path.read_bytes())
    at = int(len(content) * place)
    if suffix == ".json":
        at = content.index(b'"act_scale": 0.5') + len(b'"act_scale": 0.')
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"tiny\.v1\.json and .* one was damaged or altered"):
        PackedNetwork.load(stem)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_missing_or_cut_file_is_one_clear_line(stem, suffix):
    path = stem.with_name(f"tiny.v1{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ArtifactError, match=r"must be JSON|damaged or altered"):
        PackedNetwork.load(stem)
    path.unlink()
    with pytest.raises(ArtifactError, match=r"^cannot read .*No such file"):
        PackedNetwork.load(stem)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda facts: facts.update(kind="other"), r"must describe a packed-network, version 1"),
        (lambda facts: facts.update(version=2), r"must describe a packed-network, version 1"),
        (lambda facts: facts.update(epochs=3), r"must have the keys .*; 'epochs' is odd"),
        (lambda facts: facts.pop("training"), r"must have the keys .*; 'training' is odd"),
        (lambda facts: facts["classes"].pop(), r"a network of 4 classes must have as many outputs"),
        (lambda facts: facts["data"].update(images=4), r"one predicted class, 0..4, for each of 4"),
        (lambda facts: facts["data"].update(folder="x"), r"TypeError"),
        (lambda facts: facts["nodes"][0].update(color="red"), r"TypeError.*color"),
        (lambda facts: facts["nodes"][0].pop("act_scale"), r"TypeError.*act_scale"),
        (lambda facts: facts["nodes"][0]["shape"].update(ic=4), r"must be packed in"),
        (lambda facts: facts["nodes"][0]["weight_format"].update(bits=3), r"must be packed in"),
        (lambda facts: facts["nodes"][2].update(kind="divide"), r"no op 'divide'"),
        (lambda facts: facts["nodes"].pop(), r"head"),
        (lambda facts: facts.update(nodes={}), r"does not describe a network"),
        (lambda facts: facts.update(inputs=["tail"]), r"no node is called 'tail'"),
        (lambda facts: facts.update(classes=7), r"TypeError"),
    ],
)
def test_facts_that_do_not_fit_are_refused_although_their_hash_is_right(stem, change, message):
    forge(stem, change)
    with pytest.raises(ArtifactError, match=message):
        PackedNetwork.load(stem)


def test_arrays_that_are_no_archive_or_hold_objects_are_refused(stem):
    for content in (b"", b"PK no archive"):
        stem.with_name("tiny.v1.npz").write_bytes(content)
        forge(stem, dict.copy)
        with pytest.raises(ArtifactError, match=r"is not a file of numpy arrays"):
            PackedNetwork.load(stem)
    buffer = io.BytesIO()
    np.savez(buffer, predictions=np.array([print], object))
    stem.with_name("tiny.v1.npz").write_bytes(buffer.getvalue())
    forge(stem, dict.copy)
    with pytest.raises(ArtifactError, match=r"is not a file of numpy arrays: .*allow_pickle"):
        PackedNetwork.load(stem)


def test_a_prediction_of_no_class_is_refused():
    with pytest.raises(ArtifactError, match=r"one predicted class, 0..4, for each of 3 images"):
        packed_of(chain(np.random.default_rng(0)), predictions=np.array([0, 1, 5]))


def test_packed_thresholds_of_another_kind_are_refused():
    with pytest.raises(ArtifactError, match=r"^thresholds must be signed integers, not float64$"):
        unpack_thresholds(np.zeros(3))
    with pytest.raises(ArtifactError, match=r"^3 codes of 4 bits must be packed in 2 bytes, not"):
        unpack_codes(np.zeros(3, np.uint8), NumberFormat(4, is_signed=True), (3,))


def test_a_network_with_a_gap_is_not_packed():
    network = chain(np.random.default_rng(0))
    nodes = (replace(network.nodes[0], requantizations=()), *network.nodes[1:])
    with pytest.raises(Exception, match=r"does not run on integers"):
        packed_of(replace(network, nodes=nodes))
