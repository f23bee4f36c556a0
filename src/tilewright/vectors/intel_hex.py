"""Octets as records of Intel HEX, and back, strictly; `memory_image` reads those of others."""

from __future__ import annotations

from collections.abc import Iterator

from tilewright.errors import FormatError

RECORD = 16
"""Octets of a record."""
MOST = 255
SEGMENT = 1 << 16
DATA, END, LINEAR = 0, 1, 4
_ENDS = {"LF": "\n", "CRLF": "\r\n"}


def hex_content(octets: bytes, step: int, line_end: str) -> bytes:
    """The records of `octets` from address 0 on. step: octets of a word that is a record of its own, where
    addresses count words, as Quartus does; 0 where they count octets.

    >>> hex_content(bytes([1, 2]), 0, "LF"), hex_content(bytes([1, 2]), 1, "LF")[:14]
    (b':020000000102FB\\n:00000001FF\\n', b':0100000001FE\\n')
    """
    if step > MOST:
        raise FormatError(f"a word of Intel HEX must have at most {MOST} octets, not {step}")
    end = _ENDS[line_end]
    return "".join(record + end for record in _records(octets, step)).encode()


def hex_octets(content: bytes, name: str, step: int, line_end: str) -> bytes:
    """Inverse of `hex_content`; raises `FormatError` for anything that it does not write."""
    records = content.decode("latin-1").split()
    try:
        octets = b"".join(bytes.fromhex(x[9:-2]) for x in records if x[7:9] == f"{DATA:02X}")
    except ValueError:
        octets = b""
    if hex_content(octets, step, line_end) != content:
        raise FormatError(
            f"{name} must be Intel HEX as tilewright writes it ({step or 'at most 16'} octets a record, "
            f"addresses that count {'words' if step else 'octets'} from 0 on): it is damaged, or of another "
            f"layout"
        )
    return octets


def _records(octets: bytes, step: int) -> Iterator[str]:
    size = step or RECORD
    for at in range(0, len(octets), size):
        address = at // step if step else at
        if address and address % SEGMENT == 0:
            yield _record(0, LINEAR, (address // SEGMENT).to_bytes(2))
        yield _record(address % SEGMENT, DATA, octets[at : at + size])
    yield _record(0, END, b"")


def _record(address: int, kind: int, data: bytes) -> str:
    octets = bytes([len(data), *address.to_bytes(2), kind, *data])
    return f":{octets.hex().upper()}{-sum(octets) % 256:02X}"
