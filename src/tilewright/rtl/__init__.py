"""Our weight-stationary core in SystemVerilog, one module a file, and where its sources are.

`docs/dataflows.md` says what the core does in each cycle, each file's header what its module does.
"""

from pathlib import Path

RTL_DIR = Path(__file__).parent
"""Folder that holds the sources, ``tw_*.sv``."""
