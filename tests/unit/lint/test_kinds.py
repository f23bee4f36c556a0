"""Kinds of readers, each with the errors that are right: most have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lint.good_files import write
from tilewright.errors import FormatError
from tilewright.lint import LintReport, Sources, lint

pytest.importorskip("pyslang")
HEAD = "module t; integer f, g, n, k; reg [7:0] v, a; reg [31:0] s = 0; reg [7:0] m[0:3]; reg clk = 0;\n"
FOUR = b"01\n02\n03\n04\n"
OPEN = 'f = $fopen("d.txt", "r");'


def _lint(tmp_path: Path, body: str, files: dict[str, bytes], **options: object) -> LintReport:
    bench = write(tmp_path, files) / "t.v"
    bench.write_text(f"{HEAD}{body}\nendmodule\n")
    options = {"max_steps": 100_000} | options
    return lint(tmp_path, testbench=bench, **options)  # type: ignore[arg-type]


def _errors(report: LintReport) -> list[tuple[str, str]]:
    return [(f.file, f.kind) for f in (*report.errors, *report.of("undecided"))]


GOOD_READERS = {
    "a list in brackets": 'initial begin f = $fopen("list.txt", "r"); n = $fscanf(f, "[%d", s); '
    'if (n == 1) while ($fscanf(f, ", %d", v) == 1) s = s + v; $display("%0d", s); end',
    "foreach": 'initial begin f = $fopen("d.txt", "r"); foreach (m[i]) begin '
    'n = $fscanf(f, "%h", m[i]); if (n != 1) $finish; end $display("%h", m[3]); end',
    "plusarg with a default": "string name; initial begin "
    'if (!$value$plusargs("in=%s", name)) name = "d.txt"; f = $fopen(name, "r"); '
    'repeat (4) begin n = $fscanf(f, "%h", v); if (n != 1) $finish; s = s + v; end end',
    "initial value of a string": 'string name = {"d", ".txt"}; initial begin f = $fopen(name, "r"); '
    'repeat (4) begin n = $fscanf(f, "%h", v); if (n != 1) $finish; s = s + v; end end',
    "counter driven by the design": "wire valid; integer c = 0; dut u(.valid(valid), .v(v));\n"
    'initial begin f = $fopen("d.txt", "r"); for (k = 0; k < 6; k = k + 1) begin #5 clk = ~clk;\n'
    'if (valid) c = c + 1; if (c > 1 && c < 6) begin n = $fscanf(f, "%h", v); '
    "if (n == 1) s = s + v; end end end",
    "always with the design's ready": "wire ready; dut u(.ready(ready), .v(v)); always #5 clk = ~clk;\n"
    'initial f = $fopen("d.txt", "r");\n'
    'always @(posedge clk) if (ready) begin n = $fscanf(f, "%h", v); if (n != 1) $finish; end',
    "state of the design": "wire [1:0] state; dut u(.state(state), .v(v)); initial begin\n"
    'f = $fopen("d.txt", "r"); repeat (4) #5 case (state) 0: s = 1; 2: begin n = $fscanf(f, "%h", v); '
    "if (n == 1) s = s + v; end default: ; endcase end",
    "memory of the design": 'dut u(); initial begin $readmemh("d.txt", u.rom.mem); '
    '$writememh("dump.hex", u.mem); $display("%h", u.rom.mem[1]); end',
    "task and function of the design": 'dut u(); initial begin $readmemh("d.txt", m); '
    "for (k = 0; k < 4; k = k + 1) begin u.put(k, m[k]); s = u.get(k); end end",
    "file that it writes itself": 'initial begin g = $fopen("out.txt", "w"); '
    'for (k = 0; k < 3; k = k + 1) $fdisplay(g, "%h", k[7:0]); $fclose(g); '
    'f = $fopen("out.txt", "r"); for (k = 0; k < 3; k = k + 1) begin n = $fscanf(f, "%h", v); '
    's = s + v; end $fclose(f); f = $fopen("d.txt", "r"); n = $fscanf(f, "%h", v); s = s + v; end',
    "file that holds the design's output": "wire [7:0] y; dut u(.y(y)); initial begin "
    'g = $fopen("out.txt", "w"); $fwrite(g, "%h\\n", y); $fclose(g); f = $fopen("out.txt", "r"); '
    'n = $fscanf(f, "%h", v); s = v; $readmemh("d.txt", m); s = m[0] + m[1] + m[2] + m[3]; end',
    "length found by looking for x": "reg [7:0] big [0:99]; integer len; initial begin "
    '$readmemh("d.txt", big); len = 0; while (big[len] !== 8\'hxx) len = len + 1; '
    "for (k = 0; k < len; k = k + 1) s = s + big[k]; end",
    "length by $isunknown": "reg [7:0] big [0:99]; integer len; initial begin "
    '$readmemh("d.txt", big); for (k = 0; k < 100; k = k + 1) if (!$isunknown(big[k])) len = k; '
    "for (k = 0; k < len; k = k + 1) s = s + big[k]; end",
    "over-read after the last use": 'initial begin f = $fopen("d.txt", "r"); '
    'for (k = 0; k < 6; k = k + 1) begin n = $fscanf(f, "%h", v); if (k < 4) s = s + v; end end',
    "comments between the words": 'reg [8*40:1] line; initial begin f = $fopen("c.txt", "r"); '
    'while (!$feof(f)) begin n = $fscanf(f, "%h\\n", v); if (n != 1) n = $fgets(line, f); '
    "else s = s + v; end end",
    "rewind": 'initial begin f = $fopen("d.txt", "r"); repeat (2) begin repeat (4) begin '
    'n = $fscanf(f, "%h", v); s = s + v; end n = $rewind(f); end end',
    "two readers in a fork": 'initial begin f = $fopen("d.txt", "r"); g = $fopen("d.txt", "r"); fork\n'
    'begin repeat (4) begin n = $fscanf(f, "%h", v); s = s + v; end end\n'
    'begin repeat (4) begin k = $fscanf(g, "%h", a); s = s + a; end end join end',
    "real numbers": 'real r; initial begin f = $fopen("r.txt", "r"); repeat (2) begin '
    'n = $fscanf(f, "%f", r); if (n != 1) $finish; $display("%f", r); end end',
    "names from an array": 'string names[2] = \'{"d.txt", "c.txt"}; initial begin '
    'f = $fopen(names[0], "r"); repeat (4) begin n = $fscanf(f, "%h", v); s = s + v; end end',
    "lines with comments, checked": 'reg [8*40:1] line; initial begin f = $fopen("c.txt", "r"); '
    'while ($fgets(line, f)) begin n = $sscanf(line, "%h", v); if (n == 1) s = s + v; end end',
}
FILES = {
    "d.txt": FOUR,
    "c.txt": b"01\n// two\n02\n",
    "r.txt": b"1.5\n-2e3\n",
    "list.txt": b"[1, 2, 3]\n",
}


@pytest.mark.parametrize("name", GOOD_READERS)
def test_a_good_reader_passes(name: str, tmp_path: Path) -> None:
    """No error, and nothing undecided."""
    report = _lint(tmp_path, GOOD_READERS[name], FILES)
    assert _errors(report) == []


BAD_READERS = {
    "a file that was closed": (
        OPEN.join(("initial begin ", ' $fclose(f); n = $fscanf(f, "%h", v); s = s + v; end')),
        {"d.txt": FOUR}, "bad-handle",
    ),
    "a file opened without a mode": (
        'initial begin f = $fopen("d.txt"); n = $fgets(v, f); s = s + v; end', {"d.txt": FOUR}, "bad-handle",
    ),
    "decimal words for %b": (
        OPEN.join(("initial begin ", ' repeat (4) begin n = $fscanf(f, "%b", v); s = s + v; end end')),
        {"d.txt": b"3\n4\n5\n6\n"}, "bad-word",
    ),
    "short memory of the design": (
        'dut u(); initial $readmemh("d.txt", u.rom.mem);', {"d.txt": b"01\nzz-\n"}, "bad-word",
    ),
    "a file short by a word, beside one that cannot be followed": (
        'wire w; dut u(w); initial begin f = $fopen("d.txt", "r"); repeat (5) begin '
        'n = $fscanf(f, "%h", v); s = s + v; end end\n'
        'initial begin g = $fopen("e.txt", "r"); n = $ungetc(48, g); end',
        {"d.txt": FOUR, "e.txt": FOUR}, "too-few-words",
    ),
    "a record cut at the end": (
        OPEN.join(("initial begin ", ' while (!$feof(f)) begin n = $fscanf(f, "%h,%h\\n", v, a); '
        "if (n == 2) s = s + v + a; end end")), {"d.txt": b"01,02\n03\n"}, "bad-word",
    ),
    "a separator that is not there": (
        OPEN.join(("initial begin ", ' while ($fscanf(f, "%h,%h\\n", v, a) == 2) s = s + v + a; end')),
        {"d.txt": b"01,02\n03;04\n05,06\n"}, "bad-word",
    ),
    "old data of the design's output": (
        OPEN.join(("initial begin ", ' repeat (3) begin n = $fscanf(f, "%h", v); s = s + v; end end')),
        {"d.txt": b"01\n02\n"}, "too-few-words",
    ),
    "a number of reads that the design decides, used whatever they give": (
        "wire valid; integer c = 0; dut u(.valid(valid), .v(v));\n"
        'initial begin f = $fopen("d.txt", "r"); for (k = 0; k < 6; k = k + 1) begin if (valid) c = c + 1; '
        'if (c > 1) begin n = $fscanf(f, "%h", v); s = s + v; end end end', {"d.txt": FOUR}, "undecided",
    ),
    "a bad word among them": (
        "wire valid; integer c = 0; dut u(.valid(valid), .v(v));\n"
        'initial begin f = $fopen("d.txt", "r"); for (k = 0; k < 6; k = k + 1) begin if (valid) c = c + 1; '
        'if (c > 1) begin n = $fscanf(f, "%h", v); s = s + v; end end end',
        {"d.txt": b"01\nxyz\n"}, "bad-word",
    ),
    "nothing is read": ('initial begin f = $fopen("d.txt", "r"); k = 1; end', {"d.txt": FOUR}, ""),
    "top bit of three is cut": (
        'reg [2:0] q[0:3]; initial begin $readmemh("d.txt", q); s = q[0]; end', {"d.txt": b"f\n1\n1\n1\n"},
        "truncated",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_READERS)
def test_a_bad_one_is_named(name: str, tmp_path: Path) -> None:
    """At the right file, though another one cannot be followed."""
    body, files, kind = BAD_READERS[name]
    found = _errors(_lint(tmp_path, body, files))
    assert (("d.txt", kind) if kind else ("", "undecided")) in found


BOTH = (
    'initial begin f = $fopen("d.txt", "r"); g = $fopen("e.txt", "r");\n'
    'while ($fscanf(f, "%h", v) == 1 && $fscanf(g, "%h", a) == 1) if (v !== a) $display(v, a); end'
)
BACKWARDS = (
    'initial begin f = $fopen("d.txt", "r"); for (k = 3; k >= 0; k = k - 1) begin '
    'n = $fseek(f, 3 * k, 0); n = $fscanf(f, "%h", v); if (n == 1) $display(v); end end'
)


def test_a_word_that_finds_no_partner_is_named(tmp_path: Path) -> None:
    """A loop over two files ends with the shorter one: a word of the other is taken and not compared."""
    report = _lint(tmp_path, BOTH, {"d.txt": FOUR, "e.txt": b"01\n02\n03\n"})
    assert _errors(report) == [("e.txt", "too-few-words")]
    (finding,) = report.of("warning")
    assert (finding.file, finding.kind, finding.file_line) == ("d.txt", "last-unused", 4)
    assert _lint(tmp_path, BOTH, {"d.txt": FOUR, "e.txt": FOUR}).findings == ()


def test_two_words_of_one_line_are_no_word_with_a_space(tmp_path: Path) -> None:
    """One line shows nothing; several that each have the parts of one word do."""
    one = f"initial begin {OPEN} {{}} end"
    read = 'n = $fscanf(f, "%h", v); if (n == 1) $display(v);'
    (finding,) = _lint(tmp_path, one.format(read), {"d.txt": b"1 2\n"}).findings
    assert finding.kind == "words-left"
    (finding,) = _lint(tmp_path, one.format(read + read), {"d.txt": b"1 2\n3 4\n"}).findings
    assert finding.kind == "spaced-word"


def test_words_that_are_read_backwards_are_not_left(tmp_path: Path) -> None:
    """`$fseek` goes from the last word to the first one."""
    assert _lint(tmp_path, BACKWARDS, {"d.txt": FOUR}).findings == ()
    (finding,) = _lint(tmp_path, BACKWARDS, {"d.txt": FOUR + b"05\n"}).findings
    assert finding.kind == "words-left"


def test_an_over_read_that_the_design_may_see_is_a_note_only_at_the_very_end(
    tmp_path: Path,
) -> None:
    """The address file of a template has fewer lines than are read, after the last comparison."""
    body = (
        'wire [7:0] y; dut u(a, y); initial begin f = $fopen("d.txt", "r"); g = $fopen("e.txt", "r");\n'
        'repeat (4) begin n = $fscanf(f, "%h", v); if (v !== y) k = 1; n = $fscanf(g, "%h", a); end\n'
        'repeat (2) n = $fscanf(g, "%h", a); end'
    )
    report = _lint(tmp_path, body, {"d.txt": FOUR, "e.txt": FOUR})
    assert _errors(report) == []
    assert "over-read" in {finding.kind for finding in report.of("warning")}
    later = body.removesuffix(" end") + '\nn = $fscanf(f, "%h", v); s = s + v; end'
    report = _lint(tmp_path, later, {"d.txt": FOUR + b"05\n", "e.txt": FOUR})
    assert ("e.txt", "too-few-words") in _errors(report)


def test_names_are_relative_to_where_the_simulation_runs(tmp_path: Path) -> None:
    """No merging by the last part: two files of one name are two, and a wrong folder is missing."""
    files = {"a.txt": FOUR}
    read = 'n = $fscanf(f, "%h", v); s = s + v;'
    body = f'initial begin f = $fopen("sub/a.txt", "r"); {read} end'
    ((file, kind),) = _errors(_lint(tmp_path, body, files))
    assert (file, kind) == ("sub/a.txt", "missing")
    (finding,) = _lint(tmp_path, body, files).errors
    assert "A file 'a.txt' lies in" in finding.message
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_bytes(b"zz\n")
    body = (
        f'initial begin f = $fopen("a.txt", "r"); {read} f = $fopen("sub/a.txt", "r"); {read} end'
    )
    assert _errors(_lint(tmp_path, body, files)) == [("sub/a.txt", "x-digits")]
    inner = tmp_path / "sim"
    inner.mkdir()
    bench = tmp_path / "t.v"
    bench.write_text(f'{HEAD}initial begin f = $fopen("../a.txt", "r"); {read} end endmodule')
    assert not lint(inner, testbench=bench).errors


def test_a_stale_file_list_is_no_error_of_vectors(tmp_path: Path) -> None:
    """Its names are relative to the simulation folder; one that is not there is a warning."""
    sim = tmp_path / "sim"
    write(sim, {"d.txt": FOUR})
    (tmp_path / "pe.v").write_text("")
    (tmp_path / "filelist.f").write_text("../pe.v\n../gone.v\n")
    bench = tmp_path / "t.v"
    bench.write_text(f'{HEAD}initial begin {OPEN} n = $fscanf(f, "%h", v); end endmodule')
    report = lint(sim, testbench=bench)
    assert not report.errors
    assert [f.message for f in report.of("warning") if f.file == "filelist.f"] == [
        "the list says '../gone.v', but there is no such file: correct the list"
    ]


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize(
    "body",
    [
        'initial begin $swrite(v, "%0999999999d", 1); f = $fopen("d.txt", "r"); end',
        f'initial begin {OPEN} n = $fscanf(f, "%999999999h", v); end',
        "reg [99999:0] w = 1; initial begin w = {100{w[999:0]}}; repeat (4000) w = w * w; end",
        "initial begin s = 1 << 99999; s = 3 ** 2000000000; end",
    ],
)
def test_the_work_of_a_step_is_bounded(body: str, tmp_path: Path) -> None:
    """An absurd width, power or product does not keep the reader busy."""
    assert _lint(tmp_path, body, {"d.txt": FOUR}, max_steps=20_000).findings


@pytest.mark.usefixtures("apart")
def test_texts_that_bring_a_parser_down_are_refused_in_one_line(tmp_path: Path) -> None:
    """Macros that double one another, and expressions that nest too deeply."""
    bomb = "`define A0 x\n" + "".join(f"`define A{i} `A{i - 1} `A{i - 1}\n" for i in range(1, 40))
    bench = tmp_path / "t.v"
    bench.write_text(f"{bomb}module t; initial `A39; endmodule\n")
    with pytest.raises(FormatError, match="must have at most 16777216 characters when its macros"):
        lint(tmp_path, testbench=bench, given=Sources())
    bench.write_text(f"{HEAD}initial s = {'(' * 20_000}1{')' * 20_000}; endmodule\n")
    with pytest.raises(FormatError):
        lint(tmp_path, testbench=bench)


FOREIGN = {
    "Intel HEX": (b":020000000102FB\n:00000001FF\n", "the file is Intel HEX: write its words"),
    "MIF": (
        b"WIDTH=8;\nDEPTH=1;\nCONTENT BEGIN\n0:01;\nEND;\n",
        "the file is a memory initialization file (MIF): write its words",
    ),
    "COE": (
        b"memory_initialization_radix=16;\nmemory_initialization_vector=01;\n",
        "the file is a coefficient file (COE): write its words",
    ),
    "damaged Intel HEX": (b":020000000102FF\n", "write a header as // comments"),
    "text": (b"words\n01\n", "write a header as // comments"),
}


@pytest.mark.parametrize(("content", "remedy"), FOREIGN.values(), ids=FOREIGN)
def test_a_memory_file_of_another_tool_is_called_by_its_name(tmp_path, content, remedy):
    body = 'initial begin $readmemh("d.txt", m); $display("%h", m[0]); end'
    (error,) = _lint(tmp_path, body, {"d.txt": content}).errors
    assert error.kind == "bad-word"
    assert remedy in error.message


CHECKED = (
    f'initial begin {OPEN} do begin n = $fscanf(f, "w: %h\\n", v); if (n == 1) $display("%h", v); end '
    "while (n == 1); end"
)


@pytest.mark.parametrize(
    ("end", "kinds"),
    [
        (b"END\n", set()),
        (b"?!w: ab\n", {"bad-word"}),  # a word of as many digits as the others, all of them letters
        (b"face the end\n", set()),  # of another length
    ],
)
def test_a_damaged_word_of_letters_is_no_trailer(tmp_path, end, kinds):
    report = _lint(tmp_path, CHECKED, {"d.txt": b"w: 01\nw: aa\nw: 1b\n" + end})
    assert {kind for _, kind in _errors(report)} == kinds
    assert ("trailer" in {f.kind for f in report.findings}) != bool(kinds)
