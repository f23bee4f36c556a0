"""Operators on casts to fewer bits: what yosys reads otherwise than a simulator is refused."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.rtl.layers import require_simulator
from tilewright.errors import FormatError
from tilewright.formal.misreadings import check_readings
from tilewright.formal.yosys import run_yosys

HEAD = """module t (input logic [7:0] a, b, input logic signed [7:0] s, u, input logic [3:0] c,
    output logic [15:0] y);
  localparam int W = 4, P = 1; localparam logic [7:0] Q = 8'h11; typedef logic [3:0] nibble_t;
  function automatic logic [3:0] f(input logic [3:0] x); f = x + 4'(a); endfunction
"""
VALUES = {"a": "8'hff", "b": "8'h01", "s": "8'hff", "u": "8'h01", "c": "4'hd"}

RIGHT = (
    "(4'(a) + 4'(b)) == 16",  # 32 bits in both
    "4'(a) == 4'hf",
    "(c[0] ? 4'(a) : 4'd3) == 4'hf",
    "4'(s) < 0",
    "4'(s) < 4'sd0",
    "(4'(s) + 4'(u)) < 0",
    "$signed(4'(a)) < 0",
    "&(4'(a))",
    "4'(a) > 4'(b)",
    "f(4'(a) + 4'(b)) == 0",
    "(f(a) + f(b)) == 0",
    "(4'(a) & 4'(b)) == 4'h1",
    "(4'(a) ^ 4'(b)) == 4'he",
    "c[2'(a)]",
    "(4'(a) == 4'hf) && 1'b1",
    "4'(4'(a) + 4'(b)) == 0",
    "(4'(c) + 4'(c)) == 4'ha",
    "(a[3:0] + b[3:0]) == 0",
    "(c - 4'(1)) == 4'hc",
    "(c - W'(1)) == 4'hc",
    "(c - W'(P + 1)) == 4'hb",
    "(c - W'($clog2(P) + Q)) == 4'hc",
    "4'(s)",
    "{4'h1, 4'(a), 4'hf}",
    "{2{4'(a)}}",
    "4'(a) + 4'(b)",
    "nibble_t'(a) * 4'(b)",
    "$signed(4'(a))",
    "{4'h1, $unsigned(4'(s)), 4'hf}",
    "{4'h1, 4'(4'(a) + 4'(b)), 4'hf}",
)
WRONG = (
    "(4'(a) + 4'(b)) == 4'd0",
    "(nibble_t'(a) + nibble_t'(b)) == 4'd0",
    "~(4'(a)) == 4'h0",
    "-(4'(b)) == 4'hf",
    "(4'(a) << 1) == 4'he",
    "!(4'(a) + 4'(b))",
    "(4'(a) + 4'(b)) ? 1'b1 : 1'b0",
    "((4'(a) + 4'(b)) >> 1) == 4'd0",
    "(4'(a) + 4'(b)) < 4'(b)",
    "(4'(a) * 4'(a)) == 4'h1",
    "c[2'(a) + 2'(b)]",
    "|(4'(a) + 4'(b))",
    "{4'h1, (c[0] ? 4'(a) : 4'd3), 4'hf}",
    "{4'h1, 4'(a) + 4'(b), 4'hf}",
)


def module(expressions):
    """Outputs y0, y1, ... of the expressions."""
    ports = "".join(f", y{at}" for at in range(1, len(expressions)))
    lines = (f"  assign y{at} = {one};\n" for at, one in enumerate(expressions))
    return HEAD.replace(" y);", f" y0{ports});") + "".join(lines) + "endmodule\n"


def simulated(text, count, folder):
    require_simulator("icarus")
    shows = "".join(f'$display("%b", y{at}); ' for at in range(count))
    inputs = "".join(f"logic [7:0] {name} = {value}; " for name, value in VALUES.items())
    outputs = ", ".join(f"y{at}" for at in range(count))
    head = f"module bench; {inputs} logic [15:0] {outputs}; t dut (.c(c[3:0]), .*);"
    bench = f"{head} initial begin #1 {shows} end endmodule\n"
    (folder / "bench.sv").write_text(text + bench.replace("logic [7:0] s", "logic signed [7:0] s"))
    command = ["iverilog", "-g2012", "-s", "bench", "-o", "bench", "bench.sv"]
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run(["vvp", "-n", "bench"], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().split()


def in_yosys(text, count, folder):
    sets = " ".join(f"-set {name} {value}" for name, value in VALUES.items())
    shows = " ".join(f"-show y{at}" for at in range(count))
    script = f"read_verilog -sv t.sv\nprep -top t\neval {sets} {shows} t\n"
    status, output = run_yosys(script, {"t.sv": text}, folder=folder, timeout_s=60)
    assert status == 0, output
    return re.findall(r"Eval result: \\y\d+ = \d+'([01x]+)\.", output)


def test_what_is_not_refused_is_read_as_a_simulator_does(tmp_path):
    text = module(RIGHT)
    check_readings({"t.sv": text}, top="t", parameters={})
    found = simulated(text, len(RIGHT), tmp_path), in_yosys(text, len(RIGHT), tmp_path)
    assert found[0] == found[1]
    assert len(found[0]) == len(RIGHT)


def test_what_is_refused_is_read_otherwise(tmp_path):
    """Should a later yosys read them alike, the refusal can go."""
    text = module(WRONG)
    pairs = zip(
        simulated(text, len(WRONG), tmp_path), in_yosys(text, len(WRONG), tmp_path), strict=True
    )
    assert [WRONG[at] for at, (one, other) in enumerate(pairs) if one == other] == []


@pytest.mark.parametrize("expression", WRONG)
def test_each_is_refused_with_its_place_and_what_to_write(expression):
    with pytest.raises(FormatError) as refused:
        check_readings({"t.sv": module([expression])}, top="t", parameters={})
    assert re.search(
        r"t\.sv:5: .* has [24] bits, but 8 in yosys; write [24]'\(", str(refused.value)
    )


@pytest.mark.parametrize(
    "statement",
    [
        "always_comb if (4'(a) + 4'(b)) y = 1; else y = 0;",
        "always_comb case (4'(a) + 4'(b)) 4'd0: y = 1; default: y = 0; endcase",
        "logic [3:0] k; assign k = (4'(a) + 4'(b)) / 4'd2; assign y = k;",
    ],
)
def test_statements_are_looked_into(statement):
    text = HEAD + statement + "\nendmodule\n"
    with pytest.raises(FormatError, match="must be cast itself"):
        check_readings({"t.sv": text}, top="t", parameters={})


@pytest.mark.parametrize(
    "statement",
    [
        "logic [3:0] k = 4'(a) - 4'(b); assign y = k;",
        "always_ff @(posedge a[0]) y[3:0] <= ~(4'(a) + 4'(b));",
        "logic [1:0] k; assign k = 4'(a) + 4'(b); assign y = k;",
        "part p (.i(4'(a) + 4'(b)), .o(y));",
    ],
)
def test_what_is_cut_at_once_is_taken(statement):
    part = "module part (input logic [3:0] i, output logic [15:0] o); assign o = i; endmodule\n"
    text = HEAD + statement + "\nendmodule\n" + part
    check_readings({"t.sv": text}, top="t", parameters={})
