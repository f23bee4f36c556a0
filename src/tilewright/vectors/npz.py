"""Codes as ``.npy`` files, or as uncompressed ``.npz`` files with one array, `words`, ``line lane``.

Such files of one shape and type differ in their numbers only, and in the two copies of the checksum of an
npz. So numpy writes one, and the others are made from it; none of a bundle is ever parsed. Files of others
are: any array of so many integers that fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from zlib import crc32

import numpy as np
import numpy.typing as npt

from tilewright.errors import FormatError
from tilewright.store.arrays import read_arrays
from tilewright.vectors.text import TextForm

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
    def npz(cls, dtype: npt.DTypeLike, shape: tuple[int, int]) -> Self:
        """The form that numpy gives to ``.npz`` files."""
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
            return "an uncompressed npz file with one array, words"
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


def numpy_form(text: TextForm) -> NumpyForm:
    """The form of numpy files with the words of `text`, in the smallest type that holds a lane."""
    bits = text.field_bits
    width = next(width for width in (8, 16, 32, 64) if bits <= width)
    dtype = f"<{'i' if text.is_signed else 'u'}{width // 8}"
    form = NumpyForm.npy if text.container == "npy" else NumpyForm.npz
    return form(dtype, (text.lines, text.word_bits // bits))


def plain_array(content: bytes, text: TextForm, *, called: str) -> tuple[bytes, tuple[str, ...]]:
    """A numpy file of anybody as the layout has it, and what was overlooked.

    Of several arrays, "words" is taken, or the one that is `called` like the kind. Raises `FormatError` for
    an array that is none of so many integers in their range, or where none of several has such a name.
    """
    form = numpy_form(text)
    arrays = read_arrays(content, Path(text.name))
    named = [arrays[name] for name in ("words", called) if name in arrays] or list(arrays.values())
    if len(named) > 1 and not {"words", called} & arrays.keys():
        raise FormatError(
            f"{text.name} must have an array 'words' or '{called}', but has {', '.join(arrays)}"
        )
    array, count = named[0], form.shape[0] * form.shape[1]
    if array.dtype.kind not in "iub" or array.size != count:
        raise FormatError(
            f"{text.name} must hold {count:,} integers ({form.shape[0]} words of {form.shape[1]}), but "
            f"holds {array.dtype} of shape {array.shape}"
        )
    limits = np.iinfo(form.dtype)
    if int(array.min()) < limits.min or int(array.max()) > limits.max:
        raise FormatError(
            f"{text.name}: {called} numbers must be {limits.min}..{limits.max}, but are "
            f"{int(array.min())}..{int(array.max())}"
        )
    (plain,) = form.write(array.reshape(1, *form.shape))
    changed = array.dtype != form.dtype or array.shape != form.shape
    note = f"an array of {array.dtype}, {array.shape}, is read as {form.dtype}, {form.shape}"
    return plain, (note,) if changed else ()
