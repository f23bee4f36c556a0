"""A file that was altered is found by its hash, where no number that is compared tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.vectors import course_example as example
from tilewright.bundles import check_bundle
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import reference_outputs


@pytest.fixture
def silent(tmp_path):
    """A bundle whose weights are all 0, so that no psum depends on a code."""
    layout, psums = load_layout("ece284-ws"), np.zeros_like(example.PSUMS)
    layer = replace(example.layer(), weight=np.zeros_like(example.layer().weight))
    bundle = write_bundle(
        tmp_path / "silent",
        layer=layer,
        plan=example.PLAN,
        layout=layout,
        codes=example.CODES,
        psums=psums,
        tap_psums=np.zeros_like(example.TAP_PSUMS),
        outputs=reference_outputs(psums, layout.output),
        sample=0,
    )
    return bundle.folder


def test_a_code_without_weight_is_found(silent):
    assert check_bundle(silent).passed
    (path, *_) = sorted(silent.glob("activation*"))
    lines = path.read_text().splitlines(keepends=True)
    last = lines[-1]
    path.write_text("".join([*lines[:-1], ("1" if last[0] == "0" else "0") + last[1:]]))
    verdict = check_bundle(silent)
    assert not verdict.passed
    assert [fault.split(" ")[:3] for fault in verdict.faults] == [[path.name, "must", "have"]]
    assert verdict.kinds == ()


def test_a_file_that_is_missing_or_a_link_is_found(silent):
    (path, *_) = sorted(silent.glob("weight*"))
    path.rename(silent.parent / path.name)
    assert check_bundle(silent).faults == (f"{path.name} is missing",)
    path.symlink_to(silent.parent / path.name)
    assert check_bundle(silent).faults == (f"{path.name} is a link",)


def test_nothing_compared_is_no_pass(silent):
    verdict = check_bundle(silent)
    assert verdict.compared > 0
    assert not replace(verdict, kinds=()).passed
    assert not replace(verdict, kinds=(replace(verdict.kinds[0], compared=0),)).passed
    assert not replace(verdict, kinds=(replace(verdict.kinds[0], mismatches=1),)).passed
    assert not replace(verdict, faults=("a file is missing",)).passed
    facts = verdict.to_json()
    assert (facts["passed"], facts["compared"], facts["mismatches"]) == (True, verdict.compared, 0)
