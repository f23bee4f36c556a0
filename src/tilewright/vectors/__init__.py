"""Vector files: layouts as data, text files of words, bundles."""

from tilewright.vectors.bundle import MANIFEST, Bundle, BundleFile, BundleTensors, Scales
from tilewright.vectors.bundle_reader import decode_bundle, read_bundle
from tilewright.vectors.bundle_writer import write_bundle
from tilewright.vectors.codec import decode, encode
from tilewright.vectors.kind_layout import AxisRun, KindLayout
from tilewright.vectors.kinds import FieldWidths
from tilewright.vectors.layout import Layout
from tilewright.vectors.planes import accumulate_addresses
from tilewright.vectors.presets import (
    CORE_LAYOUTS,
    LAYOUTS,
    dataflow_of,
    is_stated_by,
    layout_names,
    load_layout,
)
from tilewright.vectors.split import AxisSplit

__all__ = [
    "CORE_LAYOUTS",
    "LAYOUTS",
    "MANIFEST",
    "AxisRun",
    "AxisSplit",
    "Bundle",
    "BundleFile",
    "BundleTensors",
    "FieldWidths",
    "KindLayout",
    "Layout",
    "Scales",
    "accumulate_addresses",
    "dataflow_of",
    "decode",
    "decode_bundle",
    "encode",
    "is_stated_by",
    "layout_names",
    "load_layout",
    "read_bundle",
    "write_bundle",
]
