"""Containers: the syntax around the digits of a word, plain text or that of a tool that loads memories."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError, FormatError

SUFFIXES = {"mem": ".mem", "mif": ".mif", "coe": ".coe", "c": ".h", "npz": ".npz"}
SUFFIXES |= {"npy": ".npy", "json": ".json", "c-arrays": ".h"}
SUFFIXES |= {"ihex": ".hex", "ihex-little": ".hex", "ihex-words": ".hex"}
SUFFIXES |= {"raw": ".bin", "raw-little": ".bin"}
RAW = ("raw", "raw-little")
OCTET_SUFFIXES = (".bin", ".raw")
"""Of files of octets that nothing else says anything about."""
IHEX = ("ihex", "ihex-little", "ihex-words")
ARRAYS = ("npz", "npy", "json", "c-arrays")
NAMED_ARRAYS = ("npz", "json", "c-arrays")
"""Containers of arrays, and those that may have several of them, each with a name."""
MEMORY = ("mif", "coe", *IHEX)
CONTAINERS = ("text", "mem", "mif", "coe", "c", *ARRAYS, *IHEX, *RAW)
RADICES = ("binary", "hex", "decimal")
MAX_C_BITS = 64
_NAME, _SAMPLE = re.compile(r"[^\x00-\x1f\x7f]{1,200}"), re.compile(r"\[[0-9]{1,9}\]")
_C_NAME = re.compile(r"[A-Za-z_]\w{0,199}(\[[0-9]{1,9}\])?")
C_PART_BITS = 32


@dataclass(frozen=True, slots=True)
class Frame:
    """Lines around the words, and what stands left and right of the digits of each.

    address_digits: hexadecimal digits of a line's number before `left`, 0 for none. parts: lines
    for each word, the highest bits first.
    """

    head: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    address_digits: int = 0
    left: str = ""
    right: str = ""
    last_right: str = ""
    parts: int = 1

    def left_text(self, rows: int) -> npt.NDArray[np.uint8]:
        """The text left of the digits: ``line character``."""
        if not self.address_digits:
            return _rows(self.left, rows)
        shifts = np.arange(self.address_digits)[::-1] * 4
        nibbles = np.arange(rows)[:, None] >> shifts & 15  # line digit
        addresses = np.frombuffer(b"0123456789abcdef", np.uint8)[nibbles]
        return np.hstack([addresses, _rows(self.left, rows)])

    def right_text(self, rows: int) -> npt.NDArray[np.uint8]:
        """The text right of the digits: ``line character``."""
        right = _rows(self.right, rows)
        right[-1:] = _rows(self.last_right, 1)
        return right


def frame(
    container: str,
    *,
    name: str,
    header: tuple[str, ...],
    trailer: tuple[str, ...],
    radix: str,
    lines: int,
    bits: int,
) -> Frame:
    """The frame of a file `name` with `lines` words of `bits` bits; arrays have none: `FormatError`."""
    if container in ARRAYS:
        raise FormatError(
            f"{name}: {container} holds numbers, not lines of text: use encode and decode"
        )
    if container == "mem":
        return Frame(head=("@00000000",))
    if container == "mif":
        data = {"binary": "BIN", "hex": "HEX"}[radix]
        sizes = (f"WIDTH = {bits};", f"DEPTH = {lines};")
        return Frame(
            head=(*sizes, "ADDRESS_RADIX = HEX;", f"DATA_RADIX = {data};", "CONTENT BEGIN"),
            foot=("END;",),
            address_digits=len(f"{lines - 1:x}"),
            left=" : ",
            right=";",
            last_right=";",
        )
    if container == "coe":
        base = {"binary": 2, "hex": 16}[radix]
        head = (f"memory_initialization_radix = {base};", "memory_initialization_vector =")
        return Frame(head=head, right=",", last_right=";")
    if container == "c":
        return _c_frame(name, lines, bits)
    return Frame(head=header, foot=trailer)


def _c_frame(name: str, lines: int, bits: int) -> Frame:
    """A constant array; a word of more than 64 bits takes several elements of 32."""
    identifier = re.sub(r"\W", "_", f"v_{name}" if name[0].isdigit() else name, flags=re.ASCII)
    parts = 1 if bits <= MAX_C_BITS else -(-bits // C_PART_BITS)
    element = C_PART_BITS if parts > 1 else next(b for b in (8, 16, 32, 64) if bits <= b)
    note = f", {parts} elements each, highest bits first" if parts > 1 else ""
    head = (
        f"// {lines} words of {bits} bits{note}",
        "#include <stdint.h>",
        f"static const uint{element}_t {identifier}[{lines * parts}] = {{",
    )
    return Frame(head, foot=("};",), left="  0x", right=",", last_right=",", parts=parts)


def _rows(text: str, rows: int) -> npt.NDArray[np.uint8]:
    """The characters of `text`, in every row: ``row character``."""
    return np.repeat(np.frombuffer(text.encode("ascii"), np.uint8)[None], rows, axis=0)


def check_array(container: str, array: str, *, has_part: bool) -> None:
    """Raise `ConfigError` unless files of this container have parts, or such an array, as far as stated."""
    is_named = bool(array) and container in NAMED_ARRAYS
    if has_part and container not in ("text", *RAW) and not is_named:
        more = ", or name its array" if container in NAMED_ARRAYS else ""
        raise ConfigError(f"a file of container {container} has no parts: leave out part{more}")
    names = _C_NAME if container == "c-arrays" else _NAME
    pattern = names if container in NAMED_ARRAYS else _SAMPLE
    if array and not (container in ARRAYS and pattern.fullmatch(array)):
        raise ConfigError(
            f"array must be a name in a file of container {' or '.join(NAMED_ARRAYS)} (or [n] in any of "
            f"arrays), not {array!r} in {container}"
        )
