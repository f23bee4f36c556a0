"""How large is our RTL? Cells of a generic synthesis, by geometry and by width of the codes.

``python benchmarks/synthesis.py [--json] [--rtl FOLDER]`` (extra ``formal``)

yosys's ``synth``, no technology: flip-flops and gates of its own library (two-input gates, multiplexers
and inverters, all counted as one), the three memories left out. It says how parts compare and how they
grow, not how large a chip is. The PE's arithmetic is proved first, at each width.
"""

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tilewright.formal import Cells, PeWidths, count_cells, prove_pe
from tilewright.mutation import read_core
from tilewright.rtl import RTL_DIR

WIDTHS = (PeWidths(2, 4, 16), PeWidths(4, 4, 16), PeWidths(4, 4, 20), PeWidths(8, 4, 20))
GEOMETRIES = ((4, 4), (5, 7), (8, 8), (8, 16), (16, 8), (16, 16))
MEMORY = "tw_sram"
CORE = "tw_core"
PARTS = ("tw_l0", "tw_array", "tw_ofifo", "tw_sfu", "tw_controller", "tw_tracker", CORE)


def _facts(counts: Cells) -> dict[str, int]:
    return {"registers": counts.registers, "gates": counts.gates, "cells": counts.cells}


def _pe(folder: Path, sources: dict[str, str], widths: PeWidths) -> dict[str, Any]:
    """Cells of one PE, after its proof."""
    parameters = {
        "ActBits": widths.act,
        "WeightBits": widths.weight,
        _psum_parameter(sources): widths.psum,
    }
    return {
        "act_bits": widths.act,
        "weight_bits": widths.weight,
        "psum_bits": widths.psum,
        "arithmetic": prove_pe(folder, widths),
        **_facts(count_cells(sources, top="tw_pe", parameters=parameters)),
    }


def _psum_parameter(sources: dict[str, str]) -> str:
    return "ColumnBits" if "parameter int ColumnBits" in sources["tw_pe.sv"] else "PsumBits"


def _parts(sources: dict[str, str], rows: int, cols: int) -> dict[str, dict[str, int]]:
    """Cells of each part of the core at one geometry, with the RTL's default widths."""
    sizes = {"Rows": rows, "Cols": cols}
    core = count_cells(sources, top=CORE, parameters=sizes, black_boxes=(MEMORY,))
    return {part: _facts(core.parts[part]) for part in PARTS}


def main() -> None:
    """Print two tables, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    parser.add_argument("--rtl", type=Path, default=RTL_DIR, help="of another version of our core")
    arguments = parser.parse_args()
    sources = read_core(arguments.rtl)
    facts = {
        "pe": [_pe(arguments.rtl, sources, widths) for widths in WIDTHS],
        "geometries": {f"{rows}x{cols}": _parts(sources, rows, cols) for rows, cols in GEOMETRIES},
        "yosys": version("pyosys"),
    }
    if not arguments.json:
        _print_tables(facts)
    print(json.dumps(facts))


def _print_tables(facts: dict[str, Any]) -> None:
    print("one PE            registers    gates    cells   arithmetic")
    for pe in facts["pe"]:
        name = f"W{pe['weight_bits']}A{pe['act_bits']}, psum {pe['psum_bits']}"
        print(f"{name:18}{pe['registers']:9,}{pe['gates']:9,}{pe['cells']:9,}   {pe['arithmetic']}")
    print("cells (registers) " + "".join(f"{part:>18}" for part in PARTS))
    for name, parts in facts["geometries"].items():
        cells = (f"{parts[part]['cells']:,} ({parts[part]['registers']:,})" for part in PARTS)
        print(f"{name:18}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
