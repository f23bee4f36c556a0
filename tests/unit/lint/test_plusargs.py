"""`$value$plusargs` and `$test$plusargs`: lint stores what the simulators store, and says what is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tests.unit.lint.good_files import write
from tilewright.cores.build_cache import cached_build
from tilewright.errors import FormatError
from tilewright.lint import LintReport, Sources, lint
from tilewright.verilog.reader import follow
from tilewright.verilog.simulators import SIMULATORS
from tilewright.verilog.testbench import read_testbench

pytest.importorskip("pyslang")
X, Z = "x" * 12, "z" * 12
VALUES = {
    # conversion, text: what Icarus 11 and Verilator 5.48 store in 12 bits
    ("d", "12"): ("000000001100", "000000001100"),
    ("0d", "12"): ("000000001100", "000000001100"),
    ("D", "12"): ("000000001100", "000000001100"),
    ("d", "-3"): ("111111111101", "111111111101"),
    ("d", "123456789012"): ("101000010100", "101000010100"),
    ("d", "12q"): (X, "000000001100"),
    ("d", "1_0"): ("000000001010", "000000000001"),
    ("d", " 7"): (X, "000000000111"),
    ("d", "+7"): (X, "000000000111"),
    ("d", ""): ("000000000000", "000000000000"),
    ("d", "-"): ("000000000000", "000000000000"),
    ("d", "z"): (Z, "000000000000"),
    ("h", "1f"): ("000000011111", "000000011111"),
    ("x", "1F"): ("000000011111", "000000011111"),
    ("h", "1x"): ("00000001xxxx", "000000010000"),
    ("h", "z1"): ("zzzzzzzz0001", "000000000001"),
    ("h", "0x1f"): ("xxxx00011111", "000000011111"),
    ("h", "-3"): ("111111111101", "000000000011"),
    ("h", "123456"): ("010001010110", "010001010110"),
    ("h", "_1"): (X, "000000000001"),
    ("h", ""): (X, "000000000000"),
    ("h", "1g"): (X, "000000000001"),
    ("o", "17"): ("000000001111", "000000001111"),
    ("o", "18"): (X, "000000001000"),
    ("b", "101"): ("000000000101", "000000000101"),
    ("b", "12"): (X, "000000000010"),
    ("b", "1x"): ("00000000001x", "000000000010"),
    ("s", "ab"): ("000101100010", "000101100010"),
    ("s", ""): ("000000000000", "000000000000"),
    ("f", "2.5"): ("000000000011", "000000000000"),
    ("e", "-2.5"): ("111111111101", "000000000000"),
    ("g", "1e2"): ("000001100100", "000000000000"),
}
TEXTS = {
    '"NAME=%s", t': "1 a.txt",
    '"NAME=%0s", t': "1 a.txt",
    '"NA%s", t': "1 ME=a.txt",
    '"none=%s", t': "0 old",
    '"name=%s", t': "0 old",
    '"TWO=%s", t': "1 one",
    '"FLAG%s", t': "1",
    '"LONG=%s", r': "1 6789",
}
FLAGS = {"FLAG": 1, "FLA": 1, "FLAGS": 0, "flag": 0, "NAME=a": 1, "": 1}
GIVEN = ("NAME=a.txt", "TWO=one", "TWO=two", "FLAG", "LONG=123456789")


def _bench(values: dict[tuple[str, str], tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    """A bench that asks for each value and text, and its plusargs."""
    lines = [
        f'v = 5; k = $value$plusargs("P{at}=%{code}", v); $display("R %0d %b", k, v);'
        for at, (code, _) in enumerate(values)
    ]
    lines += [
        f't = "old"; r = "old"; k = $value$plusargs({call}); $display("R %0d %0s", k, {call[-1]});'
        for call in TEXTS
    ]
    lines += [f'k = $test$plusargs("{flag}"); $display("R %0d", k);' for flag in FLAGS]
    given = tuple(f"P{at}={text}" for at, (_, text) in enumerate(values))
    declared = "reg [11:0] v; integer k; reg [8*12:1] t; reg [8*4:1] r;"
    body = "\n".join(lines)
    return f"module t; {declared}\ninitial begin\n{body}\nend\nendmodule\n", (*GIVEN, *given)


def _expected(values: dict[tuple[str, str], tuple[str, str]], reader: str) -> list[str]:
    at = list(SIMULATORS).index(reader)
    lines = [f"R 1 {stored[at]}" for stored in values.values()]
    return [
        *lines,
        *(f"R {one}" for one in TEXTS.values()),
        *(f"R {one}" for one in FLAGS.values()),
    ]


@pytest.mark.parametrize("reader", SIMULATORS)
def test_lint_stores_what_the_simulators_store(reader: str, tmp_path: Path) -> None:
    """Every conversion, with values that are empty, too wide, or have bad digits."""
    text, given = _bench(VALUES)
    (tmp_path / "t.v").write_text(text)
    bench = read_testbench(tmp_path / "t.v", given=Sources(plusargs=given))
    machine = follow(bench, tmp_path, simulator=SIMULATORS[reader])
    printed = [(line or b"").decode().strip() for line in machine.printed]
    assert printed == _expected(VALUES, reader)


def test_icarus_stores_these_values(tmp_path: Path) -> None:
    """Those that the table says."""
    if not shutil.which("iverilog"):
        pytest.skip("Icarus Verilog is not installed")
    text, given = _bench(VALUES)
    (tmp_path / "t.v").write_text(text)
    subprocess.run(["iverilog", "-g2012", "-o", "t.vvp", "t.v"], cwd=tmp_path, check=True)
    command = ["vvp", "-n", "t.vvp", *(f"+{one}" for one in given)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    seen = [line.strip() for line in done.stdout.splitlines() if line.startswith("R ")]
    assert seen == _expected(VALUES, "icarus")


@pytest.mark.rtl
def test_verilator_stores_these_values(tmp_path: Path, builds: Path) -> None:
    """Those that the table says."""
    simulator = require_simulator("verilator")
    text, given = _bench(VALUES)
    sources = {"t.v": text.encode()}
    program = cached_build(
        simulator, sources, top="t", parameters={}, cache_dir=builds, timeout_s=600
    )
    plusargs = dict(one.partition("=")[::2] for one in given if "=" in one and one != "TWO=two")
    # the interface of the simulator takes pairs: a flag is one whose value is empty
    _, output = simulator.run(
        program, plusargs=plusargs | {"FLAG": ""}, folder=tmp_path, timeout_s=60
    )
    seen = [line.strip() for line in output.splitlines() if line.startswith("R ")]
    expected = _expected(VALUES, "verilator")
    at = len(VALUES) + list(TEXTS).index('"FLAG%s", t')
    assert [*seen[:at], *seen[at + 1 :]] == [*expected[:at], *expected[at + 1 :]]


HEAD = "module t; integer f, n, k; reg [7:0] v; string name; reg [8*20:1] chars;\n"
READ = 'f = $fopen(name, "r"); while ($fscanf(f, "%h", v) == 1) $display("%h", v);'


def _lint(folder: Path, body: str, *plusargs: str, **options: str) -> LintReport:
    bench = write(folder, {"d.txt": b"01\n02\n", "e.txt": b"01\ngg\n02\n"}) / "t.v"
    bench.write_text(f"{HEAD}initial begin {body} end\nendmodule\n")
    return lint(folder, testbench=bench, given=Sources(plusargs=plusargs), **options)


NEEDED = f'if (!$value$plusargs("DATA=%s", name)) $finish; {READ}'


def test_the_file_of_a_plusarg_is_read(tmp_path: Path) -> None:
    """One file is good, and a word of the other is none."""
    assert _lint(tmp_path, NEEDED, "DATA=d.txt").is_clean
    (error,) = _lint(tmp_path, NEEDED, "DATA=e.txt").errors
    assert (error.kind, error.file, error.file_line) == ("bad-word", "e.txt", 2)
    optional = f'name = "d.txt"; k = $value$plusargs("DATA=%s", name); {READ}'
    assert _lint(tmp_path, optional).is_clean
    assert _lint(tmp_path, optional, "DATA=e.txt").errors


@pytest.mark.parametrize(
    "body",
    [
        NEEDED,
        f'k = $value$plusargs("DATA=%s", name); {READ}',
        'k = $value$plusargs("DATA=%s", chars); f = $fopen(chars, "r"); n = $fscanf(f, "%h", v);',
    ],
)
def test_a_plusarg_that_is_missing_is_named(body: str, tmp_path: Path) -> None:
    """Where the name of the file should come from it; where it is given, nothing is said of it."""
    advice = "no plusarg begins with DATA=: give it, as --plusarg DATA=..."
    missing = _lint(tmp_path, body)
    assert any(advice in finding.message for finding in missing.findings)
    assert missing.errors or missing.of("undecided")
    given = _lint(tmp_path, body, "DATA=d.txt")
    assert not any("plusarg" in finding.message for finding in given.findings)


@pytest.mark.parametrize("code", ["", "%8d", "%c", "%%%d"])
def test_formats_that_icarus_refuses(code: str, tmp_path: Path) -> None:
    """It ends before anything is read, also where the call is never reached."""
    for reached in ("1", "k == 77"):
        body = f'k = 0; if ({reached}) k = $value$plusargs("N={code}", n); name = "d.txt"; {READ}'
        assert "bad-format" in {one.kind for one in _lint(tmp_path, body, "N=3").errors}
    body = f'k = $value$plusargs("N={code}", n); name = "d.txt"; {READ}'
    assert not _lint(tmp_path, body, "N=3", reader="verilator").errors


@pytest.mark.parametrize(
    ("call", "given"), [('"N=%b", n', "N=1_0"), ('"N=%d", name', "N=3")], ids=["digits", "string"]
)
def test_values_that_icarus_breaks_off_at(call: str, given: str, tmp_path: Path) -> None:
    """An underscore of a binary number, and a number for a string."""
    body = f'k = $value$plusargs({call}); name = "d.txt"; {READ}'
    assert "bad-format" in {one.kind for one in _lint(tmp_path, body, given).errors}
    if shutil.which("iverilog"):
        subprocess.run(["iverilog", "-g2012", "-o", "t.vvp", "t.v"], cwd=tmp_path, check=True)
        done = subprocess.run(
            ["vvp", "-n", "t.vvp", f"+{given}"], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode < 0 or done.returncode > 1
        assert b"01" not in done.stdout


@pytest.mark.parametrize("plusarg", ["", "+DATA=a", "A=\n"])
def test_a_plusarg_without_text_is_refused(plusarg: str) -> None:
    """In one line."""
    with pytest.raises(FormatError, match=r"^a plusarg must be NAME=VALUE or FLAG, but is "):
        Sources(plusargs=(plusarg,))
