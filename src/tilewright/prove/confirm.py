"""Confirms in a simulator what a proof says is wrong: the same inputs, cycle by cycle, into the same RTL."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.cores import Simulator, find_simulators
from tilewright.cores.simulator import PROGRAM, Build
from tilewright.errors import ToolError
from tilewright.formal.sources import packages_first
from tilewright.prove.netlist import Netlist
from tilewright.prove.verdict import Killing

BENCH = "tilewright_prove_bench"
_FOUND = re.compile(r"^FOUND ([01xzXZ]+)$", re.MULTILINE)
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Runs one design. sources: file names to contents; parameters: of its top module."""

    netlist: Netlist
    sources: Mapping[str, str]
    parameters: Mapping[str, int]

    def __call__(self, stimulus: Sequence[Mapping[str, int]], killing: Killing) -> Killing:
        """The killing input with what a simulator shows, if there is one that reads the sources."""
        for simulator in sorted(find_simulators(), key=lambda one: not one.builds_at_once):
            try:
                shown = self._run(simulator, stimulus, killing)
            except ToolError:
                continue  # it does not read these sources; another one may
            if shown is not None:
                return replace(killing, simulator=simulator.name, simulated=shown)
        return killing

    def _run(
        self, simulator: Simulator, stimulus: Sequence[Mapping[str, int]], killing: Killing
    ) -> str | None:
        found = _FOUND.search(self._output(simulator, self.bench(stimulus, killing)))
        return found[1].lower() if found else None

    def _output(self, simulator: Simulator, bench: str) -> str:
        with tempfile.TemporaryDirectory(prefix="tilewright-prove-") as name:
            folder = Path(name)
            files = {**self.sources, f"{BENCH}.sv": bench}
            for file, text in files.items():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_text(text, encoding="utf-8")
            order = tuple(packages_first(files))
            simulator.build(Build(order, BENCH, folder, timeout_s=_TIMEOUT_S))
            _, output = simulator.run(
                folder / PROGRAM, plusargs={}, folder=folder, timeout_s=_TIMEOUT_S
            )
            return output

    def bench(self, stimulus: Sequence[Mapping[str, int]], killing: Killing) -> str:
        """A testbench that applies the inputs and shows the bits in question in the last cycle."""
        shown = f"{killing.port}[{killing.low + killing.width - 1}:{killing.low}]"
        netlist = self.netlist
        ports = [port for port in netlist.ports.values() if port.name != netlist.clock]
        idle, busy = (0, 1) if netlist.is_rising else (1, 0)
        lines = [f"module {BENCH};", f"  reg {netlist.clock} = {idle};"]
        lines += [
            f"  {'reg' if one.is_input else 'wire'} [{one.width - 1}:0] {one.name};"
            for one in ports
        ]
        values = ", ".join(f".{name}({value})" for name, value in self.parameters.items())
        parameters = f" #({values})" if values else ""
        names = ", ".join(f".{name}({name})" for name in netlist.ports)
        lines += [f"  {netlist.name}{parameters} dut ({names});", "  initial begin"]
        for cycle, inputs in enumerate(stimulus):
            lines += [
                f"    {name} = {netlist.ports[name].width}'h{value:x};"
                for name, value in inputs.items()
            ]
            lines.append("    #5")
            if cycle == len(stimulus) - 1:
                lines.append(f'    $display("FOUND %b", {shown});')
            lines.append(f"    {netlist.clock} = {busy}; #5 {netlist.clock} = {idle};")
        lines += ["    $finish;", "  end", "endmodule", ""]
        return "\n".join(lines)
