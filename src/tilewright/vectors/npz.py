"""Codes as uncompressed ``.npz`` files with one array, `words`, ``line lane``.

Such files of one shape and type differ in their numbers and in the two copies of their checksum only.
So numpy writes one, and the others are made from it; none is ever parsed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Self
from zlib import crc32

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError

CRC_IN_LOCAL_HEADER = 14
CRC_IN_DIRECTORY = 16
CRC_SIZE = 4


@dataclass(frozen=True, slots=True)
class NpzForm:
    """What all files with codes of type `dtype` and shape `shape` have in common.

    before, between, after: what stands before the first checksum, from there to the numbers, and
    from there to the second checksum; rest: what follows it. header: the part of `between` that the
    checksum covers with the numbers.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, int]
    before: bytes
    between: bytes
    header: bytes
    after: bytes
    rest: bytes

    @classmethod
    def of(cls, dtype: npt.DTypeLike, shape: tuple[int, int]) -> Self:
        """The form that numpy gives to such files."""
        blank = np.zeros(shape, dtype)
        buffer = BytesIO()
        np.savez(buffer, words=blank)
        content = buffer.getvalue()
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
        start = len(self.before) + CRC_SIZE + len(self.between)
        numbers = [content[start : start + self._numbers_size] for content in contents]
        for name, content, part in zip(names, contents, numbers, strict=True):
            if self._content(part) != content:
                raise FormatError(
                    f"{name} must be an uncompressed npz file with one array, words, {self.dtype} "
                    f"of shape {self.shape}, as tilewright writes it: it is damaged, or of another "
                    f"shape or layout"
                )
        codes = np.frombuffer(b"".join(numbers), self.dtype)
        return codes.reshape(len(contents), *self.shape)  # file line lane

    @property
    def _numbers_size(self) -> int:
        return self.dtype.itemsize * self.shape[0] * self.shape[1]

    def _content(self, numbers: bytes) -> bytes:
        checksum = crc32(numbers, crc32(self.header)).to_bytes(CRC_SIZE, "little")
        parts = (self.before, checksum, self.between, numbers, self.after, checksum, self.rest)
        return b"".join(parts)
