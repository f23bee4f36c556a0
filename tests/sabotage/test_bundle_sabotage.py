"""A bundle that was tampered with turns red, and the message names the place."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.forgery import repair_hash, state_hash, state_version_1
from tests.unit.vectors import course_example as example
from tilewright.bundles import agreed_tensors, check_bundle
from tilewright.errors import ArtifactError, FormatError
from tilewright.spec import ArrayShape
from tilewright.store.artifact import sha256
from tilewright.tile import TilePlan
from tilewright.vectors import decode_bundle, load_layout, read_bundle, write_bundle
from tilewright.verify import reference_outputs


def _write(folder, layout="ece284-unpadded", plan=example.PLAN):
    write_bundle(
        folder,
        layer=example.layer(),
        plan=plan,
        layout=load_layout(layout),
        codes=example.CODES,
        psums=example.PSUMS,
        tap_psums=example.TAP_PSUMS,
        outputs=reference_outputs(example.PSUMS, load_layout(layout).output),
        sample=0,
    )
    return folder


@pytest.fixture
def unpadded(tmp_path):
    """A bundle whose bench pads the plane itself."""
    return _write(tmp_path / "bundle")


@pytest.fixture
def padded(tmp_path):
    """A bundle in the canonical layout."""
    return _write(tmp_path / "bundle", "ece284-ws")


def _edit(folder, name, old, new, *, rehash=True):
    """Change one file and, as a forger would, its hash."""
    content = (folder / name).read_bytes()
    assert old in content
    content = content.replace(old, new, 1)
    (folder / name).write_bytes(content)
    if rehash:
        repair_hash(folder, name)


def _edit_manifest(folder, change):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def _file(manifest, name):
    return next(file for file in manifest["files"] if file["name"] == name)


def test_a_flipped_bit_breaks_the_hash(padded):
    found = sha256((padded / "out.txt").read_bytes())
    _edit(padded, "out.txt", b"0000000001011101", b"0000000001011100", rehash=False)
    with pytest.raises(
        ArtifactError, match=rf"out\.txt must have sha256 {found}, .* but has \w{{64}}: "
    ):
        read_bundle(padded)


def test_unchecked_hashes_give_the_faulty_files_as_they_are(padded):
    _edit(padded, "psum.txt", b"0000000001011101", b"0000000001011100", rehash=False)
    tensors = decode_bundle(read_bundle(padded, check_hashes=False))
    faults = np.argwhere(tensors.psums != example.PSUMS)
    assert faults.tolist() == [[2, 1, 1]]
    assert tensors.psums[2, 1, 1] == 92


def test_a_flipped_psum_bit_contradicts_the_taps(unpadded):
    _edit(unpadded, "psum.txt", b"0000000001011101", b"0000000001011100")
    message = (
        r"^a psum must be the sum of its tap psums = 93, but is 92 at \(oc=2, oh=1, ow=1\); 1 diff"
    )
    with pytest.raises(FormatError, match=message):
        decode_bundle(read_bundle(unpadded))


def test_a_flipped_output_bit_contradicts_the_psum(padded):
    _edit(padded, "out.txt", b"0000000001011101", b"0000000001011100")
    message = r"^an output must be max\(0, psum\) = 93, but is 92 at \(oc=2, oh=1, ow=1\)"
    with pytest.raises(FormatError, match=message):
        agreed_tensors(read_bundle(padded))


def test_swapped_lanes_of_an_expected_word_are_seen(unpadded):
    """oc1 = 4 and oc0 = 2 of onij 1, exchanged."""
    _edit(
        unpadded,
        "psum_relu.txt",
        b"00000000000001000000000000000010",
        b"00000000000000100000000000000100",
    )
    with pytest.raises(FormatError, match=r"is 4 at \(oc=0, oh=0, ow=1\); 2 differ"):
        agreed_tensors(read_bundle(unpadded))


def test_a_code_in_the_padding_is_named(padded):
    _edit(padded, "activation_tile0.txt", b"...#\n00000000", b"...#\n00000001")
    message = (
        r"^activation must be 0 where there is no .* is 1 at \(itile=0, nij=0, row=0\): written"
    )
    with pytest.raises(FormatError, match=message):
        decode_bundle(read_bundle(padded))


def test_a_tap_psum_in_a_lane_without_channel_is_named_with_its_tap(tmp_path):
    """Three output channels on two columns leave lane 1 of otile 1 empty."""
    plan = TilePlan(example.SHAPE, ArrayShape(rows=3, cols=2, psum_bits=16))
    folder = _write(tmp_path / "bundle", plan=plan)
    content = (folder / "psum_8.txt").read_bytes()
    _edit(folder, "psum_8.txt", content, content[:-33] + b"1" + content[-32:])
    message = r"^psum must be 0 where .* is -32768 at \(kij=8, otile=1, onij=3, col=1\)"
    with pytest.raises(FormatError, match=message):
        decode_bundle(read_bundle(folder))


def test_a_dropped_padding_is_named(padded):
    path = padded / "activation_tile0.txt"
    lines = path.read_bytes().splitlines(keepends=True)
    unpadded = b"".join(lines[:3] + [lines[3 + nij] for nij in (5, 6, 9, 10)])
    _edit(padded, path.name, path.read_bytes(), unpadded)
    message = r"activation_tile0\.txt must have 19 lines \(3 header lines, 16 words\), but has 7"
    with pytest.raises(FormatError, match=message):
        decode_bundle(read_bundle(padded))


def test_a_truncated_file_is_named(padded):
    content = (padded / "psum.txt").read_bytes()
    _edit(padded, "psum.txt", content, content[:-9])
    with pytest.raises(
        FormatError, match=r"psum\.txt must have 7 lines .* and ends within line 7: it is cut"
    ):
        decode_bundle(read_bundle(padded))


def test_a_code_outside_the_narrow_range_is_named(padded):
    _edit(padded, "weight_itile0_otile0_kij4.txt", b"11110001", b"11111000")
    message = r"^weight code must fit s4 \(-7\.\.7\), but is -8 at \(oc=0, ic=0, kh=1, kw=1\)"
    with pytest.raises(FormatError, match=message):
        decode_bundle(read_bundle(padded))


def test_a_pointer_of_git_lfs_is_named(padded):
    (padded / "out.txt").write_text("version https://git-lfs.github.com/spec/v1\nsize 12\n")
    with pytest.raises(ArtifactError, match=r"out\.txt must have .* \(git lfs pull\)"):
        read_bundle(padded)
    assert "git lfs pull" in check_bundle(padded).faults[0]


def test_an_edited_file_with_other_line_ends_is_called_edited(padded):
    content = (padded / "out.txt").read_bytes()
    _edit(padded, "out.txt", content, content.replace(b"\n", b"\r\n") + b"0", rehash=False)
    with pytest.raises(ArtifactError, match=r"out\.txt must have .* it was edited or damaged"):
        read_bundle(padded)


def test_converted_line_ends_are_named(padded):
    content = (padded / "out.txt").read_bytes()
    _edit(padded, "out.txt", content, content.replace(b"\n", b"\r\n"), rehash=False)
    with pytest.raises(
        ArtifactError, match=r"out\.txt must have sha256 .* its line ends were converted"
    ):
        read_bundle(padded)


def test_an_altered_hash_is_named(padded):
    state_hash(padded, "psum.txt", "0" * 64)
    with pytest.raises(
        ArtifactError, match=r"psum\.txt must have sha256 0{64}, as the manifest says"
    ):
        read_bundle(padded)


def test_a_missing_file_is_named(padded):
    (padded / "psum.txt").unlink()
    with pytest.raises(ArtifactError, match=r"^cannot read .*psum\.txt: No such file"):
        read_bundle(padded)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/hostname", "a//b", "a/../b", "a/", "..", "", "psum.txt\n"]
)
def test_a_manifest_that_points_outside_its_folder_is_refused(padded, name):
    state_version_1(padded)
    _edit_manifest(padded, lambda manifest: _file(manifest, "psum.txt").update(name=name))
    message = re.escape(f"file {name!r} must be a plain name, so that it stays inside the folder")
    with pytest.raises(ArtifactError, match=message):
        read_bundle(padded)


def test_a_manifest_with_a_name_that_no_file_can_have_is_refused(padded):
    state_version_1(padded)
    _edit_manifest(padded, lambda manifest: _file(manifest, "psum.txt").update(name="p" * 256))
    with pytest.raises(ArtifactError, match=r"characters\) must have at most 255 characters"):
        read_bundle(padded)


def test_a_link_out_of_the_folder_is_refused(padded):
    outside = padded.parent / "outside.txt"
    (padded / "psum.txt").rename(outside)
    (padded / "psum.txt").symlink_to(outside)
    with pytest.raises(
        ArtifactError, match=r"psum\.txt must lie inside its bundle, but is a link to"
    ):
        read_bundle(padded)


def _drop(key):
    return lambda manifest: manifest.pop(key)


MANIFEST_FAULTS = [
    (_drop("kind"), r"must be the manifest of a vector-bundle, version 1, 2 or 3: give the folder"),
    (lambda m: m.update(version=4), r"must be the manifest of a vector-bundle, version 1"),
    (lambda m: m.update(version=True), r"must be the manifest of a vector-bundle, version 1"),
    (_drop("sample"), r"manifest must have the key 'sample'"),
    (lambda m: m.update(comment=""), r"manifest has the unknown key 'comment'; valid: kind, "),
    (lambda m: m.update(sample=True), r"manifest: 'sample' must be of type int, not True"),
    (lambda m: m["shape"].pop("kw"), r"shape must have the key 'kw'"),
    (lambda m: m["shape"].update(stride=[1]), r"shape: stride must be a pair, not \(1,\)"),
    (lambda m: m["shape"].update(stride=[1, 1.5]), r"shape: stride must hold .* int, not 1\.5"),
    (lambda m: m["shape"].update(ic=0), r"sizes and strides must be at least 1"),
    (lambda m: m["shape"].update(oh=2), r"shape has the unknown key 'oh'"),
    (
        lambda m: m["array"].update(cols=4),
        r"file .* 3\) must be .* 4\) \(name, kind, indices, lines\)",
    ),
    (lambda m: m["array"].update(rows=0), r"an array has 1\.\.256 rows and cols"),
    (lambda m: m["act_format"].update(bits=9), r"activations must have at most 8 bits, not u9"),
    (lambda m: m["scales"].update(act=-1.0), r"a scale must be positive and finite, not -1\.0"),
    (
        lambda m: m["layout"]["weight"].update(word="row col"),
        r"layout ece284-ws: weight: axis 'col'",
    ),
    (lambda m: m["layout"].pop("psum"), r"layout ece284-ws has 11 files for this layer, not 12"),
    (lambda m: m["layout"].pop("weight"), r"must have weight files, or nothing can be computed"),
    (lambda m: m["files"].pop(), r"layout ece284-ws has 12 files for this layer, not 11"),
    (lambda m: m["files"].reverse(), r"file \('out\.txt', .* must be \('activation_tile0\.txt'"),
    (
        lambda m: m["files"][0].update(lines=4),
        r"file \('activation_tile0.txt', .* 4\) must be .* 16\)",
    ),
    (lambda m: m["files"][0].update(indices={"itile": 1}), r"file .* must be .*\{'itile': 0\}"),
    (lambda m: m["files"][0].update(indices={"oc": 1}), r"indices has the unknown key 'oc'"),
    (lambda m: m["files"][0].update(sha256="x"), r"sha256 must be 64 hexadecimal digits, not 'x'"),
    (lambda m: m.update(files=[1]), r"file must be a table of keys and values, not 1"),
]


@pytest.mark.parametrize(("change", "message"), MANIFEST_FAULTS)
def test_a_manifest_that_is_not_complete_and_consistent_is_refused(padded, change, message):
    state_version_1(padded)
    _edit_manifest(padded, change)
    with pytest.raises(ArtifactError, match=rf"^.*manifest\.json.*{message}") as caught:
        read_bundle(padded)
    assert "\n" not in str(caught.value)


LISTING_FAULTS = [
    (lambda m: m["array"].update(cols=1), r"files: weight must be 27 sha256 .* is 576 characters"),
    (lambda m: m["layout"].pop("psum"), r"files has the unknown key 'psum'; valid: activation, "),
    (lambda m: m["files"].pop("psum"), r"files must have the key 'psum'; found activation, weight"),
    (
        lambda m: m["files"].update(psum=m["files"]["psum"][1:]),
        r"files: psum must be 1 sha256 of 64 hexadecimal digits each, .*, but is 63 characters",
    ),
    (lambda m: m["files"].update(psum="X" * 64), r"files: psum must be 1 sha256 of 64 hexa"),
    (lambda m: m["files"].update(psum=1), r"files: 'psum' must be of type str, not 1"),
    (lambda m: m.update(files=[]), r"manifest: 'files' must be of type dict, not \[\]"),
    (lambda m: m.update(version=1), r"manifest: 'files' must be of type list, not \{"),
]


@pytest.mark.parametrize(("change", "message"), LISTING_FAULTS)
def test_hashes_of_other_files_than_the_layer_has_are_refused(padded, change, message):
    _edit_manifest(padded, change)
    with pytest.raises(ArtifactError, match=rf"^.*manifest\.json.*{message}"):
        read_bundle(padded)


def test_two_files_of_a_kind_that_are_exchanged_are_found(padded):
    """Their hashes are right, in the wrong order."""
    names = [f"weight_itile0_otile0_kij{kij}.txt" for kij in (0, 4)]
    first, second = ((padded / name).read_bytes() for name in names)
    assert first != second
    (padded / names[0]).write_bytes(second)
    (padded / names[1]).write_bytes(first)
    with pytest.raises(ArtifactError, match=r"kij0\.txt must have sha256"):
        read_bundle(padded)


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"kind": "run"}'])
def test_a_manifest_that_is_none_is_refused(padded, text):
    (padded / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"manifest\.json must be "):
        read_bundle(padded)


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"^cannot read .*manifest\.json: No such file"):
        read_bundle(tmp_path)
