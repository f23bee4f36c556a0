"""A module around one whose ports are arrays: it has a vector for each, as netlists and claims need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from tilewright.errors import FormatError
from tilewright.formal.misreadings import compiled_sources
from tilewright.formal.recorded import PortRoles, record
from tilewright.waves import Recording

AROUND = "tilewright_around"


@dataclass(frozen=True, slots=True)
class Design:
    """What is elaborated: sources, their top module and its parameters.

    elements: of each port that is an array in the user's module, the names of its elements in a recording,
    the lowest bits of the port first.
    """

    sources: Mapping[str, str]
    top: str
    parameters: Mapping[str, int]
    elements: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def record(self, path: Path, roles: PortRoles, *, scope: str, is_rising: bool) -> Recording:
        """The recording of a run of the user's module, in which a port that is an array is one vector."""
        groups = (roles.control, roles.data, roles.outputs)
        named = [tuple(one for port in ports for one in self._parts(port)) for ports in groups]
        found = record(path, PortRoles(roles.clock, *named), scope=scope, is_rising=is_rising)
        inner = (*roles.control, *roles.data)
        restless = {
            port: min(found.restless[one] for one in self._parts(port) if one in found.restless)
            for port in inner
            if not found.restless.keys().isdisjoint(self._parts(port))
        }
        return replace(
            found,
            inputs={port: self._joined(port, found.inputs) for port in inner},
            outputs={port: self._joined(port, found.outputs) for port in roles.outputs},
            restless=restless,
        )

    def _parts(self, port: str) -> Sequence[str]:
        return self.elements.get(port, (port,))

    def _joined(self, port: str, values: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        rows = zip(*(values[one] for one in reversed(self._parts(port))), strict=True)
        return tuple(map("".join, rows))


def design_of(sources: Mapping[str, str], top: str, parameters: Mapping[str, int]) -> Design:
    """The module itself, or one around it if some of its ports are arrays of vectors.

    Raises `FormatError` if a port is an interface, or is of a type that is no vector nor an array of them.
    """
    compilation, _ = compiled_sources(sources, top=top, parameters=parameters)
    tops = [one for one in compilation.getRoot().topInstances if one.name == top]
    ports = [port for one in tops for port in one.body.portList]
    for port in ports:
        _expect_vectors(port, top)
    arrays = [port for port in ports if port.kind.name == "Port" and _is_array(port.type)]
    if not arrays or any(one.kind.name != "Port" or one.type.isError for one in ports):
        return Design(sources, top, parameters)
    lines, elements = [], dict[str, tuple[str, ...]]()
    for port in arrays:
        places, element = _places(port.type)
        elements[port.name] = tuple(f"{port.name}{place}" for place in places)
        sign = " signed" if element.isSigned else ""
        kind = f"{'logic' if element.isFourState else 'bit'}{sign} [{element.bitWidth - 1}:0]"
        dimensions = "".join(f"[{one.left}:{one.right}]" for one in _ranges(port.type))
        lines.append(f"  {kind} {port.name}_at {dimensions};")
        for at, place in enumerate(places):
            both = (
                f"{port.name}[{at * element.bitWidth}+:{element.bitWidth}]",
                f"{port.name}_at{place}",
            )
            target, value = both if port.direction.name == "Out" else both[::-1]
            lines.append(f"  assign {target} = {value};")
    header = ", ".join(f"{_WORDS[port.direction.name]} {_width(port)}{port.name}" for port in ports)
    sizes = ", ".join(f".{name}({value})" for name, value in parameters.items())
    named = ", ".join(f".{p.name}({p.name}{'_at' * (p.name in elements)})" for p in ports)
    text = "\n".join(
        [
            f"module {AROUND} ({header});",
            *lines,
            f"  {top} #({sizes}) u_inside ({named});",
            "endmodule\n",
        ]
    )
    return Design({**sources, f"{AROUND}.sv": text}, AROUND, {}, elements)


_WORDS = {"In": "input wire", "Out": "output wire", "InOut": "inout wire"}


def _expect_vectors(port: Any, top: str) -> None:
    is_interface = port.kind.name == "InterfacePort"
    if not is_interface and (port.kind.name != "Port" or _is_vectors(port.type.canonicalType)):
        return
    what = "an interface" if is_interface else "of a type that is none"
    raise FormatError(
        f"a port must be a vector, or an array of them, but {port.name} of {top} is {what}: put a module "
        "around it that has vectors for ports, record that one, and prove it"
    )


def _is_vectors(kind: Any) -> bool:
    """Whether a type is a vector, an array of vectors of a fixed size, or one that pyslang does not know."""
    while kind.kind.name == "FixedSizeUnpackedArrayType":
        kind = kind.elementType.canonicalType
    return bool(kind.isIntegral or kind.isError)


def _is_array(kind: Any) -> bool:
    return bool(kind.canonicalType.kind.name == "FixedSizeUnpackedArrayType")


def _ranges(kind: Any) -> list[Any]:
    found = []
    while not kind.canonicalType.isIntegral:
        found.append(kind.canonicalType.range)
        kind = kind.canonicalType.elementType
    return found


def _places(kind: Any) -> tuple[list[str], Any]:
    """Of an array, the indices of its elements, rising, the last one fastest; and their type."""
    ranges = [sorted((one.left, one.right)) for one in _ranges(kind)]
    for _ in ranges:
        kind = kind.canonicalType.elementType
    indices = product(*(range(low, high + 1) for low, high in ranges))
    return ["".join(f"[{index}]" for index in place) for place in indices], kind.canonicalType


def _width(port: Any) -> str:
    if not _is_array(port.type):
        return f"[{port.type.bitWidth - 1}:0] "
    places, element = _places(port.type)
    return f"[{len(places) * element.bitWidth - 1}:0] "
