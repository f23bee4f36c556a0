"""What every simulation of Verilator's includes, read once by the compiler and kept as it understood it."""

from __future__ import annotations

from pathlib import Path

from tilewright.errors import ToolError
from tilewright.programs.process import last_lines, run_program

HEADER = "tilewright_runtime.h"
PRECOMPILED = f"{HEADER}.gch"
"""g++ takes it in place of `HEADER` where it lies beside it; about 90 MB."""

STANDARD = "-std=c++20"
"""Of the language: Verilator's processes are coroutines."""

_OFF = ("COVERAGE", "SC", "TRACE", "TRACE_FST", "TRACE_VCD", "TRACE_SAIF")


def precompile(compiler: str, root: Path, objects: Path, *, timeout_s: float) -> str:
    """Have the headers in `root` compiled in `objects`, unless they are there: make's flag that includes them.

    Macros and flags are those of Verilator's makefile at -O1. Should they ever differ, g++ reads the header
    itself: slower, but the same. What is compiled in parts has a precompiled header of its own, and g++
    takes only one.

    Raises `ToolError` if the compiler cannot read them.
    """
    objects.mkdir(exist_ok=True)
    text = '#include "verilated.h"\n#include "verilated_timing.h"\n'
    (objects / HEADER).write_text(text, encoding="utf-8")
    if not (objects / PRECOMPILED).is_file():
        include = root / "include"
        command = [
            *(compiler, "-O1", STANDARD, "-I.", f"-I{include}", f"-I{include / 'vltstd'}"),
            *("-DVERILATOR=1", "-DVM_TIMING=1", "-DVL_TIME_CONTEXT"),
            *(f"-DVM_{name}=0" for name in _OFF),
            *("-x", "c++-header", HEADER, "-o", PRECOMPILED),
        ]
        status, output = run_program(command, folder=objects, timeout_s=timeout_s)
        if status != 0:
            raise ToolError(f"{compiler} cannot compile Verilator's headers: {last_lines(output)}")
    return f"$(if $(filter 1,$(VM_PARALLEL_BUILDS)),,-include {HEADER})"
