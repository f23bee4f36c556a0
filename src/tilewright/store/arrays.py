"""Files of numpy arrays, whoever wrote them: no pickles, and no more than `MOST_BYTES` when unpacked."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ArtifactError

BEGINNINGS = (b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")
"""Of an array, of an archive of arrays, and of one of none."""
MOST_BYTES = 1 << 30
"""Of all arrays of a file together: a file of kilobytes can unpack to more than a machine holds."""


def read_arrays(content: bytes, path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays in the `content` of an ``.npz``, or of an ``.npy`` by the stem of its name.

    `path` is for messages. Raises `ArtifactError` if it is neither, or unpacks to more than `MOST_BYTES`.
    """
    if not content.startswith(BEGINNINGS):
        raise ArtifactError(
            f"{path} is not a file of numpy arrays: it must begin as .npy or .npz files do, but begins "
            f"with {content[:8]!r}"
        )
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {path.stem: loaded}
        with loaded as archive:
            size = sum(member.file_size for member in archive.zip.infolist())
            if size <= MOST_BYTES:
                return dict(archive)
    except Exception as error:  # numpy and zipfile raise many kinds for a file that is no archive
        raise ArtifactError(f"{path} is not a file of numpy arrays: {error}") from None
    raise ArtifactError(
        f"{path} must hold at most {MOST_BYTES:,} bytes when unpacked, but holds {size:,}: "
        "it was not written by this tool, or for another purpose"
    )
