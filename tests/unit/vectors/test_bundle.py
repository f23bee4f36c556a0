"""Bundles: what is written, what is read back, what stays untouched when writing fails."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.vectors import course_example as example
from tilewright.errors import ArtifactError, ConfigError, FormatError, ShapeError
from tilewright.spec import NumberFormat
from tilewright.store.artifact import sha256
from tilewright.tile import TilePlan
from tilewright.vectors import (
    Layout,
    Scales,
    decode_bundle,
    layout_names,
    load_layout,
    read_bundle,
    write_bundle,
)
from tilewright.verify import reference_outputs


def _write(folder, *, layout="ece284-ws", **changes):
    layout = load_layout(layout) if isinstance(layout, str) else layout
    arguments = {
        "layer": example.layer(),
        "plan": example.PLAN,
        "layout": layout,
        "codes": example.CODES,
        "psums": example.PSUMS,
        "tap_psums": example.TAP_PSUMS,
        "outputs": reference_outputs(example.PSUMS, layout.output),
        "sample": 7,
    }
    return write_bundle(folder, **(arguments | changes))


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("layout", layout_names())
def test_a_bundle_comes_back_as_it_was_written(tmp_path, layout):
    written = _write(tmp_path / "bundle", layout=layout)
    assert read_bundle(tmp_path / "bundle") == written
    tensors = decode_bundle(written)
    np.testing.assert_array_equal(tensors.weight, example.WEIGHT)
    np.testing.assert_array_equal(tensors.codes, example.CODES)
    np.testing.assert_array_equal(tensors.psums, example.PSUMS)
    assert (tensors.weight.dtype, tensors.codes.dtype) == (np.int8, np.uint8)
    assert tensors.psums.dtype == np.int64
    if "tap_psum" in written.layout.kind_names:
        np.testing.assert_array_equal(tensors.tap_psums, example.TAP_PSUMS)
    else:
        assert tensors.tap_psums is None


def test_the_folder_holds_the_files_and_the_manifest_and_nothing_else(tmp_path):
    _write(tmp_path / "deep" / "bundle")
    contents = _contents(tmp_path / "deep" / "bundle")
    manifest = json.loads(contents.pop("manifest.json"))
    assert contents == example.WS_FILES
    assert (manifest["kind"], manifest["version"], manifest["layer"]) == (
        "vector-bundle",
        2,
        "choke",
    )
    assert manifest["sample"] == 7
    assert manifest["scales"] == {"act": 0.5, "weight": [0.125]}
    assert list(manifest["files"]) == ["activation", "weight", "psum", "output"]
    assert manifest["files"]["output"] == (
        "6d3c2db3c3a17e4ce253eadea045be9dd930e83564e77707e52de8f621de59aa"
    )
    fifth = sha256(example.WS_FILES["weight_itile0_otile0_kij4.txt"])
    assert manifest["files"]["weight"][4 * 64 : 5 * 64] == fifth
    found = read_bundle(tmp_path / "deep" / "bundle").files
    assert (found[-1].name, found[-1].kind, found[-1].indices, found[-1].lines) == (
        *("out.txt", "output", {}, 4),
    )
    assert found[5].indices == {"itile": 0, "otile": 0, "kij": 4}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["bundle"]


def test_an_existing_bundle_is_replaced_as_a_whole(tmp_path):
    _write(tmp_path / "bundle", layout="ece284-unpadded")
    written = _write(tmp_path / "bundle")
    assert read_bundle(tmp_path / "bundle") == written
    assert len(_contents(tmp_path / "bundle")) == len(example.WS_FILES) + 1


def test_an_empty_folder_becomes_a_bundle(tmp_path):
    (tmp_path / "bundle").mkdir()
    assert _write(tmp_path / "bundle") == read_bundle(tmp_path / "bundle")


@pytest.mark.parametrize(
    "manifest", [None, "{", "[]", '{"kind": "vector-bundle"}', '{"kind": "x"}']
)
def test_a_foreign_folder_is_refused_and_kept(tmp_path, manifest):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter1.txt").write_text("years of work")
    if manifest is not None:
        (folder / "manifest.json").write_text(manifest)
    before = _contents(folder)
    with pytest.raises(
        ArtifactError, match=r"must be empty or hold a bundle, but holds 'chapter1.txt'"
    ):
        _write(folder)
    assert _contents(folder) == before


def test_a_bundle_with_an_additional_file_is_refused_and_kept(tmp_path):
    _write(tmp_path / "bundle")
    (tmp_path / "bundle" / "wave.vcd").write_text("")
    with pytest.raises(ArtifactError, match=r"but holds 'wave.vcd': give another folder"):
        _write(tmp_path / "bundle")


def test_a_file_or_a_link_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(ArtifactError, match=rf"{name} must be a folder or absent"):
            _write(tmp_path / name)


def test_a_failed_write_leaves_the_old_bundle_and_no_rest(tmp_path, monkeypatch):
    written = _write(tmp_path / "bundle")
    rename = Path.rename

    def fail_for_the_new_one(self, target):
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new_one)
    with pytest.raises(
        ArtifactError, match=r"bundle: No space left on device; nothing was changed$"
    ):
        _write(tmp_path / "bundle", layout="ece284-unpadded")
    with pytest.raises(ArtifactError, match=r"^cannot write the bundle"):
        _write(tmp_path / "other")
    assert read_bundle(tmp_path / "bundle") == written
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


NINE_BITS = {
    "act": replace(example.layer(), act_format=NumberFormat(9, is_signed=False)),
    "weight": replace(example.layer(), weight_format=NumberFormat(9, is_signed=True)),
}
REFUSED = [
    ({"codes": example.CODES + 1}, r"choke: input code .* is 16 at \(ic=1, ih=1, iw=1\)"),
    ({"psums": example.PSUMS * 400}, r"choke: psum must fit s16 .* \(oc=2, oh=1, ow=1\)"),
    ({"tap_psums": example.TAP_PSUMS * 400}, r"tap psum .* \(kij=4, oc=2, oh=1, ow=1\)"),
    ({"psums": example.PSUMS + 1}, r"choke: psums must be the sum of tap_psums over kij"),
    ({"sample": -1}, r"a sample is counted from 0, not -1"),
    ({"layer": replace(example.layer(), act_scale=np.nan)}, r"positive and finite, not nan"),
    ({"layer": replace(example.layer(), weight_scale=np.ones(2))}, r"1 or oc = 3 .*, not 2"),
    ({"layer": NINE_BITS["act"]}, r"activations must have at most 8 bits"),
    ({"layer": NINE_BITS["weight"]}, r"weights must be signed, at most 8 bits"),
]
MISSHAPEN = [
    ({"codes": example.CODES[:1]}, r"expected \(ic, ih, iw\)"),
    ({"psums": example.PSUMS[:1], "tap_psums": None}, r"expected \(oc, oh, ow\)"),
    ({"tap_psums": None, "layout": "ece284-unpadded"}, r"has tap_psum files: give tap_psums"),
    ({"outputs": None}, r"ece284-ws has output files: give outputs, oc oh ow"),
    ({"outputs": example.PSUMS[:1]}, r"expected \(oc, oh, ow\)"),
    ({"plan": TilePlan(replace(example.SHAPE, ih=3), example.PLAN.array)}, r"the plan must be of"),
]


@pytest.mark.parametrize(
    ("error", "changes", "message"),
    [(FormatError, *case) for case in REFUSED] + [(ShapeError, *case) for case in MISSHAPEN],
)
def test_values_that_do_not_fit_write_nothing(tmp_path, error, changes, message):
    with pytest.raises(error, match=message):
        _write(tmp_path / "bundle", **changes)
    assert list(tmp_path.iterdir()) == []


def test_two_kinds_never_share_a_file(tmp_path):
    facts = load_layout("ece284-ws").to_facts()
    facts["output"]["file"] = "PSUM.txt"
    with pytest.raises(ConfigError, match=r"output and psum must not share the file PSUM\.txt, "):
        _write(tmp_path / "bundle", layout=Layout.from_facts(facts))
    facts["output"]["file"] = "manifest.json"
    with pytest.raises(ConfigError, match=r"output and the manifest must not share"):
        _write(tmp_path / "bundle", layout=Layout.from_facts(facts))


def test_a_layout_with_tap_psums_only_gives_their_sum(tmp_path):
    facts = load_layout("ece284-unpadded").to_facts()
    del facts["psum"], facts["output"]
    bundle = _write(tmp_path / "bundle", layout=Layout.from_facts(facts))
    np.testing.assert_array_equal(decode_bundle(bundle).psums, example.PSUMS)


def test_scales_have_a_size():
    with pytest.raises(FormatError, match=r"^a scale must be positive and finite, not -1\.0$"):
        Scales(-1.0, (1.0,))
    with pytest.raises(
        FormatError, match=r"^a scale of weights must be finite and not 0, not 0\.0$"
    ):
        Scales(1.0, (-1.0, 0.0))
