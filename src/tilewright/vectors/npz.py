"""Codes as ``.npy`` files, or as uncompressed ``.npz`` files with one array, ``line lane``.

Such files of one shape and type differ in their numbers only, and in the two copies of the checksum of an
npz. So numpy writes one, and the others are made from it; none of a bundle is ever parsed. Files of others
are: any array of so many integers that fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Self
from zipfile import ZIP_STORED, ZipFile
from zlib import crc32

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError

CRC_IN_LOCAL_HEADER = 14
CRC_IN_DIRECTORY = 16
CRC_SIZE = 4


@dataclass(frozen=True, slots=True)
class NumpyForm:
    """What all files with codes of type `dtype` and shape `shape` have in common.

    has_checksums: npz, not npy, where `before` is all that stands before the numbers. before, between,
    after: what stands before the first checksum, from there to the numbers, and from there to the second
    checksum; rest: what follows it. header: the part of `between` that the checksum covers with the
    numbers.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, int]
    before: bytes
    between: bytes
    header: bytes
    after: bytes
    rest: bytes
    has_checksums: bool = True

    @classmethod
    def npy(cls, dtype: npt.DTypeLike, shape: tuple[int, int]) -> Self:
        """The form that numpy gives to ``.npy`` files."""
        blank, buffer = np.zeros(shape, dtype), BytesIO()
        np.save(buffer, blank)
        before = buffer.getvalue()[: -blank.nbytes]
        return cls(blank.dtype, shape, before, b"", b"", b"", b"", has_checksums=False)

    @classmethod
    def npz(cls, dtype: npt.DTypeLike, shape: tuple[int, int], name: str = "words") -> Self:
        """The form that numpy gives to ``.npz`` files with one array of that name."""
        blank = np.zeros(shape, dtype)
        content = npz_content({name: blank})
        header = content.index(b"\x93NUMPY")
        start = content.index(b"\n", header) + 1
        end, second = start + blank.nbytes, content.rindex(b"PK\x01\x02") + CRC_IN_DIRECTORY
        return cls(
            blank.dtype,
            shape,
            before=content[:CRC_IN_LOCAL_HEADER],
            between=content[CRC_IN_LOCAL_HEADER + CRC_SIZE : start],
            header=content[header:start],
            after=content[end:second],
            rest=content[second + CRC_SIZE :],
        )

    def write(self, codes: npt.NDArray[Any]) -> list[bytes]:
        """Codes ``file line lane`` to contents."""
        numbers = codes.astype(self.dtype).tobytes()
        size = self._numbers_size
        return [self._content(numbers[at : at + size]) for at in range(0, len(numbers), size)]

    def read(self, contents: Sequence[bytes], names: Sequence[str]) -> npt.NDArray[Any]:
        """Inverse of `write`; raises `FormatError` naming a file that is not such a file."""
        start = len(self.before) + CRC_SIZE * self.has_checksums + len(self.between)
        numbers = [content[start : start + self._numbers_size] for content in contents]
        for name, content, part in zip(names, contents, numbers, strict=True):
            if len(part) != self._numbers_size or self._content(part) != content:
                raise FormatError(
                    f"{name} must be {self._kind}, {self.dtype} of shape {self.shape}, as tilewright "
                    f"writes it: it is damaged, or of another shape or layout"
                )
        codes = np.frombuffer(b"".join(numbers), self.dtype)
        return codes.reshape(len(contents), *self.shape)  # file line lane

    @property
    def _kind(self) -> str:
        if self.has_checksums:
            return "an uncompressed npz file with one array"
        return "an npy file"

    @property
    def _numbers_size(self) -> int:
        return self.dtype.itemsize * self.shape[0] * self.shape[1]

    def _content(self, numbers: bytes) -> bytes:
        if not self.has_checksums:
            return self.before + numbers
        checksum = crc32(numbers, crc32(self.header)).to_bytes(CRC_SIZE, "little")
        parts = (self.before, checksum, self.between, numbers, self.after, checksum, self.rest)
        return b"".join(parts)


def npz_content(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """An uncompressed ``.npz`` file of these arrays, as numpy writes it."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return buffer.getvalue()
