"""Import an optional package, or raise one line that says how to install it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from tilewright.errors import ToolError


def require(module: str, *, extra: str) -> ModuleType:
    """The imported `module`; `ToolError` with the pip command if the extra that brings it is missing.

    >>> require("json", extra="onnx").__name__
    'json'
    """
    try:
        return import_module(module)
    except ImportError:
        raise ToolError(
            f"this needs the package {module.split('.')[0]}, which is not installed: "
            f"pip install 'tilewright[{extra}]'"
        ) from None
