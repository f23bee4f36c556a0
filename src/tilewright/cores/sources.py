"""The sources of a simulation: our testbench, and a core from a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tilewright.errors import ToolError
from tilewright.rtl import MAIN, PACKAGE, RTL_DIR, is_bench
from tilewright.verilog.source_files import (
    find_vhdl,
    is_data,
    needed,
    packages_of,
    read_source,
)

TOP = "tw_core_tb"
"""The testbench's module, and the stem of its file."""
CORE = "tw_core"
"""The module that the testbench drives."""
_PORT = re.compile(r"^\s*(?:input|output)\b.*?(\w+)\s*,?\s*(?://.*)?$", re.MULTILINE)
_OTHERWISE = (
    "a core with ports of its own is run by your command: tilewright try BUNDLES --dump FILE -- COMMAND "
    "(docs/how-to/own-core.md)"
)


def read_core(folder: Path = RTL_DIR) -> dict[str, str]:
    """The files that module ``tw_core`` in a folder needs, its packages first, by path within the folder.

    Raises `ToolError` if there is none, or one that cannot have our ports, and as `needed` does.
    """
    files = needed(folder, (CORE, PACKAGE.partition(".")[0]))
    text = "\n".join(files.values())
    if not re.search(rf"\bmodule\s+(?:automatic\s+)?{CORE}\b", text):
        vhdl = find_vhdl(folder)
        found = f"holds VHDL ({vhdl.name})" if vhdl else "it does not"
        raise ToolError(
            f"{folder} must hold the core to simulate, module {CORE} in Verilog, but {found}; {_OTHERWISE}"
        )
    ports = _PORT.findall(read_source(RTL_DIR / f"{CORE}.sv"))
    absent = [port for port in ports if not re.search(rf"\b{port}\b", text)]
    if absent:
        raise ToolError(
            f"{CORE} in {folder} must have the ports of ours (docs/dataflows.md), but has no {absent[0]}; "
            f"{_OTHERWISE}"
        )
    if vhdl := find_vhdl(folder, _absent(text)):
        raise ToolError(
            f"the core in {folder} must be Verilog alone, but {vhdl.name} is VHDL; {_OTHERWISE}"
        )
    return files


def read_sources(rtl_dir: Path | None = None) -> dict[str, bytes]:
    """File names to contents: the package, our testbench, then the core in `rtl_dir` (default: ours).

    The package is that of `rtl_dir` where it has one. Raises what `read_core` raises.
    """
    core = read_core(RTL_DIR if rtl_dir is None else rtl_dir)
    ours = sorted(path for path in RTL_DIR.iterdir() if path.suffix in (".sv", MAIN))
    bench = {path.name: read_source(path) for path in ours if is_bench(path)}
    package = PACKAGE.partition(".")[0]
    own = [at for at, text in enumerate(core.values(), 1) if package in packages_of(text)]
    head = dict(list(core.items())[: own[0]]) if own else {PACKAGE: read_source(RTL_DIR / PACKAGE)}
    clash = sorted(bench.keys() & core.keys())
    if clash:
        raise ToolError(f"{rtl_dir}/{clash[0]} has the name of a file of our testbench: rename it")
    return {name: text.encode() for name, text in (head | bench | core).items()}


def data_of(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those files of `read_sources` that the core reads when it runs."""
    bench = f"{TOP}{MAIN}"
    return {name: one for name, one in sources.items() if is_data(name) and name != bench}


def _absent(text: str) -> set[str]:
    """Words that may be names of modules, but of none in the text."""
    found = set(re.findall(r"^\s*(\w+)\s+(?:#\s*\(|\w+\s*\()", text, re.MULTILINE))
    return found - set(re.findall(r"\bmodule\s+(\w+)", text))
