"""Bundles in another layout, and parts of them: what is not stated is computed, and said."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rtl.layers import Case, write_random
from tests.unit.bundles.test_check import _write
from tests.unit.vectors import course_example as example
from tilewright.bundles import check_bundle, convert
from tilewright.bundles.convert import convert_bundle
from tilewright.bundles.stated import stated_tensors
from tilewright.bundles.tensors import choose_kind, decode_path, select_places
from tilewright.errors import ConfigError, FormatError
from tilewright.spec import ArrayShape, ConvShape
from tilewright.vectors import decode_bundle, load_layout, read_bundle


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


def strided(folder):
    """A bundle of two channels of 3x4 pixels, of which a 1x1 kernel with stride 2 sees four."""
    shape = ConvShape(ic=2, ih=3, iw=4, oc=3, kh=1, kw=1, stride=(2, 2))
    case = Case(shape, ArrayShape(2, 2, psum_bits=16))
    return read_bundle(write_random(folder, case, seed=3).folder)


def test_windows_leave_out_pixels_of_which_nothing_is_computed(tmp_path):
    source = strided(tmp_path / "plane")
    found = convert_bundle(source, tmp_path / "windows", layout=load_layout("ece284-os"))
    assert found.notes[-1] == (
        "8 ifmap pixels of each channel left out: no window sees them, and no psum depends on them"
    )
    assert check_bundle(tmp_path / "windows").passed
    before, after = decode_bundle(source), decode_bundle(found.target)
    assert after.codes[:, ::2, ::2].tolist() == before.codes[:, ::2, ::2].tolist()
    assert not after.codes[:, 1].any()
    assert not after.codes[:, :, 1::2].any()
    assert after.psums.tolist() == before.psums.tolist()


@pytest.mark.parametrize(
    ("name", "place"), [("codes", (0, 0, 2)), ("weight", (0, 0, 0, 0)), ("psums", (1, 0, 1))]
)
def test_files_that_give_back_another_number_are_not_written(tmp_path, monkeypatch, name, place):
    source = strided(tmp_path / "plane")
    honest = convert.agreed_tensors

    def wrong(bundle):
        tensors = honest(bundle)
        if bundle.folder != source.folder:
            getattr(tensors, name)[place] += 1
        return tensors

    monkeypatch.setattr(convert, "agreed_tensors", wrong)
    with pytest.raises(FormatError, match=f"does not give back every number of {name}: it cannot"):
        convert_bundle(source, tmp_path / "windows", layout=load_layout("ece284-os"))
    assert not (tmp_path / "windows").exists()


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
