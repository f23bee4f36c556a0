"""How large is a module? Cells of a generic synthesis, memories left out."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.errors import ToolError
from tilewright.formal.sources import leave_out, set_parameters
from tilewright.formal.yosys import first_error, run_yosys

_REGISTER = re.compile(r"\$_(S?DFF|ALDFF|DLATCH|SR)")
_STATISTICS = "statistics.json"


@dataclass(frozen=True, slots=True)
class CellCounts:
    """Cells of a module and of everything inside it, after ``synth`` without a technology.

    registers: flip-flops, one a bit. gates: all other cells (two-input gates, multiplexers, inverters).
    black_boxes: instances that were left out, by the name of their module.
    """

    registers: int
    gates: int
    black_boxes: dict[str, int]

    @property
    def cells(self) -> int:
        """Registers and gates."""
        return self.registers + self.gates


def count_cells(
    sources: Mapping[str, str],
    *,
    top: str,
    parameters: Mapping[str, int],
    black_boxes: Sequence[str] = (),
    timeout_s: float = 600.0,
) -> CellCounts:
    """Synthesize `top` with these parameters; sources are file names to contents.

    Modules in `black_boxes` (memories, which a generic synthesis would turn into registers) are counted
    as instances. The hierarchy is kept, so each module is optimized by itself.

    Raises `ToolError` if yosys is missing, cannot read the sources, or does not end in time.
    """
    files = leave_out(set_parameters(sources, top, parameters), black_boxes)
    script = [
        f"read_verilog -sv {' '.join(files)}",
        f"hierarchy -check -top {top}",
        "synth",
        f"tee -q -o {_STATISTICS} stat -json",
    ]
    with tempfile.TemporaryDirectory(prefix="tilewright-yosys-") as name:
        folder = Path(name)
        status, output = run_yosys("\n".join(script), files, folder=folder, timeout_s=timeout_s)
        if status != 0 or not (folder / _STATISTICS).is_file():
            raise ToolError(f"yosys cannot synthesize {top}: {first_error(output)}")
        return _read((folder / _STATISTICS).read_text(encoding="utf-8"), black_boxes)


def _read(text: str, black_boxes: Sequence[str]) -> CellCounts:
    """The design's totals; a cell type with a ``$_`` is a gate or a register of yosys's library."""
    statistics: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
    by_type: dict[str, int] = statistics["design"]["num_cells_by_type"]
    registers = sum(n for kind, n in by_type.items() if _REGISTER.match(kind))
    gates = sum(n for kind, n in by_type.items() if kind.startswith("$_"))
    boxes = {box: by_type[box] for box in black_boxes if box in by_type}
    return CellCounts(registers, gates - registers, boxes)
