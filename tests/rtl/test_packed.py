"""Files of octets, one a kind: the same verdict and cycles as from text, and every fault is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.forgery import repair_hash
from tests.rtl.layers import Case, require_simulator, write_random
from tilewright.cores import CosimResult, Setup, run_bundle, run_bundles
from tilewright.errors import ArtifactError, FormatError
from tilewright.spec import ArrayShape, ConvShape, Schedule
from tilewright.vectors import dataflow_of, decode_bundle, load_layout

pytestmark = pytest.mark.rtl

SHAPE = ConvShape(5, 4, 6, 7, 3, 3, padding=(1, 1))
FAST = Schedule(is_overlapped=True, is_skipping=True, is_whole_layer=True)
CASES = {
    "ws": Case(SHAPE, ArrayShape(4, 3, 17), is_packed=True),
    "simd": Case(SHAPE, ArrayShape(2, 3, 16), 2, 4, "simd", is_packed=True),
    "os": Case(SHAPE, ArrayShape(3, 5, 18), mode="os", is_packed=True),
    "ws, whole layer": Case(SHAPE, ArrayShape(4, 3, 17), schedule=FAST, is_packed=True),
}


@pytest.mark.parametrize("name", CASES)
def test_packed_and_text_files_of_a_mode_share_a_simulation_and_a_verdict(
    name: str, tmp_path: Path, builds: Path
) -> None:
    require_simulator("icarus")
    case = CASES[name]
    packed = write_random(tmp_path / "packed", case)
    text = write_random(tmp_path / "text", replace(case, is_packed=False))
    assert [file.name for file in packed.files] == [
        *("activation.bin", "weight.bin", "psum.bin", "output.bin")
    ]
    pairs = [(bundle.folder, case.setup) for bundle in (packed, text, packed)]
    one, other, again = run_bundles(pairs, simulator="icarus", cache_dir=builds)
    for result in (one, other, again):
        assert result.is_exact
        assert result.psums_compared == result.outputs_compared == 7 * 24
        np.testing.assert_array_equal(result.fold_cycles, other.fold_cycles)
    tensors, same = decode_bundle(packed), decode_bundle(text)
    np.testing.assert_array_equal(tensors.weight, same.weight)
    np.testing.assert_array_equal(tensors.codes, same.codes)
    np.testing.assert_array_equal(tensors.psums, same.psums)


@pytest.mark.parametrize("name", ["ws", "os"])
def test_output_tiles_are_shared_out(name: str, tmp_path: Path, builds: Path) -> None:
    """The second simulation passes over what belongs to the first."""
    require_simulator("icarus")
    folder = write_random(tmp_path / "bundle", CASES[name]).folder
    result = run_bundle(
        folder, setup=CASES[name].setup, simulator="icarus", cache_dir=builds, processes=2
    )
    assert result.is_exact
    assert result.psums_compared == 7 * 24


def test_the_name_of_a_packed_layout_is_known() -> None:
    layout = load_layout("ece284-ws-packed")
    assert layout == load_layout("ece284-ws").packed()
    assert [str(run) for run in layout.kind("weight").lines] == ["otile", "itile", "kij", "col"]
    for name in ("ece284-ws", "ece284-2b", "ece284-os"):
        assert dataflow_of(load_layout(f"{name}-packed")) == dataflow_of(load_layout(name))
    assert dataflow_of(load_layout("ece284-unpadded-packed")) is None


def _edited(tmp_path: Path, builds: Path, name: str, edit: Callable[[bytes], bytes]) -> CosimResult:
    require_simulator("icarus")
    folder = write_random(tmp_path / "bundle", CASES["ws"]).folder
    path = folder / name
    path.write_bytes(edit(path.read_bytes()))
    repair_hash(folder, name)
    return run_bundle(folder, setup=CASES["ws"].setup, simulator="icarus", cache_dir=builds)


def _flipped(at: int, bit: int) -> Callable[[bytes], bytes]:
    return lambda content: content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]


def test_a_flipped_weight_bit_is_located_at_its_channel(tmp_path: Path, builds: Path) -> None:
    """Word (otile 2, itile 0, kij 0, col 0), 2 octets each, lowest bit of row 0: channel 6 only."""
    result = _edited(tmp_path, builds, "weight.bin", _flipped(2 * 2 * 2 * 9 * 3 + 1, 0))
    assert result.psum_mismatches > 0
    assert {mismatch.oc for mismatch in result.mismatches} == {6}


def test_a_flipped_expected_bit_is_the_one_mismatch(tmp_path: Path, builds: Path) -> None:
    """Words of 51 bits in 7 octets: that of otile 1, onij 9, lowest bit of col 0: oc 3."""
    result = _edited(tmp_path, builds, "psum.bin", _flipped(7 * (24 + 9) + 6, 0))
    assert (result.psum_mismatches, result.stored_mismatches, result.output_mismatches) == (1, 1, 0)
    assert (result.mismatches[0].oc, result.mismatches[0].onij) == (3, 9)


FAULTS = {
    "cut short": (
        "weight.bin",
        lambda c: c[:-1],
        r"weight\.bin:162: the file ends here, .* 16 bits",
    ),
    "surplus octet": (
        "weight.bin",
        lambda c: c + b"\0",
        r"weight\.bin:163: the file must end here",
    ),
    "surplus psum": ("psum.bin", lambda c: c + b"\0", r"psum\.bin:73: the file must end here"),
    "empty": ("activation.bin", lambda _: b"", r"activation\.bin:1: the file ends here"),
    "a bit left of the word": ("psum.bin", _flipped(7, 3), r"psum\.bin:2: a word must be 51 bits"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unreadable_file_is_named_with_its_word(
    fault: str, tmp_path: Path, builds: Path
) -> None:
    name, edit, message = FAULTS[fault]
    with pytest.raises(FormatError, match=message):
        _edited(tmp_path, builds, name, edit)


def test_a_file_that_was_altered_is_refused_by_its_hash(tmp_path: Path) -> None:
    folder = write_random(tmp_path / "bundle", CASES["ws"]).folder
    path = folder / "weight.bin"
    path.write_bytes(_flipped(5, 2)(path.read_bytes()))
    with pytest.raises(ArtifactError, match=r"weight\.bin must have sha256"):
        run_bundle(folder, setup=Setup())
