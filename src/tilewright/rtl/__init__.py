"""Our core in SystemVerilog, one module a file, where its sources are, and its layer descriptor.

`docs/dataflows.md` says what the core does in each cycle, each file's header what its module does.
"""

from pathlib import Path

RTL_DIR = Path(__file__).parent
"""Folder that holds the sources, ``tw_*.sv``."""
PACKAGE = "tw_pkg.sv"
"""The types of the core's ports: first wherever sources are listed."""
MAIN = ".cpp"
"""A file named as the top module that ends so is the program's own main, where Verilator builds it."""


def is_bench(path: Path) -> bool:
    """Whether a file is one of a testbench: its name ends in ``_tb`` or begins with ``tw_tb_``."""
    return path.stem.endswith("_tb") or path.stem.startswith("tw_tb_")
