"""With which parameters a module stands in a design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilewright.formal.misreadings import compiled_sources


def parameters_of(
    sources: Mapping[str, str], module: str, *, top: str, parameters: Mapping[str, int]
) -> list[dict[str, int]]:
    """The parameters of each instance of `module` in `top` of these `parameters`, none of them twice.

    Empty if there is no instance. Values that are no numbers are left out.
    """
    compilation, _ = compiled_sources(sources, top=top, parameters=parameters)
    found: dict[tuple[tuple[str, int], ...], None] = {}

    def visit(node: Any) -> None:
        if node.kind.name == "Instance" and node.definition.name == module:
            values = ((one.name, _number(one)) for one in node.body.parameters)
            found[tuple((name, value) for name, value in values if value is not None)] = None

    compilation.getRoot().visit(visit)
    return [dict(one) for one in found]


def _number(parameter: Any) -> int | None:
    if parameter.kind.name != "Parameter" or parameter.isLocalParam:
        return None
    try:
        return int(parameter.value.value)
    except (TypeError, ValueError, AttributeError):
        return None
