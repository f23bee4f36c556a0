"""A small Verilog core of its own, and mutants of its text, for the benchmark of `tilewright explain`.

It is behavioral where that does not matter, and a PE at a time where faults are planted: memories, address,
operands, PE, column, accumulator, output register.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np

TEXT = """
module core;
  parameter ROWS = 1, COLS = 1, IT = 1, OT = 1, TAPS = 1, KW = 1, PW = 1, NIJ = 1;
  parameter OH = 1, OW = 1, SH = 1, SW = 1;
  reg [3:0] xmem [0:IT*NIJ*ROWS-1];
  reg signed [3:0] wmem [0:OT*IT*TAPS*COLS*ROWS-1];
  reg signed [15:0] pmem [0:OT*OH*OW*COLS-1];
  integer o, i, t, c, r, p, h, w, a, f;
  reg signed [3:0] wr [0:ROWS*COLS-1];
  reg [3:0] x;
  reg signed [15:0] psum, acc;
  reg signed [8:0] product;
  initial begin
    $readmemh("x.hex", xmem);
    $readmemh("w.hex", wmem);
    for (p = 0; p < OT*OH*OW*COLS; p = p + 1) pmem[p] = 0;
    for (o = 0; o < OT; o = o + 1)
      for (i = 0; i < IT; i = i + 1)
        for (t = 0; t < TAPS; t = t + 1) begin
          for (c = 0; c < COLS; c = c + 1)
            for (r = 0; r < ROWS; r = r + 1)
              wr[c*ROWS+r] = wmem[(((o*IT+i)*TAPS+t)*COLS+c)*ROWS+r];
          for (h = 0; h < OH; h = h + 1)
            for (w = 0; w < OW; w = w + 1) begin
              a = (h*SH + t/KW)*PW + w*SW + t%KW;
              for (c = 0; c < COLS; c = c + 1) begin
                psum = 0;
                for (r = 0; r < ROWS; r = r + 1) begin
                  x = (a < NIJ) ? xmem[(i*NIJ+a)*ROWS+r] : 4'd0;
                  product = $signed({1'b0, x}) * wr[c*ROWS+r];
                  psum = psum + product;
                end
                acc = pmem[((o*OH+h)*OW+w)*COLS+c];
                acc = acc + psum;
                pmem[((o*OH+h)*OW+w)*COLS+c] = acc;
              end
            end
        end
    f = $fopen("out.txt", "w");
    for (o = 0; o < OT; o = o + 1)
      for (p = 0; p < OH*OW; p = p + 1)
        for (c = 0; c < COLS; c = c + 1)
          $fdisplay(f, "%0d", pmem[(o*OH*OW+p)*COLS+c]);
    $fclose(f);
    $finish;
  end
endmodule
"""

UNKNOWN = -(1 << 40)
"""Stands for a number with bits that are x."""

LOAD = "wr[c*ROWS+r] = wmem[(((o*IT+i)*TAPS+t)*COLS+c)*ROWS+r];"
READ = "x = (a < NIJ) ? xmem[(i*NIJ+a)*ROWS+r] : 4'd0;"
PRODUCT = "product = $signed({1'b0, x}) * wr[c*ROWS+r];"
ADD = "psum = psum + product;"
ACCUMULATE = "acc = acc + psum;"
STORE = "pmem[((o*OH+h)*OW+w)*COLS+c] = acc;"
ADDRESS = "a = (h*SH + t/KW)*PW + w*SW + t%KW;"
SHOW = "pmem[(o*OH*OW+p)*COLS+c]);"


def mutants(rows: int, cols: int, taps: int, random: Any) -> list[tuple[str, str, str]]:
    """Name, old text and new text of each; rows, columns and taps are drawn."""
    r, c, t = int(random.integers(rows)), int(random.integers(cols)), int(random.integers(1, taps))
    return [
        ("unsigned weight", "reg signed [3:0] wr", "reg [3:0] wr"),
        ("unsigned product", PRODUCT, "product = x * $unsigned(wr[c*ROWS+r]);"),
        ("signed activation", PRODUCT, "product = $signed(x) * wr[c*ROWS+r];"),
        ("lanes reversed", "*COLS+c)*ROWS+r];", "*COLS+c)*ROWS+ROWS-1-r];"),
        ("lines reversed", "*TAPS+t)*COLS+c)*ROWS+r];", "*TAPS+t)*COLS+COLS-1-c)*ROWS+r];"),
        ("line late", "*TAPS+t)*COLS+c)*ROWS+r];", "*TAPS+t)*COLS+(c==0?0:c-1))*ROWS+r];"),
        ("line early", "*TAPS+t)*COLS+c)*ROWS+r];", "*TAPS+t)*COLS+(c==COLS-1?c:c+1))*ROWS+r];"),
        ("taps backwards", "*TAPS+t)*COLS", "*TAPS+TAPS-1-t)*COLS"),
        ("tap late", "*TAPS+t)*COLS", "*TAPS+(t==0?0:t-1))*COLS"),
        ("tap 0 for ever", "*TAPS+t)*COLS", "*TAPS)*COLS"),
        ("tap not loaded", LOAD, f"if (t != {t}) {LOAD}"),
        ("activations reversed", "(i*NIJ+a)*ROWS+r]", "(i*NIJ+a)*ROWS+ROWS-1-r]"),
        ("row dead", READ, READ + f" if (r == {r}) x = 0;"),
        ("row stuck", READ, READ + f" if (r == {r}) x = 15;"),
        ("row late", "xmem[(i*NIJ+a)*ROWS+r]", f"xmem[(i*NIJ+a-((r=={r} && a > 0)?1:0))*ROWS+r]"),
        ("activation bit 0", READ, READ + " x = x & 4'b1110;"),
        ("activation bit 3", READ, READ + " x = x & 4'b0111;"),
        ("activation bit 1 high", READ, READ + " x = x | 4'b0010;"),
        ("address + 1", ADDRESS, ADDRESS + " a = a + 1;"),
        ("address + row", ADDRESS, ADDRESS + " a = a + PW;"),
        ("no tap row", "h*SH + t/KW", "h*SH"),
        ("no tap column", " + t%KW;", ";"),
        ("tap exchanged", ADDRESS, "a = (h*SH + t%KW)*PW + w*SW + t/KW;"),
        ("pitch", ")*PW + w*SW", ")*(PW-1) + w*SW"),
        ("pixel exchanged", ADDRESS, "a = (w*SH + t/KW)*PW + h*SW + t%KW;"),
        ("address wraps", ADDRESS, ADDRESS + " a = a % 16;"),
        ("fifo full", READ, READ + " if (a >= 16) x = 0;"),
        ("PE dead", PRODUCT, PRODUCT + f" if (r == {r} && c == {c}) product = 0;"),
        ("PE twice", PRODUCT, PRODUCT + f" if (r == {r} && c == {c}) product = product * 2;"),
        ("PE negated", PRODUCT, PRODUCT + f" if (r == {r} && c == {c}) product = -product;"),
        ("PE stuck", LOAD, LOAD + f" if (r == {r} && c == {c}) wr[c*ROWS+r] = 4'sd5;"),
        (
            "PE unsigned",
            PRODUCT,
            PRODUCT + f" if (r == {r} && c == {c}) product = x * (wr[c*ROWS+r] & 15);",
        ),
        ("narrow product", "reg signed [8:0] product", "reg signed [5:0] product"),
        ("weight bit", LOAD, LOAD + " wr[c*ROWS+r] = wr[c*ROWS+r] & 4'b1101;"),
        ("weight sign", LOAD, LOAD + " wr[c*ROWS+r] = wr[c*ROWS+r] & 4'b0111;"),
        ("weight narrow", "reg signed [3:0] wr", "reg signed [2:0] wr"),
        ("psum cut", ADD, f"psum = ((r == {max(r, 1)} && c == {c}) ? 0 : psum) + product;"),
        ("psum subtracts", ADD, "psum = psum - product;"),
        (
            "psum narrow",
            "  reg signed [15:0] psum, acc;",
            "  reg signed [6:0] psum; reg signed [15:0] acc;",
        ),
        (
            "psum unsigned",
            "  reg signed [15:0] psum, acc;",
            "  reg [11:0] psum; reg signed [15:0] acc;",
        ),
        ("psum saturates", ADD, ADD + " if (psum > 63) psum = 63; if (psum < -64) psum = -64;"),
        ("psum keeps", "                psum = 0;\n", ""),
        (
            "acc narrow",
            "  reg signed [15:0] psum, acc;",
            "  reg signed [15:0] psum; reg signed [7:0] acc;",
        ),
        (
            "acc saturates",
            ACCUMULATE,
            ACCUMULATE + " if (acc > 127) acc = 127; if (acc < -128) acc = -128;",
        ),
        ("acc relu", ACCUMULATE, ACCUMULATE + " if (acc < 0) acc = 0;"),
        ("tap relu", ACCUMULATE, "acc = acc + (psum < 0 ? 16'sd0 : psum);"),
        ("tap lost", ACCUMULATE, f"if (t != {t}) {ACCUMULATE}"),
        ("tap twice", ACCUMULATE, ACCUMULATE + f" if (t == {t}) {ACCUMULATE}"),
        ("tap clears", ACCUMULATE, f"if (t == {t} && i == 0) acc = 0; " + ACCUMULATE),
        ("last tap missing", "t < TAPS; t", "t < TAPS-1; t"),
        ("truncated", ACCUMULATE, "acc = acc + (psum >>> 1);"),
        ("low bit lost", STORE, "pmem[((o*OH+h)*OW+w)*COLS+c] = acc & ~16'd1;"),
        ("column stuck", SHOW, f"c == {c} ? 0 : " + SHOW),
        ("column bit", SHOW, f"c == {c} ? $signed(pmem[(o*OH*OW+p)*COLS+c] | 16'sd4) : " + SHOW),
        ("outputs reversed", SHOW, "pmem[(o*OH*OW+p)*COLS+COLS-1-c]);"),
        ("pixel late", SHOW, "p == 0 ? 0 : pmem[(o*OH*OW+p-1)*COLS+c]);"),
        ("pixel early", SHOW, "pmem[(o*OH*OW+(p==OH*OW-1?p:p+1))*COLS+c]);"),
        ("column late", SHOW, f"pmem[(o*OH*OW+((c=={c} && p>0)?p-1:p))*COLS+c]);"),
        ("pixel stale", SHOW, "pmem[(o*OH*OW+(p==3?2:p))*COLS+c]);"),
        ("memory wraps", SHOW, "pmem[(o*OH*OW+p%8)*COLS+c]);"),
        ("relu early", SHOW, "pmem[(o*OH*OW+p)*COLS+c] < 0 ? 0 : " + SHOW),
        ("unsigned dump", SHOW, "$unsigned(pmem[(o*OH*OW+p)*COLS+c]) & 16'h0fff);"),
        ("map mirrored", SHOW, "pmem[(o*OH*OW+(p/OW)*OW+OW-1-p%OW)*COLS+c]);"),
        ("off by one", SHOW, "pmem[(o*OH*OW+p)*COLS+c] + 1);"),
    ]


def run_text(
    text: str, folder: Path, shape: Any, rows: int, cols: int, weight: Any, codes: Any
) -> np.ndarray:
    """The core's psums, ``oc oh ow``: Icarus compiles the text and runs it on these operands."""
    itiles, otiles = -(-shape.ic // rows), -(-shape.oc // cols)
    folder.mkdir(parents=True, exist_ok=True)
    plane = np.zeros((itiles * rows, shape.padded_h, shape.padded_w), int)
    (pad_h, pad_w) = shape.padding
    plane[: shape.ic, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = codes
    x = plane.reshape(itiles, rows, -1).transpose(0, 2, 1).ravel()
    whole = np.zeros((otiles * cols, itiles * rows, shape.taps), int)
    whole[: shape.oc, : shape.ic] = np.asarray(weight).reshape(shape.oc, shape.ic, -1)
    w = whole.reshape(otiles, cols, itiles, rows, -1).transpose(0, 2, 4, 1, 3).ravel()
    (folder / "x.hex").write_text("\n".join(f"{v:x}" for v in x) + "\n")
    (folder / "w.hex").write_text("\n".join(f"{v & 15:x}" for v in w) + "\n")
    (folder / "core.v").write_text(text)
    sizes = {
        "ROWS": rows,
        "COLS": cols,
        "IT": itiles,
        "OT": otiles,
        "TAPS": shape.taps,
        "KW": shape.kw,
        "PW": shape.padded_w,
        "NIJ": shape.nij,
        "OH": shape.oh,
        "OW": shape.ow,
        "SH": shape.stride[0],
        "SW": shape.stride[1],
    }
    words = [f"-Pcore.{name}={size}" for name, size in sizes.items()]
    subprocess.run(
        ["iverilog", "-g2005-sv", *words, "-o", "core.vvp", "core.v"],
        cwd=folder,
        check=True,
        timeout=60,
    )
    subprocess.run(
        ["vvp", "-n", "core.vvp"], cwd=folder, check=True, timeout=60, capture_output=True
    )
    lines = (folder / "out.txt").read_text().split()
    values = np.array([UNKNOWN if "x" in line else int(line) for line in lines], np.int64)
    lanes = values.reshape(otiles, shape.onij, cols).transpose(0, 2, 1).reshape(-1, shape.onij)
    return lanes[: shape.oc].reshape(shape.oc, shape.oh, shape.ow)
