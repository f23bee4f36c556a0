"""Our core in SystemVerilog, one module a file, where its sources are, and its layer descriptor.

`docs/dataflows.md` says what the core does in each cycle, each file's header what its module does.
"""

from pathlib import Path

RTL_DIR = Path(__file__).parent
"""Folder that holds the sources, ``tw_*.sv``."""
PACKAGE = "tw_pkg.sv"
"""The types of the core's ports: first wherever sources are listed."""


SOURCES = (".sv", ".v")
"""Files that a simulator compiles."""

HEADERS = (".svh", ".vh")
"""Files that sources include."""

MAIN = ".cpp"
"""A file named as the top module that ends so is the program's own main, where Verilator builds it."""


def core_files(folder: Path, suffixes: tuple[str, ...] = SOURCES) -> list[Path]:
    """The files of a core in `folder`, the package first, without testbenches."""
    files = sorted(folder.glob("*"), key=lambda path: (path.name != PACKAGE, path))
    return [path for path in files if path.suffix in suffixes and not is_bench(path)]


def is_bench(path: Path) -> bool:
    """Whether a file is one of a testbench: its name ends in ``_tb`` or begins with ``tw_tb_``."""
    return path.stem.endswith("_tb") or path.stem.startswith("tw_tb_")
