"""Blocks, subroutines and ports of the modules of a testbench."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilewright.verilog.classes import outer_scopes
from tilewright.verilog.paths import path_of
from tilewright.verilog.testbench import Testbench

_CALLING = ("ProceduralBlock", "Subroutine")


def calling_members(testbench: Testbench) -> list[Any]:
    """The blocks and subroutines of modules, of packages and outside of them."""
    return [one for scope in scopes_of(testbench) for one in scope if one.kind.name in _CALLING]


def scopes_of(testbench: Testbench) -> list[Any]:
    """The bodies of all instances, then packages and what stands outside of them."""
    bodies = [body for top in testbench.tops for body in instance_bodies(top)]
    return [*bodies, *outer_scopes(testbench.compilation)]


def instance_bodies(body: Any) -> Iterator[Any]:
    """The body of an instance and of all those below it, generate blocks included."""
    yield body
    for member in body:
        if member.kind.name == "Instance":
            yield from instance_bodies(member.body)
        elif member.kind.name == "GenerateBlock" and not member.isUninstantiated:
            yield from instance_bodies(member)
        elif member.kind.name == "GenerateBlockArray":
            for entry in member.entries:
                yield from instance_bodies(entry)


def tied_ports(bodies: list[Any]) -> Iterator[tuple[str, Any]]:
    """Inputs of the testbench's own modules that stand at a constant: path and constant."""
    for body in bodies:
        for member in body:
            if member.kind.name != "Instance":
                continue
            for connection in member.portConnections:
                inner = getattr(connection.port, "internalSymbol", None)
                value = connection.expression
                if inner is not None and value is not None and value.constant is not None:
                    yield path_of(inner), value
