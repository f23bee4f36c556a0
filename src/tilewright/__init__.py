"""tilewright: train a quantized network, and prove, bit for bit, that a systolic array computes it."""

from importlib import import_module
from importlib.metadata import version
from typing import Any

__version__ = version("tilewright")

_OWN_MODULES = {
    "link_report": "tilewright.quant",
    "quantize": "tilewright.quant",
    "save_run": "tilewright.studies.own_module",
}
"""What turns a module of one's own into a run, and where it is; loaded when it is asked for, with torch."""


def __getattr__(name: str) -> Any:
    """`quantize`, `link_report` and `save_run`."""
    if name not in _OWN_MODULES:
        raise AttributeError(f"module 'tilewright' has no attribute {name!r}")
    return getattr(import_module(_OWN_MODULES[name]), name)
