"""Places that `$fscanf` and `$fgets` may not write to: lint fails where Icarus ends the simulation."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tilewright.lint import lint

pytest.importorskip("pyslang")

HEAD = """module t; localparam K = 1; integer f, r, i, j;
reg [3:0] m [0:1][0:1]; reg [3:0] n [0:1]; reg [1:0][3:0] p; reg [3:0] x; reg [8*10:1] l; string s;
reg [1:0] w; reg [2:0] v; integer a [0:1]; reg [3:0] o [1:2]; reg [0:3] u; int d [];
struct packed {logic [3:0] y;} e;
initial begin f = $fopen("d.txt", "r"); i = 0; j = 1; w = 0; v = 0; a[0] = 0; a[1] = 0; d = new[1];
"""
SCANNED = {
    "x": True, "x[i]": True, "x[0]": True, "n[i]": True, "m[0][j]": True, "m[K][j]": False, "p[0]": True,
    "p[K]": True, "{x, n[0]}": False, "m[i][j]": False, "m[i][0]": False, "p[i]": False,
    "n[i][1:0]": False, "n[i][j+:2]": False, "m[j][K]": False,
    "n[i+1]": False, "n[K]": True, "n[K-1]": True, "n[w]": False, "n[v]": True, "n[a[0]]": True,
    "n[a[i+1]]": False,
    "o[i]": False, "o[K]": True, "x[i+1]": False, "x[i+:2]": True, "x[i+1+:2]": False, "u[i]": False,
    "u[1]": True,
    "m[K][K]": True, "m[K-1][j]": True, "m[1][j]": False, "m[0][w]": False, "p[0][i]": True, "p[1][i]": False,
    "p[K-1]": True, "p[1][1:0]": True, "d[0]": False, "e.y": True, "e.y[1]": True, "{x}": False,
}  # fmt: skip
LINES = {
    "l": True,
    "p": True,
    "s": False,
    "n[i]": False,
    "p[i]": False,
    "{x, l}": False,
    "l[8:1]": False,
}
CALLS = {f'$fscanf(f, "%b", {place})': taken for place, taken in SCANNED.items()}
CALLS |= {f"$fgets({place}, f)": taken for place, taken in LINES.items()}


def write(folder: Path, call: str) -> Path:
    path = folder / "t.v"
    path.write_text(f'{HEAD} r = {call}; $display("went on"); end endmodule\n')
    (folder / "d.txt").write_text("1\n0\n")
    return path


@pytest.mark.parametrize("call", CALLS)
def test_lint_fails_where_icarus_does(call: str, tmp_path: Path) -> None:
    require_simulator("icarus")
    path = write(tmp_path, call)
    program = tmp_path / "t.out"
    subprocess.run(["iverilog", "-g2012", "-o", program, path], check=True)
    done = subprocess.run(["vvp", "-n", program], capture_output=True, cwd=tmp_path, text=True)
    assert ("went on" in done.stdout) is CALLS[call]
    found = [one for one in lint(tmp_path, testbench=path).findings if one.kind == "bad-place"]
    assert bool(found) is not CALLS[call], found
    is_warning = call == "$fgets(s, f)"  # a later Icarus takes it
    assert [one.severity for one in found] == ["warning" if is_warning else "error"] * len(found)


@pytest.mark.parametrize("call", ['$fscanf(f, "%b", {x, n[0]})', '$fscanf(f, "%b", m[i][j])'])
def test_the_verdict_names_the_simulators_that_refuse(call: str, tmp_path: Path) -> None:
    path = write(tmp_path, call)
    is_for_both = "{" in call
    found = lint(tmp_path, testbench=path, reader="verilator").errors
    assert ("bad-place" in [one.kind for one in found]) is is_for_both
    (first,) = (one for one in lint(tmp_path, testbench=path).errors if one.kind == "bad-place")
    assert first.message.startswith(
        "Icarus 11 and Verilator refuse" if is_for_both else "Icarus 11 refuses"
    )


@pytest.mark.parametrize(
    "body",
    [
        'integer f, i; initial begin f = $fopen("d.txt", "r"); while (1) i = i + 1; end',
        'integer f; initial begin f = $fopen("d.txt", "r"); $fclose(f); end',
        'integer f, i; initial begin f = $fopen("d.txt", "r"); i = 2 ** 2 ** 30; end',
    ],
)
def test_a_bench_that_reads_nothing_is_no_pass(body: str, tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("0101\n")
    path = tmp_path / "t.v"
    path.write_text(f"module t; {body} endmodule\n")
    report = lint(tmp_path, testbench=path, max_steps=2000)
    assert report.errors or report.of("undecided")
