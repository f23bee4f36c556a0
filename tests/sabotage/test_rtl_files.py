"""Every fault planted in a bundle's files is found by the bench, with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rtl.layers import Case, Edit, edit_file, require_simulator, write_random
from tilewright.cores import CosimResult, run_bundle
from tilewright.errors import ArtifactError, FormatError
from tilewright.spec import ArrayShape, ConvShape
from tilewright.vectors import read_bundle

pytestmark = pytest.mark.rtl

CASE = Case(ConvShape(5, 4, 6, 7, 3, 3, padding=(1, 1)), ArrayShape(4, 3, 16))
WEIGHTS = "weight_itile1_otile2_kij4.txt"


def run_edited(tmp_path: Path, builds: Path, file: str, edit: Edit) -> CosimResult:
    """Edit the lines of one file, make its hash right again, and simulate."""
    require_simulator("icarus")
    folder = write_random(tmp_path / "bundle", CASE).folder
    edit_file(folder, file, edit)
    return run_bundle(folder, simulator="icarus", cache_dir=builds)


def replace_line(number: int, change: Callable[[str], str]) -> Edit:
    """Change line `number`, counted from 1."""

    def edit(lines: list[str]) -> list[str]:
        return [change(line) if at == number else line for at, line in enumerate(lines, start=1)]

    return edit


def flip(position: int) -> Callable[[str], str]:
    """Flip one digit of a line."""
    return lambda line: line[:position] + "10"[int(line[position])] + line[position + 1 :]


def test_edited_file_is_refused_by_its_hash(tmp_path: Path) -> None:
    folder = write_random(tmp_path / "bundle", CASE).folder
    path = folder / WEIGHTS
    path.write_text(replace_line(4, flip(-2))(path.read_text().splitlines(True))[3])
    with pytest.raises(ArtifactError, match=f"{WEIGHTS} must have sha256"):
        run_bundle(folder)


def test_flipped_weight_bit_is_located_at_its_channel(tmp_path: Path, builds: Path) -> None:
    """Lowest bit of row 0 in line 4, that is col 0 of output tile 2: output channel 6 only."""
    result = run_edited(tmp_path, builds, WEIGHTS, replace_line(4, flip(15)))
    assert result.psum_mismatches > 0
    assert {mismatch.oc for mismatch in result.mismatches} == {6}
    assert all(abs(m.actual - m.expected) <= 15 for m in result.mismatches if m.what != "output")


def test_swapped_lanes_are_found(tmp_path: Path, builds: Path) -> None:
    """Rows 0 and 1 of every pixel of input tile 0 change places."""
    result = run_edited(
        tmp_path,
        builds,
        "activation_tile0.txt",
        lambda lines: lines[:3] + [f"{w[:8]}{w[12:16]}{w[8:12]}\n" for w in lines[3:]],
    )
    assert result.psum_mismatches > 0


def test_flipped_expected_bit_is_the_one_mismatch(tmp_path: Path, builds: Path) -> None:
    """Lowest bit of col 1 in line 3 + 24 + 10: output tile 1, onij 9 = (1, 3), oc 4."""
    result = run_edited(tmp_path, builds, "psum.txt", replace_line(3 + 24 + 10, flip(31)))
    assert (result.psum_mismatches, result.stored_mismatches, result.output_mismatches) == (1, 1, 0)
    streamed, stored = result.mismatches
    assert (streamed.what, stored.what) == ("psum", "stored")
    for mismatch in (streamed, stored):
        assert (mismatch.oc, mismatch.oh, mismatch.ow) == (4, 1, 3)
        assert (mismatch.otile, mismatch.onij, mismatch.col) == (1, 9, 1)
        assert abs(mismatch.expected - mismatch.actual) == 1
    assert re.search(r"psum at \(oc=4, oh=1, ow=3\), that is otile=1 onij=9 col=1", str(streamed))


def test_flipped_output_bit_is_the_one_mismatch(tmp_path: Path, builds: Path) -> None:
    result = run_edited(tmp_path, builds, "out.txt", replace_line(4, flip(47)))
    assert (result.psum_mismatches, result.output_mismatches) == (0, 1)
    assert (result.mismatches[0].oc, result.mismatches[0].onij) == (0, 0)


FAULTY = {
    "file cut off": (lambda lines: lines[:-1], r"{file}:6: the file ends here, .* 16 digits"),
    "surplus line": (lambda lines: [*lines, lines[-1]], r"{file}:7: the file must end here"),
    "short word": (
        replace_line(5, lambda line: line[1:]),
        r"{file}:5: a word must be 16 digits 0 or 1, but is 15 characters",
    ),
    "overlong word": (
        replace_line(5, lambda line: "0" + line),
        r"{file}:5: a word must be 16 digits 0 or 1, but is 17 characters",
    ),
    "word with a space": (
        replace_line(5, lambda line: f"{line[:8]} {line[8:]}"),
        r"{file}:5: a word must be 16 digits 0 or 1, but is 8 characters",
    ),
    "undefined digit": (
        replace_line(6, lambda line: "x" + line[1:]),
        r"{file}:6: a word must be 16 digits 0 or 1, but is 16 characters, not all of them 0 or 1",
    ),
    "no header": (lambda lines: lines[3:], r"{file}:4: the file ends here"),
    "header line with spaces": (
        replace_line(2, lambda _: "# two words\n"),
        r"{file}:2: a word must be 16 digits 0 or 1, but is 5 characters, not all of them 0 or 1",
    ),
    "empty file": (lambda _: [], r"{file}:1: the file ends here"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_unreadable_file_is_named_with_its_line(fault: str, tmp_path: Path, builds: Path) -> None:
    edit, message = FAULTY[fault]
    with pytest.raises(FormatError, match=message.format(file=re.escape(WEIGHTS))):
        run_edited(tmp_path, builds, WEIGHTS, edit)


def test_file_that_vanishes_after_the_check_is_named(
    tmp_path: Path, builds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_simulator("icarus")
    bundle = write_random(tmp_path / "bundle", CASE)
    (bundle.folder / WEIGHTS).unlink()
    monkeypatch.setattr("tilewright.cores.run.read_bundle", lambda _: bundle)
    with pytest.raises(FormatError, match=f"{WEIGHTS}: cannot be opened"):
        run_bundle(bundle.folder, simulator="icarus", cache_dir=builds)


def test_bundle_is_untouched_by_a_run(tmp_path: Path, builds: Path) -> None:
    require_simulator("icarus")
    folder = write_random(tmp_path / "bundle", CASE).folder
    before = sorted(path.name for path in folder.iterdir())
    run_bundle(folder, simulator="icarus", cache_dir=builds)
    assert sorted(path.name for path in folder.iterdir()) == before
    read_bundle(folder)
