"""tilewright: train a quantized network, and prove, bit for bit, that a systolic array computes it.

The names of `__all__` are the way in: `quantize` a module and `save_run` it, `load_network` and evaluate it
in an `Engine`, `run_stages` down to the RTL, write, read, check and `explain` bundles of vector files. Each
is loaded when it is asked for; torch is loaded by `quantize`, `link_report` and `recover` alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilewright.bundles import check_bundle as check_bundle
    from tilewright.engine import Engine as Engine
    from tilewright.errors import TilewrightError as TilewrightError
    from tilewright.judge import explain as explain
    from tilewright.judge import read_dump as read_dump
    from tilewright.pipeline import make_report as make_report
    from tilewright.pipeline.run_folder import RunFolder as RunFolder
    from tilewright.quant import link_report as link_report
    from tilewright.quant import quantize as quantize
    from tilewright.recover import recover as recover
    from tilewright.spec import ArrayShape as ArrayShape
    from tilewright.spec import ConvShape as ConvShape
    from tilewright.spec import IntegerLayer as IntegerLayer
    from tilewright.spec import IntegerNetwork as IntegerNetwork
    from tilewright.spec import NumberFormat as NumberFormat
    from tilewright.spec import PackedNetwork as PackedNetwork
    from tilewright.studies.exchange import load_network as load_network
    from tilewright.studies.own_module import save_run as save_run
    from tilewright.studies.stages import run_stages as run_stages
    from tilewright.tile import TilePlan as TilePlan
    from tilewright.vectors import decode_bundle as decode_bundle
    from tilewright.vectors import load_layout as load_layout
    from tilewright.vectors import read_bundle as read_bundle
    from tilewright.vectors import write_bundle as write_bundle

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
    "load_network": "studies.exchange",
    "make_report": "pipeline",
    "quantize": "quant",
    "read_bundle": "vectors",
    "read_dump": "judge",
    "recover": "recover",
    "run_stages": "studies.stages",
    "save_run": "studies.own_module",
    "write_bundle": "vectors",
}
"""The room that has each name."""

__all__ = [*_WHERE]


def __getattr__(name: str) -> Any:
    """A name of `__all__`, and the version, which takes a moment to read."""
    if name == "__version__":
        return import_module("importlib.metadata").version("tilewright")
    if name not in _WHERE:
        raise AttributeError(f"module 'tilewright' has no attribute {name!r}")
    return getattr(import_module(f"tilewright.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """What `import tilewright` offers."""
    return sorted((*globals(), *__all__))
