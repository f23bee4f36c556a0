"""Damaged vector files, manifests and layouts in every preset: a clear error or a correct result."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests import vector_fuzz
from tests.vector_fuzz import Fuzz
from tilewright.vectors import bundle_reader, decode


def test_a_thousand_mutations_are_refused_or_read_correctly(tmp_path):
    """The full number: ``python -m tests.vector_fuzz --mutations 100000``."""
    facts = Fuzz(tmp_path, seed=284).run(1000)
    seen = facts["seen"]
    assert sum(seen.values()) == 1000
    for outcome in ("file refused", "hash refused", "manifest refused", "layout refused"):
        assert seen[outcome] > 50
    for outcome in ("file correct", "manifest correct", "layout correct"):
        assert seen[outcome] > 5
    assert facts["slowest_s"] < vector_fuzz.PATIENCE


def test_a_reader_that_repairs_silently_is_caught(tmp_path, monkeypatch):
    """A decoder that takes a damaged file for one full of zeros must not pass."""

    def lenient(layout, kind, files, **options):
        try:
            return decode(layout, kind, files, **options)
        except vector_fuzz.TilewrightError:
            return np.zeros_like(decode(layout, kind, originals[kind], **options))

    fuzz = Fuzz(tmp_path, seed=284)
    fuzz.bundles = [tmp_path / "ece284-ws-0"]
    bundle = bundle_reader.read_bundle(fuzz.bundles[0])
    originals = {
        kind: {
            f.name: (bundle.folder / f.name).read_bytes() for f in bundle.files if f.kind == kind
        }
        for kind in bundle.layout.kind_names
    }
    monkeypatch.setattr(bundle_reader, "decode", lenient)
    with pytest.raises(AssertionError):
        fuzz.run(2000)


def test_a_mutation_that_hangs_is_caught(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_fuzz, "PATIENCE", 1)
    monkeypatch.setattr(vector_fuzz, "check_bundle", lambda _: time.sleep(60))
    with pytest.raises(vector_fuzz.TooSlowError, match="more than 1 s"):
        Fuzz(tmp_path, seed=284).run(50)
