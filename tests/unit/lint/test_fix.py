"""Files written as a reader needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.faults import FAULTS, Fault
from tests.unit.lint.good_files import GOOD, READERS, with_headers, write
from tilewright.errors import ArtifactError
from tilewright.lint import fix, lint

pytest.importorskip("pyslang")

MENDED = {
    "no header", "no header, weights", "no header, outputs", "two header lines", "one header line",
    "four header lines", "header with spaces", "spaces, outputs", "spaces, one tap", "16 for 36",
    "36 for 16", "spaced words", "letter case", "long header", "30 and CRLF", "no header, lines",
    "no header, taps", "two headers, lines", "four headers, lines", "four headers, taps",
    "16 for 36, lines", "# header", "16 for 36, memory", "spaced memory", "spaces, checked",
}  # fmt: skip
"""Faults that leave all values in the files."""
UNDONE = {"hex, short", "tile, short", "cut, checked"}
"""Faults that are written as they are, because the reader may want them so; lint says what is left."""


def _body(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if set(line) <= set(b"0123456789abcdef")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_mended_or_refused(fault: Fault, tmp_path: Path) -> None:
    """A mended file has the words of the good one; nothing is written if a file is refused."""
    files = GOOD[fault.reader]()
    good = files[fault.file]
    fault.plant(files)
    folder, out = write(tmp_path / "in", files), tmp_path / "out"
    bench = READERS / f"{fault.reader}.v"
    report = fix(folder, out, testbench=bench)
    if fault.name in MENDED:
        assert not report.refusals
        assert not report.remaining
        assert lint(out, testbench=bench).is_clean
        assert {p.name for p in out.iterdir()} == set(GOOD[fault.reader]())
        if "36 for 16" not in fault.name:
            assert _body((out / fault.file).read_bytes()) == _body(good)
    elif fault.name in UNDONE:
        assert [finding.kind for finding in report.remaining] == ["too-few-words"]
    else:
        assert [change.file for change in report.refusals] == [fault.file]
        assert not out.exists()
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == files


def test_good_files_stay_as_they_are(tmp_path: Path) -> None:
    """Byte for byte."""
    folder = write(tmp_path / "in", with_headers())
    report = fix(folder, tmp_path / "out", testbench=READERS / "tokens.v")
    assert not report.refusals
    assert not report.remaining
    assert all(str(change).endswith(": unchanged") for change in report.changes)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == with_headers()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """The folder itself is refused, too."""
    folder = write(tmp_path / "in", with_headers())
    with pytest.raises(
        ArtifactError, match=r"must be a new or empty folder: fixed files overwrite"
    ):
        fix(folder, folder, testbench=READERS / "tokens.v")


def test_a_border_that_is_not_zero_is_no_padding(tmp_path: Path) -> None:
    """36 words where 16 are read: dropped only if all 20 are zero."""
    files = with_headers()
    lines = files["out.txt"].decode().splitlines()
    files["out.txt"] = "\n".join([*lines[:3], *(lines[3:] * 3)[:36], ""]).encode()
    report = fix(write(tmp_path / "in", files), tmp_path / "out", testbench=READERS / "tokens.v")
    (refusal,) = report.refusals
    assert refusal.refusal == "the border of its 6x6 words is not zero: no padding"


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["0001", "0110"], "words extended with zeros to 12 digits"),
     (["0000000000000101", "0000011111111111"], "words cut by leading zeros to 12 digits"),
     (["0001", "1000"], "refused: the word '1000' has 4 digits where 12 are read"),
     (["0000100000000001", "0000000000000001"], "refused: the word '0000100000000001' has 16")],
)  # fmt: skip
def test_words_change_their_width_only_without_loss(
    words: list[str], expected: str, tmp_path: Path
) -> None:
    """Zeros at the left only, and only where they mean the same to a signed reader."""
    files = with_headers()
    name = "weight_itile0_otile0_kij4.txt"
    files[name] = "\n".join([*files[name].decode().splitlines()[:3], *words, ""]).encode()
    report = fix(write(tmp_path / "in", files), tmp_path / "out", testbench=READERS / "tokens.v")
    (change,) = [change for change in report.changes if change.file == name]
    assert str(change).startswith(f"{name}: {expected}")
