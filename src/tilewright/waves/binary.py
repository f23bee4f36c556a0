"""FST files, as GTKWave, Icarus Verilog and Verilator have them, and GHDL's GHW files: read by pywellen.

It runs in a process of its own, with an end to its time and memory: a damaged file makes it stop in ways that
are no exceptions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from tilewright.errors import FormatError, ToolError
from tilewright.programs.confined import Bounds, confined
from tilewright.waves.wave_file import LEVELS, Variable, WaveFile, begins_with

T = TypeVar("T")

_STARTS = (b"\x00" + (329).to_bytes(8, "big"), b"\xfe", b"GHDLwave")
"""How a file begins: the header block of FST, 329 octets long; one that is packed as a whole; GHW."""
_BOUNDS = Bounds(seconds=300.0, memory=4 << 30)


def is_binary(path: Path) -> bool:
    """Whether the file begins as FST or GHW do."""
    return begins_with(path, _STARTS)


@dataclass(frozen=True, slots=True)
class BinaryFile(WaveFile):
    """An FST or GHW file. Its variables of real numbers and texts are left out."""

    @classmethod
    def read(cls, path: Path) -> BinaryFile:
        """Raises `FormatError` if it is damaged, `ToolError` if pywellen is not installed."""
        if find_spec("pywellen") is None:
            raise ToolError(
                f"{path} is read by pywellen, which is not installed: pip install 'tilewright[waves]' "
                "installs it; VCD files need nothing"
            )
        return cls(path, _by_pywellen(path, _variables))

    def steps(self, watched: Iterable[Variable]) -> Iterator[tuple[int, dict[str, str]]]:
        """See `WaveFile.steps`."""
        widths = {one.code: one.width for one in watched}
        changes = _by_pywellen(self.path, partial(_changes, widths=widths))
        times = {0: dict[str, str]()}
        for code, found in changes.items():
            for time, value in found:
                times.setdefault(time, {})[code] = value
        return iter(sorted(times.items()))


def _by_pywellen(path: Path, work: Callable[[Any], T]) -> T:
    """What `work` makes of the file as pywellen reads it."""
    return confined(partial(_opened, path, work), _BOUNDS, what=str(path))


def _opened(path: Path, work: Callable[[Any], T]) -> T:
    """Within `confined`: what the library says of a damaged file goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    import pywellen

    try:
        return work(pywellen.Waveform(str(path)))
    except BaseException as error:  # a panic of its Rust is no Exception
        raise FormatError(
            f"{path} must be a whole FST or GHW file, but cannot be read: {str(error) or type(error)}"
        ) from None


def _variables(file: Any) -> tuple[Variable, ...]:
    return tuple(
        Variable(one.full_name, one.bitwidth, str(one.signal_id))
        for one in file.all_vars()
        if one.bitwidth
    )


def _changes(file: Any, widths: dict[str, int]) -> dict[str, list[tuple[int, str]]]:
    """By code, the times and new values of those variables."""
    found: dict[str, list[tuple[int, str]]] = {}
    for one in file.all_vars():
        code = str(one.signal_id)
        if code in widths and code not in found:
            found[code] = [(time, _bits(value, widths[code])) for time, value in one.tv]
    return found


def _bits(value: int | str, width: int) -> str:
    if isinstance(value, int):
        return f"{value:0{width}b}"
    return value.lower().translate(LEVELS)
