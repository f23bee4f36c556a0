"""A bundle that is whole by itself, but is not the one that export wrote, is no evidence."""

from __future__ import annotations

import pytest

from tests.unit.pipeline.test_cosim import EXACT, Ear, exported
from tilewright.pipeline.stages import cosim as stage
from tilewright.vectors import MANIFEST

__all__ = ["exported"]  # a fixture


@pytest.mark.parametrize("sample", [0, 2])
def test_a_bundle_that_was_replaced_is_found(exported, monkeypatch, sample):
    monkeypatch.setattr(stage, "run_bundle", lambda *_, **__: EXACT)
    place = exported.folder("export") / "conv" / f"sample{sample}" / MANIFEST
    place.write_text('{"made": "elsewhere"}')
    result = stage.cosim(exported, Ear())
    (check,) = [check for check in result.checks if not check.passed]
    assert check.name == f"conv: sample {sample}: files"
    assert "is not the one that export wrote: export again" in check.evidence
