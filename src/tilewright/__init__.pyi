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
from tilewright.studies.networks import load_network as load_network
from tilewright.studies.own_module import save_run as save_run
from tilewright.studies.stages import run_stages as run_stages
from tilewright.tile import TilePlan as TilePlan
from tilewright.vectors import decode_bundle as decode_bundle
from tilewright.vectors import load_layout as load_layout
from tilewright.vectors import read_bundle as read_bundle
from tilewright.vectors import write_bundle as write_bundle

__version__: str
__all__ = [
    "ArrayShape",
    "ConvShape",
    "Engine",
    "IntegerLayer",
    "IntegerNetwork",
    "NumberFormat",
    "PackedNetwork",
    "RunFolder",
    "TilePlan",
    "TilewrightError",
    "check_bundle",
    "decode_bundle",
    "explain",
    "link_report",
    "load_layout",
    "load_network",
    "make_report",
    "quantize",
    "read_bundle",
    "read_dump",
    "recover",
    "run_stages",
    "save_run",
    "write_bundle",
]
