"""A trained layer that another testbench and another core have passed runs on our core too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.rtl.layers import Case, require_simulator, write_case
from tilewright.cores import run_bundle
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan, untile_activations, untile_psums, untile_weights
from tilewright.vectors import FieldWidths, decode, load_layout

pytestmark = [pytest.mark.rtl, pytest.mark.data]

CASE = Case(ConvShape(8, 4, 4, 8, 3, 3, padding=(1, 1)), ArrayShape(8, 8, 16))
PLAN = TilePlan(CASE.shape, CASE.array)


def _decode(kind: str, folder: Path, pattern: str) -> np.ndarray:
    files = {path.name: path.read_bytes() for path in folder.glob(pattern)}
    widths = FieldWidths(act=4, weight=4, psum=16)
    return decode(load_layout("ece284-unpadded"), kind, files, plan=PLAN, widths=widths)


def test_witness_layer_is_exact(tmp_path: Path, builds: Path, witness_folder: Path) -> None:
    """Decoded, exported again for our bench, simulated: 128 psums, which are also the witness's."""
    require_simulator("auto")
    folder = witness_folder / "choke8-w4a4"
    codes = untile_activations(_decode("activation", folder, "activation.txt"), PLAN)
    weight = untile_weights(_decode("weight", folder, "weight_*.txt"), PLAN)
    write_case(tmp_path / "bundle", CASE, codes, weight)
    result = run_bundle(tmp_path / "bundle", cache_dir=builds)
    assert result.is_exact
    assert (result.psums_compared, result.outputs_compared) == (128, 128)
    assert (result.fold_cycles == 36 + 2 * 8 + 8 + 3).all()
    ours = (tmp_path / "bundle" / "out.txt").read_text().split()[3:]
    theirs = untile_psums(_decode("output", folder, "psum_relu.txt"), PLAN)
    assert ours == [
        "".join(f"{int(value):016b}" for value in pixel[::-1])
        for pixel in theirs.reshape(8, 16).T  # onij oc
    ]
