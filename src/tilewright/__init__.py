"""tilewright: train a quantized network, and prove, bit for bit, that a systolic array computes it."""

from importlib import import_module
from typing import Any

_OWN_MODULES = {
    "link_report": "tilewright.quant",
    "quantize": "tilewright.quant",
    "save_run": "tilewright.studies.own_module",
}
"""What turns a module of one's own into a run, and where it is; loaded when it is asked for, with torch."""


def __getattr__(name: str) -> Any:
    """`quantize`, `link_report`, `save_run`, and the version, which takes a moment to read."""
    if name == "__version__":
        return import_module("importlib.metadata").version("tilewright")
    if name not in _OWN_MODULES:
        raise AttributeError(f"module 'tilewright' has no attribute {name!r}")
    return getattr(import_module(_OWN_MODULES[name]), name)
