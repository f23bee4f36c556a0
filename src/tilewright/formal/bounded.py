"""Check a module's assertions in every cycle after reset, up to a number of cycles."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from tilewright.errors import ToolError
from tilewright.formal.sources import without_imports
from tilewright.formal.yosys import first_error, run_yosys

CHECK = "check"
"""The module that holds the assertions, and the file that holds the module."""


def holds_after_reset(
    sources: Mapping[str, str], check: str, *, cycles: int, timeout_s: float
) -> bool:
    """Whether the assertions of module ``check`` hold for all inputs in the first `cycles` cycles.

    sources: file names to contents. check: text of the module, which instantiates what is judged beside its
    reference, assumes what its contract demands, and asserts what must hold. Registers begin as 0, which is
    what reset gives to those that it reaches.

    Raises `ToolError` if yosys is missing, cannot read the sources, or does not end in time.
    """
    files = without_imports(sources)
    script = "\n".join(
        [
            f"read_verilog -sv {' '.join(files)}",
            f"read_verilog -formal -sv {CHECK}.sv",
            f"prep -top {CHECK} -flatten",
            "memory_map",
            "async2sync",
            "opt_clean",
            "sat -verify -prove-asserts -set-assumes -set-init-zero -tempinduct-baseonly "
            f"-tempinduct -seq 1 -maxsteps {cycles}",
        ]
    )
    with tempfile.TemporaryDirectory(prefix="tilewright-yosys-") as name:
        status, output = run_yosys(
            script, {**files, f"{CHECK}.sv": check}, folder=Path(name), timeout_s=timeout_s
        )
    if status != 0 and "proof did fail" not in output:
        raise ToolError(f"yosys cannot judge the assertions: {first_error(output)}")
    return status == 0
