"""Files written as a reader needs them."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.lint.cases import Case, case_parameters
from tests.unit.lint.faults import FAULTS, Fault
from tests.unit.lint.good_files import GOOD, READERS, with_headers, write
from tilewright.errors import ArtifactError
from tilewright.lint import lint
from tilewright.lint.fix import fix

pytest.importorskip("pyslang")

MENDED = {
    "no header", "no header, weights", "no header, outputs", "two header lines", "one header line",
    "four header lines", "header with spaces", "spaces, outputs", "spaces, one tap", "16 for 36",
    "36 for 16", "spaced words", "letter case", "long header", "30 and CRLF", "no header, lines",
    "no header, taps", "two headers, lines", "four headers, lines", "four headers, taps",
    "16 for 36, lines", "# header", "16 for 36, memory", "spaced memory", "spaces, checked",
}  # fmt: skip
"""Faults that leave all values in the files."""


NUMBER = re.compile(r"\b[0-9a-fA-FxXzZ_]+\b")


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
        assert lint(out, testbench=bench).is_clean
        assert {p.name for p in out.iterdir()} == set(GOOD[fault.reader]())
        if "36 for 16" not in fault.name:
            assert _body((out / fault.file).read_bytes()) == _body(good)
    else:
        assert [change.file for change in report.refusals] == [fault.file]
        assert not out.exists()
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == files


def test_good_files_stay_as_they_are(tmp_path: Path) -> None:
    """Byte for byte."""
    folder = write(tmp_path / "in", with_headers())
    report = fix(folder, tmp_path / "out", testbench=READERS / "tokens.v")
    assert not report.refusals
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


CSV_READER = """module t; integer f, n; reg [15:0] p, q; reg [8*40:1] head;
initial begin f = $fopen("in.csv", "r"); n = $fgets(head, f);
  while (!$feof(f)) begin n = $fscanf(f, "%h,%h\\n", p, q); $display("%h %h", p, q); end
end endmodule
"""


@pytest.mark.parametrize("rows", ["0100,0080\nffff,0001\n", "0100,0080\nffff;0001\n12,34\n"])
def test_numbers_are_never_replaced_by_a_header(rows: str, tmp_path: Path) -> None:
    """A good CSV file stays as it is; one with a fault is refused, and nothing is written."""
    content = f"num,den\n{rows}"
    folder, out = write(tmp_path / "in", {"in.csv": content.encode()}), tmp_path / "out"
    bench = tmp_path / "t.v"
    bench.write_text(CSV_READER)
    report = fix(folder, out, testbench=bench)
    if ";" in rows:
        assert report.refusals[0].file == "in.csv"
        assert not out.exists()
    else:
        assert (out / "in.csv").read_text() == content


def test_nothing_is_written_if_the_reader_would_still_miss_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage: a rewriter that loses the last word is found out by the reader, and its work thrown away."""
    files = with_headers()
    files["out.txt"] = b"".join(files["out.txt"].splitlines(keepends=True)[1:])
    folder, out = write(tmp_path / "in", files), tmp_path / "out"
    honest = sys.modules[fix.__module__]._rewrite

    def lossy(opened, need):
        new = honest(opened, need)
        rows = new.content.splitlines(keepends=True)
        return replace(new, content=b"".join([*rows[:-1], rows[-2]]))

    monkeypatch.setattr(sys.modules[fix.__module__], "_rewrite", lossy)
    report = fix(folder, out, testbench=READERS / "tokens.v")
    assert [str(change) for change in report.refusals] == [
        "out.txt: refused: the reader would not get every word of the new file"
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("case", case_parameters())
def test_no_case_loses_a_number(case: Case, tmp_path: Path) -> None:
    """Each file is written as it was, or with all its numbers, or nothing is written at all."""
    out = tmp_path / "out"
    report = fix(case.folder, out, testbench=case.folder / case.bench)
    assert out.exists() == (not report.refusals)
    for path in (p for p in out.rglob("*") if p.is_file()):
        old = (case.folder / path.relative_to(out)).read_text()
        assert NUMBER.findall(path.read_text()) == NUMBER.findall(old)


BESIDE = """module t; integer f, g, s; reg [7:0] a, b;
initial begin f = $fopen("a.txt", "r"); g = $fopen("b.txt", "r"); s = 0;
  while ($fscanf(f, "%h", a) == 1 && $fscanf(g, "%h", b) == 1) s = s + a * b;
  $display("%0d", s); end
endmodule
"""


def test_a_warning_that_no_rewriting_mends(tmp_path: Path) -> None:
    """The word that is left aside stays, and so do the others of its file."""
    files = {"a.txt": b"1\n2\n3\n", "b.txt": b"4\n5\n"}
    folder, out = write(tmp_path / "in", files), tmp_path / "out"
    bench = tmp_path / "t.v"
    bench.write_text(BESIDE)
    assert "last-unused" in {one.kind for one in lint(folder, testbench=bench).findings}
    assert not fix(folder, out, testbench=bench).refusals
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files
