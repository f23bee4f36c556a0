"""Where simulators differ, and what a testbench needs besides itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilewright.errors import FormatError, UnknownNameError
from tilewright.lint import LintReport, Sources, lint

pytest.importorskip("pyslang")
HEAD = (
    "module t; integer f, n, k; reg [15:0] v, w, p[0:0]; reg [7:0] m[0:3], q[0:1];\n"
    "reg [8*40:1] line; reg [8*4:1] form; string st;\ninitial begin"
)


def _lint(
    tmp_path: Path, body: str, content: str, *, reader: str = "icarus", given: Sources | None = None
) -> LintReport:
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    (folder / "d.txt").write_text(content)
    bench = tmp_path / "t.v"
    bench.write_text(f"{HEAD} {body} end endmodule\n")
    return lint(folder, testbench=bench, reader=reader, given=given)


def _kinds(report: LintReport, severity: str = "error") -> list[str]:
    return [finding.kind for finding in report.of(severity)]


UPPER = 'f = $fopen("d.txt", "r"); n = $fscanf(f, "%H", v); if (n != 1) $finish; $display("%h", v);'
TO_MINUS_ONE = (
    'f = $fopen("d.txt", "r"); while ($fscanf(f, "%h", v) != -1) begin $display("%h", v); end'
)
WIDE = 'f = $fopen("d.txt", "r"); n = $fscanf(f, "%h", k); if (n == 1) $display("%h", k);'
LANES = (
    'f = $fopen("d.txt", "r"); repeat (2) begin n = $fscanf(f, "%4b%4b", v, w); $display(v, w); end'
)


@pytest.mark.parametrize(
    ("body", "content", "icarus", "verilator"),
    [
        (UPPER, "1f\n", ["bad-format"], []),
        (TO_MINUS_ONE, "1f\n2f\n", ["too-few-words"], []),
        (TO_MINUS_ONE, "1f\n2f", [], []),
        (WIDE, "0x1f\n", ["x-digits"], []),
        ('$readmemh("d.txt", p); $display(p[0]);', "0x1f\n", ["x-digits"], []),
        (WIDE, "01x1\n", ["x-digits"], ["x-digits"]),
        (LANES, "00010010\n00110100\n", [], ["too-few-words", "truncated"]),
    ],
)
def test_a_verdict_holds_for_its_reader(
    tmp_path: Path, body: str, content: str, icarus: list[str], verilator: list[str]
) -> None:
    """As measured under Icarus 11 and Verilator 5.48; "any" is both, and names the second."""
    assert sorted(_kinds(_lint(tmp_path, body, content))) == icarus
    found = _lint(tmp_path, body, content, reader="verilator")
    assert set(_kinds(found)) <= set(verilator)
    assert bool(found.errors) == bool(verilator)
    both = _lint(tmp_path, body, content, reader="any")
    assert set(_kinds(both)) == set(icarus) | set(_kinds(found))
    assert both.reader == "any"
    assert all("Verilator" in f.message for f in both.errors if f.kind not in icarus)


@pytest.mark.parametrize(
    ("body", "content", "kind"),
    [
        ('f = $fopen("d.txt", "r"); n = $fgets(line, f); k = $fscanf(f, "%h", v); if (k == 1) $display(v);',
         "head\n1f\n", "unread-result"),
        ('f = $fopen("d.txt", "r"); if ($fgets(line, f) > 0) n = $sscanf(line, "%h", v); $display(v);',
         "1f\n", "zeros-read"),
        ('$readmemh("d.txt", q); $display(q[1]);', "1\n2\n3\n", "outside-memory"),
        ('$readmemh("d.txt", q, 1, 0); $display(q[1], q[0]);', "1\n2\n", "outside-memory"),
        ('f = $fopen("d.txt", "r"); for (k = 0; k < 3; k = k + 1) begin n = $fscanf(f, "%h", v); '
         "q[k] = v; end $display(q[1]);", "1\n2\n3\n", "outside-memory"),
        ('form = "%h"; f = $fopen("d.txt", "r"); n = $fscanf(f, form, v); $display(v);', "1f\n",
         "bad-format"),
        ('f = $fopen("d.txt", "r"); n = $fseek(f, -3, 2); k = $fscanf(f, "%h", v); $display(v, n, k);',
         "1e\n1f\n", "backward-seek"),
    ],
)  # fmt: skip
def test_what_verilator_does_not_read(tmp_path: Path, body: str, content: str, kind: str) -> None:
    """As measured with Verilator 5.48: an error under it, and none under Icarus, which reads all of it."""
    icarus = _lint(tmp_path, body, content)
    assert not icarus.errors
    found = _lint(tmp_path, body, content, reader="verilator")
    assert kind in {finding.kind for finding in found.errors}


@pytest.mark.parametrize(
    "body",
    [
        'f = $fopen("d.txt", "r"); if ($fgets(line, f) == 0) $finish; '
        'k = $fscanf(f, "%h", v); $display(v, k);',
        'f = $fopen("d.txt", "r"); n = $fgets(line, f); '
        'k = $fscanf(f, "%h", v); $display(v, k, n);',
        'f = $fopen("d.txt", "r"); n = $fgets(st, f); n = $sscanf(st, "%h", v); $display(v, n);',
    ],
)
def test_what_verilator_reads_as_well(tmp_path: Path, body: str) -> None:
    """A result that something looks at, and a line in a string."""
    found = _lint(tmp_path, body, "1e\n1f\n", reader="verilator")
    assert not found.errors


@pytest.mark.parametrize(
    ("read", "is_open"),
    [
        ("k = $fgetc(f) * 256 + $fgetc(f);", True),
        ("k = {$fgetc(f), 8'd0, $fgetc(f)};", True),
        ('n = $fscanf(f, "%h", v) + $fscanf(f, "%h", w);', True),
        ('if ($fscanf(f, "%h", v) == 1 && $fscanf(f, "%h", w) == 1) n = 2;', False),
        ("k = $fgetc(f); k = k * 256 + $fgetc(f);", False),
    ],
)
def test_two_reads_in_one_expression_have_no_order_in_verilator(
    tmp_path: Path, read: str, is_open: bool
) -> None:
    """It was seen to take the second one first, where Icarus never does; ``&&`` has an order."""
    body = f'f = $fopen("d.txt", "r"); {read} $display("%h %h %h", k, v, w);'
    assert not _lint(tmp_path, body, "1 2\n").of("undecided")
    for reader in ("verilator", "any"):
        notes = [f.message for f in _lint(tmp_path, body, "1 2\n", reader=reader).of("undecided")]
        assert [("two reads stand in one expression" in note) for note in notes] == [True] * is_open


def test_verilator_takes_a_part_of_a_number_with_underscores(tmp_path: Path) -> None:
    """``%d`` only: of ``1_000`` it takes 1, where Icarus reads 1000; hexadecimal digits are read in full."""
    body = 'f = $fopen("d.txt", "r"); n = $fscanf(f, "%d", v); if (n == 1) $display("%0d", v);'
    assert not _lint(tmp_path, body, "1_000\n").of("undecided")
    (note,) = _lint(tmp_path, body, "1_000\n", reader="any").of("undecided")
    assert "takes only 1 of the number 1_000" in note.message
    for other, content in ((body, "1000\n"), (body.replace("%d", "%h"), "1_0\n")):
        assert not _lint(tmp_path, other, content, reader="verilator").of("undecided")


def test_the_last_word_without_line_end(tmp_path: Path) -> None:
    """Icarus takes it; some Verilators do not."""
    body = '$readmemh("d.txt", m); for (k = 0; k < 4; k = k + 1) $display("%h", m[k]);'
    content = "00\n10\n20\n30"
    assert _lint(tmp_path, body, content).findings == ()
    assert _kinds(_lint(tmp_path, body, content, reader="any"), "warning") == ["no-line-end"]


def test_a_reader_that_is_none_is_refused(tmp_path: Path) -> None:
    """With the names that there are."""
    with pytest.raises(UnknownNameError, match=r"did you mean 'icarus'"):
        _lint(tmp_path, UPPER, "1", reader="icaru")


READ = 'f = $fopen(`NAME, "r"); n = $fscanf(f, "%h", v); if (n != 1) $finish; $display("%h", v);'


def test_includes_and_defines(tmp_path: Path) -> None:
    """From the folder of the testbench, that of the simulation, and those of -I; -D names a macro."""
    given = Sources(defines=('NAME="d.txt"',))
    assert _lint(tmp_path, READ, "1f\n", given=given).findings == ()
    body = f'\n`include "names.vh"\n{READ}'
    with pytest.raises(FormatError, match=r"it includes 'names.vh', which is not found: give"):
        _lint(tmp_path, body, "1f\n")
    for place in (tmp_path, tmp_path / "run", tmp_path / "headers"):
        place.mkdir(exist_ok=True)
        (place / "names.vh").write_text('`define NAME "d.txt"\n')
        given = Sources(include_folders=(tmp_path / "headers",))
        assert _lint(tmp_path, body, "1f\n", given=given).findings == ()
        (place / "names.vh").unlink()


def test_an_include_that_nothing_needs_is_a_warning(tmp_path: Path) -> None:
    """The file is named."""
    body = '\n`include "timing.vh"\n' + READ.replace("`NAME", '"d.txt"')
    report = _lint(tmp_path, body, "1f\n")
    assert _kinds(report, "warning") == ["include"]
    assert not report.errors


def test_modes_behind_a_define(tmp_path: Path) -> None:
    """Each mode has its own verdict."""
    body = f"\n`ifdef WRONG\n{READ.replace('`NAME', repr_of('no.txt'))}\n`else\n" \
           f"{READ.replace('`NAME', repr_of('d.txt'))}\n`endif\n"  # fmt: skip
    assert not _lint(tmp_path, body, "1f\n").errors
    assert _kinds(_lint(tmp_path, body, "1f\n", given=Sources(defines=("WRONG",)))) == ["missing"]


def repr_of(name: str) -> str:
    """A string of Verilog."""
    return f'"{name}"'


def test_a_package_of_another_file(tmp_path: Path) -> None:
    """And a module of it, whose task is followed."""
    package = tmp_path / "names.sv"
    package.write_text('package names; localparam FILE = "d.txt"; endpackage\n')
    body = READ.replace("`NAME", "names::FILE")
    assert _lint(tmp_path, body, "1f\n", given=Sources(files=(package,))).findings == ()
    with pytest.raises(FormatError, match="a define must be NAME or NAME=VALUE"):
        Sources(defines=("3=4",))


def test_a_member_has_its_sign_in_verilator(tmp_path: Path) -> None:
    """Icarus 11 has none, so that its loop takes 4 words, and that of Verilator 2."""
    bench = tmp_path / "t.sv"
    bench.write_text(
        "module t; integer f, n; struct packed { logic signed [7:0] a; } p; initial begin\n"
        'f = $fopen("d.txt", "r"); p.a = 1; while (p.a > 0) n = $fscanf(f, "%h", p);\n'
        "$display(p.a, n); end endmodule\n"
    )
    (tmp_path / "d.txt").write_text("7\nfe\n3\n0\n")
    for reader, kinds in (("icarus", set()), ("verilator", {"words-left"})):
        report = lint(tmp_path, testbench=bench, reader=reader)
        assert {one.kind for one in report.findings} == kinds
