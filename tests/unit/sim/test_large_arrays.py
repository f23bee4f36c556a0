"""Arrays of up to 256x256, psums of up to 48 bits: plan, model, files and closed form are the naive sums."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.naive import convolve
from tests.rtl.layers import Case, random_tensors, write_case, write_random
from tilewright.adopt import adopt
from tilewright.cost.hardware import HardwareAxes
from tilewright.errors import ConfigError
from tilewright.sim import layer_cycles, simulate
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import (
    Execution,
    TilePlan,
    tile_activations,
    tile_weights,
    untile_psums,
)
from tilewright.vectors import decode_bundle, read_bundle

LAYER = ConvShape(300, 4, 4, 280, 3, 3, padding=(1, 1))


@pytest.mark.parametrize("lanes", [128, 256])
def test_the_model_and_the_files_hold_the_naive_sums(lanes: int, tmp_path: Path) -> None:
    case = Case(LAYER, ArrayShape(lanes, lanes, 20))
    codes, weight = random_tensors(case, seed=3)
    psums = convolve(weight, codes, LAYER)
    plan = TilePlan(LAYER, case.array)
    found = simulate(
        Execution(plan),
        tile_weights(weight.astype(np.int8), plan),
        tile_activations(codes.astype(np.uint8), plan),
    )
    np.testing.assert_array_equal(untile_psums(found.psums, plan), psums)
    folds = -(-300 // lanes) * -(-280 // lanes) * 9
    assert found.cycles == layer_cycles(Execution(plan)) == folds * (36 + 3 * lanes + 3)
    bundle = write_case(tmp_path / "bundle", case, codes, weight, psums)
    assert len(bundle.files) == folds + -(-300 // lanes) + 2
    tensors = decode_bundle(read_bundle(bundle.folder))
    np.testing.assert_array_equal(tensors.psums, psums)
    np.testing.assert_array_equal(tensors.weight, weight)
    np.testing.assert_array_equal(tensors.codes, codes)


def test_the_grid_of_the_closed_form_ends_there() -> None:
    assert HardwareAxes(rows=(1, 256), cols=(256,)).points == 2
    with pytest.raises(ConfigError, match=r"^axis cols has whole numbers of 1\.\.256, not 257"):
        HardwareAxes(cols=(257,))


@pytest.mark.parametrize("array", [ArrayShape(128, 96, 20), ArrayShape(8, 6, 48)])
def test_files_of_a_large_array_and_of_wide_psums_are_adopted(
    array: ArrayShape, tmp_path: Path
) -> None:
    shape = ConvShape(array.rows, 4, 4, array.cols, 3, 3, padding=(1, 1))
    bundle = write_random(tmp_path / "bundle", Case(shape, array))
    (bundle.folder / "manifest.json").unlink()
    (found,) = adopt(bundle.folder, seconds=120).layers
    sizes = f"/{array.psum_bits},rows={array.rows},cols={array.cols}"
    assert found.geometry.endswith(sizes)
