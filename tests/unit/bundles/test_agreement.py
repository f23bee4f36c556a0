"""Outputs agree with the psums of their bundle, where a layout has outputs at all."""

from __future__ import annotations

import pytest

from tests.unit.bundles.test_check import _write
from tests.unit.vectors import course_example as example
from tilewright.bundles import agreed_tensors, check_bundle
from tilewright.errors import FormatError
from tilewright.vectors import Layout, load_layout, read_bundle, write_bundle


def test_a_layout_without_outputs_states_its_psums(tmp_path):
    whole = load_layout("ece284-ws")
    kinds = tuple(kind for kind in whole.kinds if kind.kind != "output")
    bundle = write_bundle(
        tmp_path / "bundle",
        layer=example.layer(),
        plan=example.PLAN,
        layout=Layout("mine", "psums alone", kinds),
        codes=example.CODES,
        psums=example.PSUMS,
        tap_psums=example.TAP_PSUMS,
        outputs=None,
        sample=0,
    )
    read = read_bundle(bundle.folder)
    assert "output" not in read.layout.kind_names
    assert agreed_tensors(read).psums.tolist() == example.PSUMS.tolist()
    assert check_bundle(bundle.folder).passed


def test_outputs_that_are_not_those_of_the_psums_are_refused(tmp_path):
    wrong = _write(tmp_path / "wrong", load_layout("ece284-ws"), lie=3)
    with pytest.raises(FormatError, match=r"must be max\(0, psum\) = 93, but is 90"):
        agreed_tensors(read_bundle(wrong))
