"""A bundle is judged in every layout, also where a file has a part of the numbers or other outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.forgery import repair_hash
from tests.unit.vectors import course_example as example
from tilewright.bundles import agreed_tensors, check_bundle, stated_tensors
from tilewright.errors import FormatError
from tilewright.spec import ArrayShape
from tilewright.tile import TilePlan
from tilewright.vectors import Layout, layout_names, load_layout, read_bundle, write_bundle
from tilewright.verify import reference_outputs

NARROW = TilePlan(example.SHAPE, ArrayShape(rows=3, cols=2, psum_bits=16))


def _write(
    folder, layout, *, plan=example.PLAN, psums=example.PSUMS, taps=example.TAP_PSUMS, lie=0
):
    outputs = reference_outputs(psums, layout.output)
    outputs[2, 1, 1] -= lie
    write_bundle(
        folder,
        layer=example.layer(),
        plan=plan,
        layout=layout,
        codes=example.CODES,
        psums=psums,
        tap_psums=taps,
        outputs=outputs,
        sample=0,
    )
    return folder


def _layout(**output):
    """The canonical layout with another statement of its outputs."""
    whole = load_layout("ece284-ws")
    kinds = tuple(replace(k, **output) if k.kind == "output" else k for k in whole.kinds)
    return Layout("mine", "with other outputs", kinds)


def _places(verdict):
    return [str(kind.first) for kind in verdict.kinds if kind.mismatches]


def test_an_output_that_its_writer_got_wrong_is_found(tmp_path):
    """The judge has the reference's function, not the writer's."""
    verdict = check_bundle(_write(tmp_path / "lie", load_layout("ece284-ws"), lie=1))
    assert _places(verdict) == ["out.txt (oc=2, oh=1, ow=1): expected 93, found 92"]
    with pytest.raises(FormatError, match=r"an output must be max\(0, psum\) = 93, but is 92"):
        agreed_tensors(read_bundle(tmp_path / "lie"))


@pytest.mark.parametrize("name", layout_names())
@pytest.mark.parametrize("plan", [example.PLAN, NARROW], ids=["2x3", "3x2"])
def test_a_wrong_psum_is_found_in_every_layout(tmp_path, name, plan):
    """A consistent lie: psum and tap psum of oc=1, oh=1, ow=1 are one less, and the outputs follow."""
    psums, taps = example.PSUMS.copy(), example.TAP_PSUMS.copy()
    psums[1, 1, 1] -= 1
    taps[4, 1, 1, 1] -= 1
    honest = check_bundle(_write(tmp_path / "honest", load_layout(name), plan=plan))
    assert honest.passed, honest
    lie = check_bundle(
        _write(tmp_path / "lie", load_layout(name), plan=plan, psums=psums, taps=taps)
    )
    assert not lie.passed
    assert not lie.faults
    assert lie.compared == honest.compared
    for kind in lie.kinds:
        assert kind.mismatches == 1
        assert (kind.first.oc, kind.first.oh, kind.first.ow) == (1, 1, 1)
        assert kind.first.kij == (4 if kind.kind == "tap_psum" else None)
        form = load_layout(name).kind(kind.kind)
        otile = 1 // plan.array.cols
        indices = {"kij": 4, "otile": otile}
        assert kind.first.file == form.file.format(**{a: indices[a] for a in form.file_axes})


def test_an_output_tile_of_its_own_file_is_named(tmp_path):
    layout = _layout(
        file="out_{otile}.txt", lines=load_layout("ece284-ws").kind("output").lines[1:]
    )
    folder = _write(tmp_path / "bundle", layout, plan=NARROW)
    path = folder / "out_1.txt"
    path.write_bytes(path.read_bytes().replace(b"0000000001011101", b"0000000001011100"))
    repair_hash(folder, path.name)
    assert _places(check_bundle(folder)) == [
        "out_1.txt (oc=2, oh=1, ow=1): expected 93, found 92",
    ]


def test_outputs_of_the_first_pixels_only(tmp_path):
    """3 channels x 2 pixels of the outputs are compared, and all 12 psums."""
    folder = _write(tmp_path / "bundle", _layout(first=2))
    verdict = check_bundle(folder)
    assert verdict.passed
    assert {kind.kind: kind.compared for kind in verdict.kinds} == {"psum": 12, "output": 6}
    stated = {tensor.kind: tensor for tensor in stated_tensors(read_bundle(folder))}
    assert stated["output"].axes == ("oc", "onij")
    assert stated["output"].values.tolist() == [[0, 2], [0, 4], [32, 0]]


def test_outputs_after_a_leaky_shift(tmp_path):
    """-11 >> 2 is -3, -4 >> 2 is -1: the reference applies the function of the layout."""
    folder = _write(tmp_path / "bundle", _layout(function="leaky", shift=2))
    assert check_bundle(folder).passed
    stated = {tensor.kind: tensor.values for tensor in stated_tensors(read_bundle(folder))}
    assert stated["output"][0].tolist() == [[-1, 2], [18, -3]]


def test_places_are_chosen_from_the_stated_axes(tmp_path):
    folder = _write(tmp_path / "bundle", load_layout("ece284-unpadded"))
    stated = {tensor.kind: tensor for tensor in stated_tensors(read_bundle(folder))}
    part = stated["tap_psum"].select({"kij": 5, "oc": 1})
    assert part.axes == ("oh", "ow")
    np.testing.assert_array_equal(part.values, example.TAP_PSUMS[5, 1])
    assert stated["weight"].select({"oh": 0}) is None
