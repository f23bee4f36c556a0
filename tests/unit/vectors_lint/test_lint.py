"""What lint says where it cannot decide, and about input that is no testbench or no vector file."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.unit.vectors_lint.good_files import READERS, with_headers, write
from tilewright.errors import ConfigError, DataError, FormatError, ToolError
from tilewright.vectors.lint import lint
from tilewright.vectors.lint.command import run_fix, run_lint

pytest.importorskip("pyslang")

HEAD = "module t; integer f, r, i; reg [11:0] x; reg [8*40:1] name; wire w;\n"


def _undecided(tmp_path: Path, body: str) -> list[tuple[int, str]]:
    write(tmp_path, with_headers())
    bench = tmp_path / "t.v"
    bench.write_text(f"{HEAD}{body}\nendmodule\n")
    found = lint(tmp_path, testbench=bench).of("undecided")
    return [(finding.testbench_line, finding.message) for finding in found]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('initial f = $fopen(name, "r");', "the name of the file opened here cannot be computed"),
        ('initial begin f = $fopen("out.txt", "r"); if (w) r = $fscanf(f, "%b", x); end',
         "the files read here were not followed"),
        ('initial begin f = $fopen("out.txt", "r"); for (i = 0; i < w; i = i + 1) '
         'r = $fscanf(f, "%b", x); end', "the files read here were not followed"),
        ('initial f = $fopen("out.txt", "r"); always @(w) r = $fscanf(f, "%b", x);',
         "files read in an always block cannot be followed"),
        ('initial begin f = $fopen("out.txt", "r"); r = $rewind(f); end',
         r"\$rewind cannot be followed"),
        ('initial r = $fscanf(r, "%b", x);', r"the file of this \$fscanf cannot be computed"),
        ("initial $readmemb(name, x);", "what follows here cannot be followed: invalid argument"),
        ('initial begin f = $fopen("out.txt", "r"); while (1) r = $fscanf(f, "%b", x); end',
         "this loop over a file does not come to an end"),
        ("initial f = 1;", "lint sees no file that is read"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_said_with_its_line(
    tmp_path: Path, body: str, message: str
) -> None:
    """Never a guess: the testbench line, and what is not known there."""
    found = _undecided(tmp_path, body)
    assert any(re.match(message, text) for _, text in found), found
    assert all(line in (0, 2) for line, _ in found)


def test_names_are_followed(tmp_path: Path) -> None:
    """Parameters, defines, concatenation, tasks, functions, case, nested loops and padding."""
    write(tmp_path, {"a_03.txt": b"1\n", "a_13.txt": b"1\n", "b7.txt": b"1\n", "c1.txt": b"1\n"})
    bench = tmp_path / "t.v"
    bench.write_text(
        '`define EXT ".txt"\nmodule t; parameter P = "b"; localparam N = 2*3+1; integer f, i;\n'
        "reg x; reg [8*20:1] n;\n"
        "function integer twice(input integer k); twice = 2 * k; endfunction\n"
        'task one(input [8*20:1] name); begin f = $fopen(name, "r");\n'
        'if ($fscanf(f, "%b", x) != 1) $finish; $fclose(f); end endtask\n'
        "initial begin for (i = 0; i < twice(1); i = i + 1) begin\n"
        '$sformat(n, "a_%0d%0d%s", i, 3, `EXT); one(n); end\n'
        '$swrite(n, "%0s%0d%0s", P, N, `EXT); one(n);\n'
        'case (i) 2: n = {"c", "1", `EXT}; default: n = "no"; endcase one(n); end endmodule\n'
    )
    report = lint(tmp_path, testbench=bench)
    assert report.findings == ()
    assert set(report.files) == {"a_03.txt", "a_13.txt", "b7.txt", "c1.txt"}


def test_a_testbench_that_does_not_parse_is_refused_in_one_line(tmp_path: Path) -> None:
    """With path and line."""
    bench = tmp_path / "t.v"
    bench.write_text("module t;\ninitial begin\nx = ;\nend\nendmodule\n")
    with pytest.raises(
        FormatError, match=r"^the testbench must be Verilog that parses, but .*t\.v:3: "
    ):
        lint(tmp_path, testbench=bench)
    bench.write_bytes(b"\0\1\2")
    with pytest.raises(FormatError, match=r"^the testbench .* must be Verilog text of at most"):
        lint(tmp_path, testbench=bench)
    bench.write_text("")
    with pytest.raises(FormatError, match=r"must hold a module that no other one instantiates"):
        lint(tmp_path, testbench=bench)
    with pytest.raises(FormatError, match=r"^cannot read the testbench .*none\.v: No such file"):
        lint(tmp_path, testbench=tmp_path / "none.v")


def test_binary_and_empty_files_are_named(tmp_path: Path) -> None:
    """Garbage is an error with its line, not a traceback."""
    files = with_headers() | {"activation_tile0.txt": b"#a\n\xff\0", "out.txt": b""}
    report = lint(write(tmp_path, files), testbench=READERS / "tokens.v")
    assert {(f.file, f.file_line, f.kind) for f in report.errors} == {
        ("activation_tile0.txt", 2, "binary"), ("out.txt", 0, "empty"),
    }  # fmt: skip


def test_without_pyslang_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An optional dependency."""
    monkeypatch.setitem(sys.modules, "pyslang", None)
    with pytest.raises(ToolError, match=r"pip install 'tilewright\[lint\]'"):
        lint(tmp_path, testbench=READERS / "tokens.v")


def test_lint_needs_a_folder_and_something_to_check_against(tmp_path: Path) -> None:
    """Usage errors."""
    with pytest.raises(ConfigError, match=r"^files are checked against a testbench, a layout"):
        lint(tmp_path)
    with pytest.raises(DataError, match=r"must be a folder with vector files$"):
        lint(tmp_path / "none", testbench=READERS / "tokens.v")
    with pytest.raises(ConfigError, match=r"^--fix needs --testbench"):
        run_fix(tmp_path, testbench=None, out=None)


def test_a_reader_that_never_looks_is_warned_of_once(tmp_path: Path) -> None:
    """A warning about the testbench, with its first line; status 0."""
    result = run_lint(write(tmp_path, with_headers()), testbench=READERS / "tokens.v")
    assert result.status == 0
    assert result.lines[0].startswith("warning: tokens.v:24: 10 lines read files and never look")
    assert result.lines[-1] == "11 files: 0 errors, 1 warnings, 0 undecided"
