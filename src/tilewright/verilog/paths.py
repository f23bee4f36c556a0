"""The name under which the machine keeps a variable."""

from __future__ import annotations

from typing import Any


def path_of(symbol: Any) -> str:
    """The hierarchical path of a symbol of pyslang's tree; of what a block or a task declares, the place too.

    A variable of an unnamed block, such as that of ``for (int i = 0; ...)``, has the path of one of the
    same name around it.
    """
    path = str(symbol.hierarchicalPath)
    scope = symbol.parentScope
    if scope is None or not scope.isProceduralContext:
        return path
    return f"{path}@{symbol.location.offset}"
