"""Check a module's assertions in the cycles after reset: up to a number of them, or in all."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tilewright.errors import ToolError
from tilewright.formal.sources import without_imports
from tilewright.formal.yosys import first_error, run_yosys

CHECK = "check"
"""The module that holds the assertions, and the file that holds the module."""


INDUCTION = 2
"""Cycles in a row in which the assertions are taken to hold, to show that they hold in the next."""


def holds_after_reset(
    sources: Mapping[str, str],
    check: str,
    *,
    timeout_s: float,
    cycles: int | None = None,
    inside: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    """Whether the assertions of module ``check`` hold for all inputs in the cycles after reset.

    sources: file names to contents. check: text of the module, which instantiates what is judged beside its
    reference, assumes what its contract demands, and asserts what must hold. Registers begin as 0, which is
    what reset gives to those that it reaches. cycles: the first so many cycles; None: every cycle, by
    induction: False is then no counterexample, the assertions may say too little of the state. inside:
    wires of ``check`` that nothing drives, to registers of what is judged ("dut.read_q", "dut.slots_q[0]"):
    what the assertions say of the state.

    Raises `ToolError` if yosys is missing, cannot read the sources, or does not end in time.
    """
    files = without_imports(sources)
    steps = (
        f"-maxsteps {INDUCTION}" if cycles is None else f"-tempinduct-baseonly -maxsteps {cycles}"
    )
    script = "\n".join(
        [
            f"read_verilog -sv {' '.join(files)}",
            f"read_verilog -formal -sv {CHECK}.sv",
            f"prep -top {CHECK} -flatten",
            "memory_map",
            "async2sync",
            f"cd {CHECK}",
            *(
                f"rename \\{register} inner_{wire}\nconnect -set {wire} inner_{wire}"
                for wire, register in inside.items()
            ),
            "cd ..",
            "opt_clean",
            f"sat -verify -prove-asserts -set-assumes -set-init-zero -tempinduct -seq 1 {steps}",
        ]
    )
    with tempfile.TemporaryDirectory(prefix="tilewright-yosys-") as name:
        status, output = run_yosys(
            script, {**files, f"{CHECK}.sv": check}, folder=Path(name), timeout_s=timeout_s
        )
    if status != 0 and "proof did fail" not in output:
        raise ToolError(f"yosys cannot judge the assertions: {first_error(output)}")
    return status == 0
