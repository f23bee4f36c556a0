"""Count the cells of a module in a generic synthesis, memories left out."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.errors import ToolError
from tilewright.formal.sources import leave_out, set_parameters, without_imports
from tilewright.formal.yosys import first_error, run_yosys

_REGISTER = re.compile(r"\$_(S?DFF|ALDFF|DLATCH|SR)")
_PARAMETERS = re.compile(r"^\$paramod(?:\$[0-9a-f]+)?\\|\\.*$")
"""What yosys adds to the name of a module whose parameters are not the default ones."""
_STATISTICS = "statistics.json"


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells after ``synth`` without a technology.

    registers: flip-flops, one a bit. gates: all other cells (two-input gates, multiplexers, inverters).
    """

    registers: int
    gates: int

    @property
    def cells(self) -> int:
        """Registers and gates."""
        return self.registers + self.gates


@dataclass(frozen=True, slots=True)
class CellCounts(Cells):
    """Cells of a module and of everything inside it.

    black_boxes: instances that were left out, by the name of their module. parts: by the name of a
    module, all instances of it at whatever parameters, with everything inside them; the module itself
    is one of them.
    """

    black_boxes: dict[str, int]
    parts: dict[str, Cells]


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
    files = leave_out(without_imports(set_parameters(sources, top, parameters)), black_boxes)
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
        return _read((folder / _STATISTICS).read_text(encoding="utf-8"), top, black_boxes)


def _read(text: str, top: str, black_boxes: Sequence[str]) -> CellCounts:
    """From yosys's statistics; a cell type with a ``$_`` is a gate or a register of its library."""
    statistics: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
    types = {
        name.removeprefix("\\"): module["num_cells_by_type"]
        for name, module in statistics["modules"].items()
    }
    parts: Counter[tuple[str, bool]] = Counter()
    boxes: Counter[str] = Counter()

    def count(name: str, times: int, inside: frozenset[str]) -> None:
        """Add so many instances of a module to itself and to all modules that they are inside of."""
        inside |= {_PARAMETERS.sub("", name)}
        for kind, number in types[name].items():
            if kind.startswith("$_"):
                is_register = _REGISTER.match(kind) is not None
                parts.update({(part, is_register): times * number for part in inside})
            elif kind in black_boxes:
                boxes[kind] += times * number
            else:
                count(kind, times * number, inside)

    count(top, 1, frozenset())
    found = {
        part: Cells(parts[part, True], parts[part, False]) for part in sorted({p for p, _ in parts})
    }
    whole = found.get(top, Cells(0, 0))
    return CellCounts(whole.registers, whole.gates, dict(boxes), found)
