"""Codes as small pictures: PNG in a data URI, which needs no other file."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

from tilewright.report.picture import Planes
from tilewright.spec import Ints

GAP = 1
"""Pixels between the channels of a picture."""


def photo(planes: Planes) -> str:
    """Three channels as color, one as gray."""
    codes = planes.codes if len(planes.codes) == 3 else planes.codes[:1].repeat(3, axis=0)
    return _data_uri(_scaled(codes, planes).transpose(1, 2, 0))


def sheet(planes: Planes) -> str:
    """Channels side by side, in rows of eight."""
    channels, height, width = planes.codes.shape
    across = min(channels, 8)
    down = -(-channels // across)
    canvas = np.full((down * (height + GAP) - GAP, across * (width + GAP) - GAP), 128, np.uint8)
    for place, plane in enumerate(_scaled(planes.codes, planes)):
        row, col = divmod(place, across)
        y, x = row * (height + GAP), col * (width + GAP)
        canvas[y : y + height, x : x + width] = plane
    return _data_uri(canvas[..., None].repeat(3, axis=2))


def _scaled(codes: Ints, planes: Planes) -> npt.NDArray[np.uint8]:
    span = max(1, planes.most - planes.least)
    return np.clip((codes - planes.least) * 255 // span, 0, 255).astype(np.uint8)


def _data_uri(pixels: npt.NDArray[np.uint8]) -> str:
    """An RGB image ``row col channel``."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows.tobytes(), 9)),
            (b"IEND", b""),
        )
    )
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
