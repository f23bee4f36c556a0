"""Reads yosys's JSON into a `Netlist`; refuses by name what no proof can be about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tilewright.errors import FormatError
from tilewright.prove.cells import RULES
from tilewright.prove.netlist import (
    X_OF_SOURCE,
    Gate,
    Memory,
    Netlist,
    Port,
    ReadPort,
    Register,
    Segment,
    Source,
    WritePort,
    in_order,
)
from tilewright.prove.operation import Operation

_NO_VALUE = frozenset({"$scopeinfo", "$print", "$check", "$assert", "$assume", "$cover", "$live"})
_FLIP_FLOPS = frozenset(
    {"$dff", "$dffe", "$adff", "$adffe", "$sdff", "$sdffe", "$sdffce", "$aldff", "$aldffe"}
)
_LATCHES = ("$dlatch", "$adlatch", "$dlatchsr", "$sr", "$_DLATCH", "$_SR")


def read_netlist(design: Mapping[str, Any]) -> Netlist:
    """The netlist of the top module of a design in yosys's JSON.

    Raises `FormatError`, naming the cell or net, for what no proof can be about: a black box, a latch, a
    cell that is not known, more clocks than one or a clock that is gated, a combinational loop, a net driven
    twice.
    """
    modules = design["modules"]
    tops = [name for name, one in modules.items() if int(one["attributes"].get("top", "0"), 2)]
    if len(tops) != 1:
        raise FormatError(f"a netlist must have one top module, but has {len(tops)}")
    return _Reader(tops[0], modules[tops[0]]).read()


class _Reader:
    def __init__(self, name: str, module: Mapping[str, Any]) -> None:
        self.module = module
        self.name = str(module["attributes"].get("hdlname", name.removeprefix("\\")))
        self.widths: list[int] = []
        self.names: list[str] = []
        self.at: dict[int, tuple[int, int]] = {}
        self.driven: list[Sequence[Any]] = []
        self.undriven: dict[int, str] = {}
        self.net_names: dict[int, str] = {}
        self.initial: dict[int, str] = {}
        for net, facts in module["netnames"].items():
            start = facts["attributes"].get("init")
            for at, bit in enumerate(facts["bits"]):
                if isinstance(bit, int):
                    if bit not in self.net_names or not facts.get("hide_name"):
                        self.net_names[bit] = net
                    if start is not None and start[::-1][at : at + 1] in ("0", "1"):
                        self.initial[bit] = start[::-1][at]

    def read(self) -> Netlist:
        cells = self._cells()
        ports = self.module["ports"]
        for name, facts in ports.items():
            if facts["direction"] == "inout":
                raise FormatError(f"a port must be an input or an output, but {name} is an inout")
            if facts["direction"] == "input":
                self._drive(facts["bits"], name)
        outputs = {name: self._outputs(cell) for name, cell in cells.items()}
        for name, found in outputs.items():
            for bits in found.values():
                self._drive(bits, name)
        registers, memories, steps = self._parts(cells)
        clock, is_rising = self._clock(cells)
        return Netlist(
            name=self.name,
            ports={
                name: Port(name, len(f["bits"]), f["direction"] == "input", self._source(f["bits"]))
                for name, f in ports.items()
            },
            steps=in_order(steps, self.names),
            registers=registers,
            memories=memories,
            widths=self.widths,
            names=self.names,
            clock=clock,
            is_rising=is_rising,
            undriven=self.undriven,
        )

    def _cells(self) -> dict[str, Mapping[str, Any]]:
        found = {}
        for name, cell in self.module["cells"].items():
            kind = cell["type"]
            if kind in _NO_VALUE:
                continue
            if kind.startswith(_LATCHES):
                net = self._named(cell["connections"]["Q"])
                raise FormatError(
                    f"a proof needs registers with a clock, but {net} is a latch ({kind}): assign it in "
                    "every case, or in always_ff"
                )
            if not kind.startswith("$") or kind.startswith("$paramod"):
                raise FormatError(f"every module must be given, but {name} is a black box: {kind}")
            if kind not in RULES and kind not in _FLIP_FLOPS and kind != "$mem_v2":
                raise FormatError(f"cell {name} must be one that is known, but is a {kind}")
            found[name] = cell
        return found

    def _outputs(self, cell: Mapping[str, Any]) -> dict[str, list[Any]]:
        connections = cell["connections"]
        if cell["type"] == "$mem_v2":
            width = int(cell["parameters"]["WIDTH"], 2)
            data = connections["RD_DATA"]
            return {str(i): data[i : i + width] for i in range(0, len(data), width)}
        port = "Q" if cell["type"] in _FLIP_FLOPS else "Y"
        return {port: connections[port]}

    def _drive(self, bits: Sequence[Any], name: str) -> int:
        signal = len(self.widths)
        self.widths.append(len(bits))
        self.names.append(self._named(bits) or name)
        self.driven.append(bits)
        for at, bit in enumerate(bits):
            if isinstance(bit, int):
                if bit in self.at:
                    net = self.net_names.get(bit, str(bit))
                    raise FormatError(f"a net must have one driver, but {net} has two")
                self.at[bit] = (signal, at)
        return signal

    def _named(self, bits: Sequence[Any]) -> str:
        return next((self.net_names[b] for b in bits if b in self.net_names), "")

    def _source(self, bits: Sequence[Any]) -> Source:
        whole = self.at.get(bits[0]) if bits else None
        if whole is not None and self.driven[whole[0]] == bits:
            return whole[0]
        segments: list[Segment] = []
        for bit in bits:
            signal, at, _ = self._bit(bit)
            if segments:
                last, first, width = segments[-1]
                if signal == last == -1:
                    segments[-1] = (-1, first | at << width, width + 1)
                    continue
                if signal == last and at == first + width:
                    segments[-1] = (signal, first, width + 1)
                    continue
            segments.append((signal, at, 1))
        if len(segments) == 1 and segments[0][0] >= 0:
            signal, first, width = segments[0]
            if first == 0 and width == self.widths[signal]:
                return signal
        return tuple(segments)

    def _bit(self, bit: Any) -> Segment:
        if bit in ("0", "1"):
            return (-1, int(bit), 1)
        if bit in self.at:
            return (*self.at[bit], 1)
        name = X_OF_SOURCE if isinstance(bit, str) else self.net_names.get(bit, str(bit))
        signal = len(self.widths)
        self.widths.append(1)
        self.names.append(name)
        self.driven.append([bit])
        why = name if isinstance(bit, str) else f"net {name}, which nothing drives"
        self.undriven[signal] = why
        self.at[bit] = (signal, 0)
        return (signal, 0, 1)

    def _parts(
        self, cells: Mapping[str, Mapping[str, Any]]
    ) -> tuple[list[Register], list[Memory], list[Gate | ReadPort]]:
        registers: list[Register] = []
        memories: list[Memory] = []
        steps: list[Gate | ReadPort] = []
        for name, cell in cells.items():
            if cell["type"] in _FLIP_FLOPS:
                registers.append(self._register(cell))
            elif cell["type"] == "$mem_v2":
                memory, reads = self._memory(name, cell, len(memories))
                memories.append(memory)
                steps += reads
            else:
                steps.append(self._gate(name, cell))
        return registers, memories, steps

    def _gate(self, name: str, cell: Mapping[str, Any]) -> Gate:
        connections, parameters = cell["connections"], cell["parameters"]
        ports = [port for port in ("A", "B", "S") if port in connections]
        signed = [bool(int(parameters.get(f"{p}_SIGNED", "0"), 2)) for p in ("A", "B")]
        output = connections["Y"]
        operation = Operation(
            kind=cell["type"],
            name=self._named(output) or name,
            width=len(output),
            widths=tuple(len(connections[port]) for port in ports),
            is_signed=all(signed[: len(ports)]),
            is_a_signed=signed[0],
            is_b_signed=signed[1],
        )
        return Gate(
            operation,
            tuple(self._source(connections[p]) for p in ports),
            self._signal_of(output, name),
        )

    def _signal_of(self, bits: Sequence[Any], name: str) -> int:
        for bit in bits:
            if bit in self.at and isinstance(bit, int):
                return self.at[bit][0]
        raise FormatError(f"cell {name} must drive a net")

    def _register(self, cell: Mapping[str, Any]) -> Register:
        kind, connections = cell["type"], cell["connections"]
        parameters = cell["parameters"]
        output = connections["Q"]
        name = self._named(output)

        def active(port: str) -> tuple[Source, int] | None:
            if port not in connections:
                return None
            return self._source(connections[port]), int(parameters[f"{port}_POLARITY"], 2)

        is_now = "ARST" in connections or "ALOAD" in connections
        port = next((p for p in ("ARST", "SRST", "ALOAD") if p in connections), "")
        to: Source = ((-1, 0, len(output)),)
        if port == "ALOAD":
            to = self._source(connections["AD"])
        elif port:
            to = self._constant(parameters[f"{port}_VALUE"])
        return Register(
            name=name,
            width=len(output),
            output=self._signal_of(output, name),
            data=self._source(connections["D"]),
            enable=active("EN"),
            clear=active(port) if port else None,
            clear_to=to,
            is_clear_now=is_now,
            is_clear_first=kind != "$sdffce",
            initial="".join(self.initial.get(bit, "x") for bit in output),
        )

    def _constant(self, text: str) -> Source:
        if set(text) <= {"0", "1"}:
            return ((-1, int(text, 2), len(text)),)
        return self._source(["x" if bit not in "01" else bit for bit in reversed(text)])

    def _memory(
        self, name: str, cell: Mapping[str, Any], number: int
    ) -> tuple[Memory, list[ReadPort]]:
        parameters, connections = cell["parameters"], cell["connections"]
        width, bits = int(parameters["WIDTH"], 2), int(parameters["ABITS"], 2)
        if "1" in parameters["RD_CLK_ENABLE"]:
            raise FormatError(f"memory {name} must be read without a clock of its own")
        if "0" in parameters["WR_CLK_ENABLE"] and int(parameters["WR_PORTS"], 2):
            raise FormatError(
                f"memory {name} must be written at a clock's edge, but one port is a latch"
            )
        reads = []
        for at in range(int(parameters["RD_PORTS"], 2)):
            data = connections["RD_DATA"][at * width : (at + 1) * width]
            address = self._source(connections["RD_ADDR"][at * bits : (at + 1) * bits])
            enable = self._source(connections["RD_EN"][at : at + 1])
            reads.append(ReadPort(number, address, enable, self._signal_of(data, name), name))
        ports = int(parameters["WR_PORTS"], 2)
        before = int(parameters["WR_PRIORITY_MASK"], 2)  # a mask for each port
        writes = tuple(
            WritePort(
                self._source(connections["WR_ADDR"][at * bits : (at + 1) * bits]),
                self._source(connections["WR_EN"][at * width : (at + 1) * width]),
                self._source(connections["WR_DATA"][at * width : (at + 1) * width]),
                before >> at * ports & ((1 << ports) - 1),
            )
            for at in range(ports)
        )
        size, offset = int(parameters["SIZE"], 2), int(parameters["OFFSET"], 2)
        memory = Memory(parameters["MEMID"], width, size, offset, writes, parameters["INIT"])
        return memory, reads

    def _clock(self, cells: Mapping[str, Mapping[str, Any]]) -> tuple[str, bool]:
        clocks: dict[tuple[Any, str], str] = {}
        for name, cell in cells.items():
            parameters, connections = cell["parameters"], cell["connections"]
            if cell["type"] in _FLIP_FLOPS:
                edge = parameters["CLK_POLARITY"][-1]
                clocks.setdefault((connections["CLK"][0], edge), self._named(connections["Q"]))
            elif cell["type"] == "$mem_v2":
                for bit, edge in zip(
                    connections["WR_CLK"], reversed(parameters["WR_CLK_POLARITY"]), strict=False
                ):
                    clocks.setdefault((bit, edge), name)
        return self._only(clocks)

    def _only(self, clocks: Mapping[tuple[Any, str], str]) -> tuple[str, bool]:
        def named(bit: Any, edge: str) -> str:
            return f"{'posedge' if edge == '1' else 'negedge'} {self.net_names.get(bit, bit)}"

        if not clocks:
            raise FormatError(f"module {self.name} must have registers, but has none")
        if len(clocks) > 1:
            found = [f"{named(*clock)} (of {net})" for clock, net in list(clocks.items())[:2]]
            raise FormatError(
                f"all registers must have one clock, but there are {' and '.join(found)}"
            )
        (bit, edge), net = next(iter(clocks.items()))
        for name, facts in self.module["ports"].items():
            if facts["direction"] == "input" and facts["bits"] == [bit]:
                return str(name), edge == "1"
        raise FormatError(
            f"the clock must be an input of {self.name}, but {net} has {self.net_names.get(bit, bit)}, "
            "which is made inside (gated or divided)"
        )
