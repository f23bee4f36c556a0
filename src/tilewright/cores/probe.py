"""Test a simulator by building and running a small module."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tilewright.cores.build_cache import default_cache_dir, own_folder, with_shared_parts
from tilewright.cores.simulator import PROGRAM, Build, Simulator, find_simulator
from tilewright.errors import ToolError
from tilewright.programs.process import last_lines

_SOURCE = """module tw_probe;
  initial begin
    #5 $display("TW probe %0d", $time > 0);
    $finish;
  end
endmodule
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a simulator built and ran a design here; if not, `detail` says how to mend it."""

    name: str
    is_ready: bool
    version: str
    detail: str
    seconds: float


def probe(simulator: Simulator | str, *, timeout_s: float = 120.0) -> Probe:
    """Find a simulator (unless given), then build and run a design of three lines with it.

    What all builds share is taken from the cache of builds, or kept there for the first real one.
    """
    since = time.monotonic()
    name, version = simulator if isinstance(simulator, str) else simulator.name, ""
    try:
        found = find_simulator(simulator) if isinstance(simulator, str) else simulator
        name, version = found.name, found.version
        _build_and_run(found, timeout_s)
        is_ready, detail = True, "built and ran a design"
    except ToolError as error:
        is_ready, detail = False, str(error)
    return Probe(name, is_ready, version, detail, time.monotonic() - since)


def _build_and_run(simulator: Simulator, timeout_s: float) -> None:
    with tempfile.TemporaryDirectory(prefix="tilewright-probe-") as name:
        folder = Path(name)
        (folder / "tw_probe.sv").write_text(_SOURCE, encoding="utf-8")
        with with_shared_parts(simulator, folder, own_folder(default_cache_dir())):
            simulator.build(Build(("tw_probe.sv",), "tw_probe", folder, timeout_s=timeout_s))
        status, output = simulator.run(
            folder / PROGRAM, plusargs={}, folder=folder, timeout_s=timeout_s
        )
    if status != 0 or "TW probe 1" not in output:
        raise ToolError(
            f"{simulator.name} must print 'TW probe 1' and end with status 0, but ended with "
            f"status {status} and: {last_lines(output)}"
        )
