"""Bundles of signed activations, without a run: judged, decoded, converted, explained."""

import json
import shutil

import numpy as np
import pytest

from tests.naive import convolve
from tests.networks import layer
from tilewright.spec import ArrayShape, ConvShape, NumberFormat
from tilewright.tile import TilePlan
from tilewright.vectors import decode_bundle, load_layout, read_bundle, write_bundle
from tilewright.verify import reference_outputs

SHAPE = ConvShape(3, 4, 5, 4, 3, 2, padding=(1, 1))
GEOMETRY = "ic=3,oc=4,size=4x5,kernel=3x2,padding=1,bits=s4/4/16,rows=2,cols=3"
CODES = np.random.default_rng(2).integers(-8, 8, (3, 4, 5)).astype(np.int8)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    signed = NumberFormat(4, is_signed=True)
    made = layer(np.random.default_rng(1), "conv", SHAPE, act_format=signed)
    layout = load_layout("ece284-ws")
    psums = convolve(made.weight, CODES, SHAPE)
    return write_bundle(
        tmp_path_factory.mktemp("signed") / "bundle",
        layer=made,
        plan=TilePlan(SHAPE, ArrayShape(2, 3, 16)),
        layout=layout,
        codes=CODES,
        psums=psums,
        outputs=reference_outputs(psums, layout.output),
        sample=0,
    )


def test_a_lane_is_twos_complement(bundle):
    """The first pixel inside the padded plane of 6 x 7: channels 1 and 0."""
    lines = (bundle.folder / "activation_tile0.txt").read_text().splitlines()
    first = lines[len(bundle.layout.kind("activation").header_text) + 7 + 1]
    assert first == "".join(format(int(CODES[row, 0, 0]) % 16, "04b") for row in (1, 0))
    assert (decode_bundle(bundle).codes == CODES).all()


def test_it_is_verified_and_decoded(bundle, run_command):
    assert run_command("verify-bundle", bundle.folder)[0] == 0
    status, out, _ = run_command("decode", bundle.folder, "--kind", "activation", "--show", "ic=1")
    assert status == 0
    assert str(int(CODES[1].min())) in out


def test_codes_said_to_be_unsigned_are_found(bundle, run_command, tmp_path):
    """The sign is part of what the psums are compared with."""
    folder = tmp_path / "bundle"
    shutil.copytree(bundle.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["act_format"]["is_signed"] = False
    (folder / "manifest.json").write_text(json.dumps(manifest))
    status, out, err = run_command("verify-bundle", folder)
    assert status == 1
    assert "differ" in out + err


def test_other_layouts_hold_the_same(bundle, run_command, tmp_path):
    assert (
        run_command("convert", bundle.folder, "--to", "ece284-os", "--out", tmp_path / "os")[0] == 0
    )
    assert (decode_bundle(read_bundle(tmp_path / "os")).codes == CODES).all()
    assert run_command("verify-bundle", tmp_path / "os")[0] == 0


def test_without_a_manifest_the_geometry_says_it(bundle, run_command, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(bundle.folder, folder)
    (folder / "manifest.json").unlink()
    given = ("verify-bundle", folder, "--layout", "ece284-ws", "--geometry")
    assert run_command(*given, GEOMETRY)[0] == 0
    assert run_command(*given, GEOMETRY.replace("s4", "4"))[0] == 1


def test_a_core_that_takes_them_as_unsigned_is_told_so(bundle, run_command, tmp_path):
    weight = decode_bundle(bundle).weight
    np.save(tmp_path / "psum.npy", convolve(weight, CODES.view(np.uint8) & 15, SHAPE))
    status, out, _ = run_command("explain", bundle.folder, tmp_path / "psum.npy")
    assert status == 1
    assert "activations are taken as unsigned" in out
