#!/usr/bin/env bash
# vcd2df makes a table of a VCD file without its last time, and of four processing elements with a psum each it keeps one.
#
# vcd2df 1.0 with pandas 3.1.1. Rows of its data frame are called by the last part of a name, without the scope, and a name that was there already is passed over, though it has a code and values of its own: of an array of processing elements, whose registers have one name in each, the first one's
# are in the table and the others' nowhere. A column is written when the next time begins, so that the values of the last time of the file, with a simulation that ends at its result the result itself, are missing. Expected was a row for every variable and a column for every time of the file (IEEE 1364-2005, 18.2:
# a variable is known by its scopes and its reference name). Nothing is printed, and a sum over the table or a comparison of two such tables takes what is left for the whole: two waves that differ in all psums but the first, or only at their end, are equal. x is -1, as its documentation says; a signed bus is
# read as unsigned. Read such files with pywellen or vcdvcd, which give full names and every change.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet vcd2df==1.0 pandas==3.1.1 vcdvcd==2.6.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import pathlib

from vcd2df import vcd2df
from vcdvcd import VCDVCD

CODES = "!#%&"


def wave(psums):
    """A wave of four psums at times 0, 5 and 10."""
    scopes = "".join(f"$scope module pe{i} $end\n$var reg 8 {code} psum [7:0] $end\n$upscope $end\n" for i, code in enumerate(CODES))
    times = "".join(f"#{5 * t}\n{t & 1}c\n" + "".join(f"b{psums[i][t]:b} {code}\n" for i, code in enumerate(CODES)) for t in range(3))
    start = "$dumpvars\n0c\n" + "".join(f"bx {code}\n" for code in CODES) + "$end\n"
    return f"$timescale 1ns $end\n$scope module tb $end\n$var wire 1 c clk $end\n{scopes}$upscope $end\n$enddefinitions $end\n{start}{times}"


right = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]
wrong = [[1, 2, 77], [40, 50, 60], [70, 80, 90], [100, 110, 120]]
tables = []
for name, psums in (("right.vcd", right), ("wrong.vcd", wrong)):
    pathlib.Path(name).write_text(wave(psums))
    whole = {"tb.clk": 3} | {f"tb.pe{i}.psum[7:0]": 3 for i in range(4)}
    times = VCDVCD(name)
    assert sorted(times.signals) == sorted(whole) and times.endtime == 10
    for i, values in enumerate(psums):
        assert [int(value, 2) for time, value in times[f"tb.pe{i}.psum[7:0]"].tv if value != "x"] == values
    tables.append(vcd2df(name))
    print(name, "psums at times 0, 5, 10:", psums)
    print(tables[-1])
first, second = tables
seen = {"rows": list(first.index), "columns": list(first.columns), "psum": first.loc["psum"].tolist(), "equal": first.equals(second)}
print(seen)
assert seen == {"rows": ["clk", "psum"], "columns": ["#0", "#5"], "psum": [1, 2], "equal": True}, "the behaviour has changed"
PY
