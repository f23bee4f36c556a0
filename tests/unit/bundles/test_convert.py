"""Bundles in another layout, and parts of them: what is not stated is computed, and said."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.bundles.test_check import _write
from tests.unit.vectors import course_example as example
from tilewright.bundles.convert import convert_bundle
from tilewright.bundles.stated import stated_tensors
from tilewright.bundles.tensors import choose_kind, decode_path, select_places
from tilewright.errors import ConfigError, FormatError
from tilewright.vectors import load_layout, read_bundle


@pytest.fixture
def plain(tmp_path):
    return _write(tmp_path / "plain", load_layout("ece284-ws"))


def test_tap_psums_that_a_layout_needs_are_the_references(plain, tmp_path):
    found = convert_bundle(
        read_bundle(plain), tmp_path / "taps", layout=load_layout("ece284-notebook")
    )
    assert found.notes == (
        f"{example.TAP_PSUMS.size:,} tap psums are the naive reference's: the source has none",
    )
    assert found.target.layout.name == "ece284-notebook"
    (taps,) = choose_kind(stated_tensors(found.target), "tap_psum")
    assert taps.values.tolist() == np.asarray(example.TAP_PSUMS).tolist()
    back = convert_bundle(found.target, tmp_path / "back", layout=load_layout("ece284-ws"))
    assert back.notes[0].endswith("tap psums are left out: the reference computes the same ones")
    for file in read_bundle(plain).files:
        assert (tmp_path / "back" / file.name).read_bytes() == (plain / file.name).read_bytes()
    same = convert_bundle(found.target, tmp_path / "same", layout=load_layout("ece284-notebook"))
    assert same.notes == ()


def test_psums_that_are_not_the_sums_are_not_converted(tmp_path):
    psums = example.PSUMS.copy()
    psums[1, 0, 1] += 1
    source = read_bundle(
        _write(tmp_path / "wrong", load_layout("ece284-ws"), psums=psums, taps=None)
    )
    with pytest.raises(
        FormatError, match=r"a psum is \S+ at \(oc=1, oh=0, ow=1\), but the reference"
    ):
        convert_bundle(source, tmp_path / "taps", layout=load_layout("ece284-notebook"))
    assert not (tmp_path / "taps").exists()


def test_one_file_is_the_part_that_it_holds(plain):
    bundle = read_bundle(plain)
    (weight,) = choose_kind(decode_path(plain), "weight")
    file = next(one for one in bundle.files if one.kind == "weight" and one.indices.get("kij") == 1)
    (part,) = decode_path(plain / file.name)
    assert (part.kind, part.axes) == ("weight", ("col", "row"))
    lanes = weight.values[1]  # oc ic
    oc, ic = part.values.shape
    first = file.indices["otile"] * oc, file.indices["itile"] * ic
    inner = lanes[first[0] : first[0] + oc, first[1] : first[1] + ic]
    assert part.values[: inner.shape[0], : inner.shape[1]].tolist() == inner.tolist()


def test_places_are_chosen_by_axis(plain):
    tensors = decode_path(plain)
    parts = select_places(tensors, "oc=2,oh=1")
    assert [(part.kind, part.axes) for part in parts] == [("psum", ("ow",)), ("output", ("ow",))]
    assert parts[0].values.tolist() == example.PSUMS[2, 1].tolist()
    assert select_places(tensors, "all") == tensors
    for text, message in (
        ("oc=99", r"^psum: oc must be 0\.\.|^weight: oc must be 0\.\."),
        ("zz=1", r"^no kind of file has the axes of 'zz=1'"),
        ("oc", r"^a place is written kij=4 or oc=2,oh=0, not 'oc'"),
    ):
        with pytest.raises(ConfigError, match=message):
            select_places(tensors, text)
