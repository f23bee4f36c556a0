"""Judge, decode, convert and draw a folder of vector files, without the run that made it."""

from tilewright.bundles.agreement import agreed_tensors
from tilewright.bundles.check import (
    BundleVerdict,
    FileMismatch,
    KindVerdict,
    bundles_below,
    check_bundle,
    check_foreign,
)
from tilewright.bundles.convert import Conversion, convert_bundle
from tilewright.bundles.drawing import DrawnFile, draw
from tilewright.bundles.geometry import EXAMPLE, Geometry
from tilewright.bundles.source import (
    FoundFiles,
    check_folder,
    expect_layout,
    find_files,
    open_bundle,
    read_foreign,
)
from tilewright.bundles.stated import Stated, stated_tensors
from tilewright.bundles.streamed import reference_streamed_psums
from tilewright.bundles.tensors import choose_kind, decode_path, save_tensors, select_places
from tilewright.vectors.bundle_reader import decode_tiles as stated_tiles

__all__ = [
    "EXAMPLE",
    "BundleVerdict",
    "Conversion",
    "DrawnFile",
    "FileMismatch",
    "FoundFiles",
    "Geometry",
    "KindVerdict",
    "Stated",
    "agreed_tensors",
    "bundles_below",
    "check_bundle",
    "check_folder",
    "check_foreign",
    "choose_kind",
    "convert_bundle",
    "decode_path",
    "draw",
    "expect_layout",
    "find_files",
    "open_bundle",
    "read_foreign",
    "reference_streamed_psums",
    "save_tensors",
    "select_places",
    "stated_tensors",
    "stated_tiles",
]
