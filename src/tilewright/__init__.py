"""tilewright: train a quantized network, and prove, bit for bit, that a systolic array computes it.

The names of `__all__` are the way in: `quantize` a module and `save_run` it, `load_network` and evaluate it
in an `Engine`, `run_stages` down to the RTL, write, read, check and `explain` bundles of vector files. Each
is loaded when it is asked for; torch is loaded by `quantize`, `link_report` and `recover` alone.
"""

from importlib import import_module
from typing import Any

_WHERE = {
    "ArrayShape": "spec",
    "ConvShape": "spec",
    "Engine": "engine",
    "IntegerLayer": "spec",
    "IntegerNetwork": "spec",
    "NumberFormat": "spec",
    "PackedNetwork": "spec",
    "RunFolder": "pipeline.run_folder",
    "TilePlan": "tile",
    "TilewrightError": "errors",
    "check_bundle": "bundles",
    "decode_bundle": "vectors",
    "explain": "judge",
    "link_report": "quant",
    "load_layout": "vectors",
    "load_network": "studies.networks",
    "make_report": "pipeline",
    "quantize": "quant",
    "read_bundle": "vectors",
    "read_dump": "judge",
    "recover": "recover",
    "run_stages": "studies.stages",
    "save_run": "studies.own_module",
    "write_bundle": "vectors",
}
"""The room that has each name; `__init__.pyi` says the same to type checkers."""

_NEEDS = {
    "Engine": "numba",
    "link_report": "torch",
    "quantize": "torch",
    "recover": "torch",
    "save_run": "numba",
}
"""The package without which a name cannot be loaded."""

__all__ = [*_WHERE]


def __getattr__(name: str) -> Any:
    """A name of `__all__`, and the version, which takes a moment to read.

    Raises `MissingPackageError`, an `ImportError`, if a package is missing that an extra brings.
    """
    if name == "__version__":
        return import_module("importlib.metadata").version("tilewright")
    if name not in _WHERE:
        raise AttributeError(f"module 'tilewright' has no attribute {name!r}")
    try:
        return getattr(import_module(f"tilewright.{_WHERE[name]}"), name)
    except ModuleNotFoundError as error:
        problem = import_module("tilewright.errors").MissingPackageError.named(error.name)
        if problem is None:
            raise
        raise problem from None


def __dir__() -> list[str]:
    """What `import tilewright` offers with the packages that are installed."""
    find = import_module("importlib.util").find_spec
    missing = {package for package in _NEEDS.values() if find(package) is None}
    offered = (name for name in __all__ if _NEEDS.get(name) not in missing)
    return sorted((*(name for name in globals() if name.startswith("__")), *offered))
