"""Text that yosys 0.70's own reader of Verilog takes for something else than simulators do.

An index outside of one dimension of several: simulators read x there, and yosys another element. An operator
on casts to fewer bits: see `formal.narrowing`. Interfaces, whose nets stay without drivers in yosys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tilewright.errors import FormatError
from tilewright.formal.narrowing import widened
from tilewright.formal.sensitivity import incomplete
from tilewright.formal.sources import packages_first

_OUTSIDE = "DiagCode(IndexOOB)"
_INTERFACE = re.compile(r"^\s*interface\s+(?!class\b)(\w+)", re.MULTILINE)


def check_readings(
    sources: Mapping[str, str], *, top: str | None, parameters: Mapping[str, int]
) -> None:
    """Raise `FormatError` with the first place of such text.

    Of indices out of range, those after the first of an array of several dimensions; of any other yosys
    makes x, as simulators do. sources: file names to contents; top, parameters: what is elaborated.
    Text that pyslang does not take is left to yosys, which says what is wrong with it.
    """
    import pyslang

    for file, text in sources.items():
        if found := _INTERFACE.search(text):
            raise FormatError(
                f"a proof needs ports without interfaces where yosys has no slang, but {file} has {found[1]}"
            )
    compilation, manager = compiled_sources(sources, top=top, parameters=parameters)
    outside = [d for d in compilation.getAllDiagnostics() if str(d.code) == _OUTSIDE]
    inner = _inner_selects(compilation) if outside else set()
    engine = pyslang.DiagnosticEngine(manager)
    for diagnostic in outside:
        place = diagnostic.location
        if (place.buffer, place.offset) in inner:
            raise FormatError(
                f"an index must lie in its array's range, or nothing can be proved: "
                f"{manager.getFileName(place)}:{manager.getLineNumber(place)}: "
                f"{engine.formatMessage(diagnostic)}; a simulator reads x there, and yosys another element"
            )
    for node, bits, yosys_bits in widened(compilation):
        start, end = node.sourceRange.start, node.sourceRange.end
        file, line = manager.getFileName(start), manager.getLineNumber(start)
        text = " ".join(sources[file][start.offset : end.offset].split())
        raise FormatError(
            f"what is computed from casts to fewer bits must be cast itself, or nothing can be proved: "
            f"{file}:{line}: {text} has {bits} bits, but {yosys_bits} in yosys; write {bits}'({text})"
        )


def check_drivers(
    sources: Mapping[str, str], *, top: str | None, parameters: Mapping[str, int]
) -> None:
    """Raise `FormatError` that names the first net of which several assignments drive one bit.

    Simulators show x where these differ; yosys lets a constant win, and says nothing of two constants. So
    for a process that does not wait for all that it reads: simulators keep what it made before.
    """
    from pyslang import analysis

    compilation, manager = compiled_sources(sources, top=top, parameters=parameters)
    compilation.getAllDiagnostics()
    for process, name in incomplete(compilation):
        place = process.location
        raise FormatError(
            f"a process must wait for all that it reads, but the one at {manager.getFileName(place)}:"
            f"{manager.getLineNumber(place)} does not wait for {name}: write always @*"
        )
    compilation.freeze()
    drivers = analysis.AnalysisManager()
    drivers.analyze(compilation)
    found: list[Any] = []

    def visit(node: Any) -> None:
        if node.kind.name == "Net":
            several = sorted(drivers.getDrivers(node), key=lambda one: one.bounds)
            if any(one.bounds[1] >= two.bounds[0] for one, two in pairwise(several)):
                found.append(node)

    compilation.getRoot().visit(visit)
    for net in found[:1]:
        place = net.location
        raise FormatError(
            f"a net must have one driver, but {net.name} has several: "
            f"{manager.getFileName(place)}:{manager.getLineNumber(place)}"
        )


def compiled_sources(
    sources: Mapping[str, str], *, top: str | None, parameters: Mapping[str, int]
) -> tuple[Any, Any]:
    """The sources as slang elaborates them, and what knows their places."""
    import pyslang

    options = pyslang.ast.CompilationOptions()
    options.paramOverrides = [f"{name}={value}" for name, value in parameters.items()]
    if top:
        options.topModules = {top}
    compilation = pyslang.ast.Compilation(pyslang.Bag([options]))
    manager = pyslang.SourceManager()
    order = packages_first(sources)
    for name in sources.keys() - order:  # what others include
        manager.assignText(name, sources[name])
    for name in order:
        compilation.addSyntaxTree(
            pyslang.syntax.SyntaxTree.fromText(sources[name], manager, name, name)
        )
    return compilation, manager


def _inner_selects(compilation: Any) -> set[tuple[Any, int]]:
    """Where the indices stand that select from an element of an array."""
    places: set[tuple[Any, int]] = set()

    def visit(node: Any) -> None:
        if node.kind.name == "ElementSelect" and node.value.kind.name == "ElementSelect":
            start = node.selector.sourceRange.start
            places.add((start.buffer, start.offset))

    compilation.getRoot().visit(visit)
    return places
