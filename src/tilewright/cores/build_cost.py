"""What keeps a build by Verilator short: what need not be compiled again, and what is compiled apart."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tilewright.errors import ToolError
from tilewright.programs.process import last_lines, run_program

HEADER = "tilewright_runtime.h"
PRECOMPILED = f"{HEADER}.gch"
"""g++ takes it in place of `HEADER` where it lies beside it; about 90 MB, once in the cache of builds."""

STANDARD = "-std=c++20"
"""Of the language: Verilator's processes are coroutines."""

_APART = ("tw_pe", "tw_array")
"""Modules of our core that stay functions of their own, since inlined PEs make one that takes minutes to
compile; all else is inlined, which simulates a fifth faster."""

_OFF = ("COVERAGE", "SC", "TRACE", "TRACE_FST", "TRACE_VCD", "TRACE_SAIF")


def runtime_parts(root: Path, others: Sequence[str], *, has_headers: bool) -> dict[str, str]:
    """Files that every build makes of the runtime in `root`, to a hash of their sources.

    others: sources beyond those of every simulation. has_headers: with the header that `precompile` makes.
    """
    names = ("verilated", "verilated_timing", "verilated_threads", *others)
    parts = {f"{name}.o": _hash_of(root, f"{name}.cpp") for name in names}
    return parts | ({PRECOMPILED: _hash_of(root, "*.h")} if has_headers else {})


def _hash_of(root: Path, pattern: str) -> str:
    files = sorted((root / "include").glob(pattern))
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def precompile(compiler: str, root: Path, objects: Path, *, timeout_s: float) -> str:
    """Have the headers in `root` compiled in `objects`, unless they are there: the flag for make.

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


def left_alone(objects: Path) -> list[str]:
    """Have make use the objects that are there: it thinks them older than the makefile of this design."""
    names = [f"--old-file={path.name}" for path in sorted(objects.glob("*.o"))]
    return [word for name in names for word in ("-MAKEFLAGS", name)]


def kept_apart(sources: Sequence[str], folder: Path) -> str:
    """The option, or a control file that is written to `folder`, that says which modules are not inlined.

    Of a core with other modules than ours that is all of them: nobody knows which are many.
    """
    if not {f"{module}.sv" for module in _APART} <= {*sources}:
        return "-fno-inline"
    lines = [f'no_inline -module "{module}"' for module in _APART]
    (folder / "apart.vlt").write_text("\n".join(["`verilator_config", *lines, ""]), "utf-8")
    return "apart.vlt"
