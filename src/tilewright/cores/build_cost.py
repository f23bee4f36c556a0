"""What keeps builds by Verilator short and simulations fast: what is compiled once, and in what pieces."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tilewright.errors import ToolError
from tilewright.programs.process import last_lines, run_program

HEADER = "tilewright_runtime.h"
PRECOMPILED = f"{HEADER}.gch"
"""g++ takes it in place of `HEADER` where it lies beside it; about 90 MB, once in the cache of builds."""

EFFORT = ("-fno-split", "--output-split-cfuncs", "4000", "--output-split", "100000")
"""A process stays in one piece, which with the wires apart simulates a third faster. Functions are cut after
so many nodes, since g++ takes more than twice the time for one of twice the length; files, too, for the
memory that it takes: arrays of up to 16x16 are one."""

_SPLIT = ("valid", "first", "last", "act", "weight", "north", "psum", "overflow")
"""Wires of our array: an element that is a variable of its own is no copy of the register behind it."""

_TEXT = """
#include "verilated.h"
#include "verilated_timing.h"
#undef VL_ATTR_COLD
#define VL_ATTR_COLD __attribute__((cold, optimize("O0")))
"""
"""Of `HEADER`: what runs once is not optimized, which would be a quarter of the time."""

_OFF = ("COVERAGE", "SC", "TRACE", "TRACE_FST", "TRACE_VCD", "TRACE_SAIF")


def runtime_parts(root: Path, others: Sequence[str], *, has_headers: bool) -> dict[str, str]:
    """Files that every build makes of the runtime in `root`, to a hash of their sources.

    others: sources beyond those of every simulation. has_headers: with the header that `precompile` makes.
    """
    names = ("verilated", "verilated_timing", "verilated_threads", *others)
    parts = {f"{name}.o": _hash_of(root, f"{name}.cpp") for name in names}
    headers = f"{_hash_of(root, '*.h')} {sha256(_TEXT.encode()).hexdigest()}"
    return parts | ({PRECOMPILED: headers} if has_headers else {})


def _hash_of(root: Path, pattern: str) -> str:
    files = sorted((root / "include").glob(pattern))
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def is_gcc(compiler: str) -> bool:
    """Whether it is GCC, by its name: clang++ ends like g++, and macOS has a clang of the name g++."""
    return "g++" in compiler and "clang" not in compiler and sys.platform != "darwin"


def standard(compiler: str) -> str:
    """Of C++: Verilator's processes are coroutines, which GCC also has in one with shorter headers."""
    return "-std=c++17 -fcoroutines" if is_gcc(compiler) else "-std=c++20"


def precompile(compiler: str, root: Path, objects: Path, *, timeout_s: float) -> str:
    """Have the headers in `root` compiled in `objects`, unless they are there: the flag for make.

    Macros and flags are those of Verilator's makefile at -O1. Should they ever differ, g++ reads the header
    itself: slower, but the same. What is compiled in parts has a precompiled header of its own, and g++
    takes only one.

    Raises `ToolError` if the compiler cannot read them.
    """
    objects.mkdir(exist_ok=True)
    (objects / HEADER).write_text(_TEXT, encoding="utf-8")
    if not (objects / PRECOMPILED).is_file():
        include = root / "include"
        command = [
            *(compiler, "-O1", *standard(compiler).split()),
            *("-I.", f"-I{include}", f"-I{include / 'vltstd'}"),
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


def wires_apart(sources: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The control file, written to `folder`, that makes each wire of our array a variable of its own.

    A core without a file of that name has none, and waves have the names of the source without it.
    """
    if "tw_array.sv" not in sources:
        return ()
    lines = [f'split_var -module "tw_array" -var "{wire}"' for wire in _SPLIT]
    text = "\n".join(["`verilator_config", "lint_off -rule SPLITVAR", *lines, ""])
    (folder / "wires.vlt").write_text(text, "utf-8")
    return ("wires.vlt",)
