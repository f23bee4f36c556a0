"""The plusargs of a run, and those that a testbench asks for in vain (IEEE 1800-2017, 21.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tilewright.verilog.stored import Key
from tilewright.verilog.values import Value


@dataclass(slots=True)
class Plusargs:
    """given: "NAME=VALUE" or "FLAG", in the order of the command line, without the plus.

    missing: by the variable that it was meant for, the text for which no plusarg was found.
    """

    given: tuple[bytes, ...] = ()
    missing: dict[Key, bytes] = field(default_factory=dict)

    def find(self, prefix: bytes) -> bytes | None:
        """What stands behind `prefix` in the first plusarg that begins with it; None if none does."""
        return next((one[len(prefix) :] for one in self.given if one.startswith(prefix)), None)

    def advice(self, values: Mapping[str, Value]) -> str:
        """What to give, behind a message, for those missing whose variable has no text; '' if none are."""
        names = [
            one
            for key, one in self.missing.items()
            if not (isinstance(key, str) and key in values and values[key].text)
        ]
        if not names:
            return ""
        shown = ", ".join(sorted({one.decode("latin-1") for one in names}))
        first = names[0].decode("latin-1")
        return f"; no plusarg begins with {shown}: give it, as --plusarg {first}..."
