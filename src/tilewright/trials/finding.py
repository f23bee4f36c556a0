"""What is wrong, in a few lines: counts, the first differences, and the way to the cause."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from tilewright.judge import Comparison
from tilewright.vectors import Bundle

SHOWN = 5


def describe(found: Comparison, bundle: Bundle, dump: Path | None) -> str:
    """Counts, the first differences with their places, and what leads to the cause."""
    count = f"{found.compared:,} compared, {found.differ:,} differ"
    unknown = f", {found.unknown:,} unknown" if found.unknown else ""
    lines = [f"{found.layer}: {found.kind}: {count}{unknown}"]
    lines += [f"  {one}" for one in found.first[:SHOWN]]
    if found.differ > SHOWN:
        lines.append(f"  and {found.differ - SHOWN:,} more")
    lines += [f"  {note}" for note in found.dump.notes]
    return "\n".join([*lines, *([why(bundle, dump)] if dump is not None else [])])


def why(bundle: Bundle, dump: Path) -> str:
    """One line that leads from a wrong dump to its cause."""
    return f"why: tilewright explain {quote(str(bundle.folder))} {quote(str(dump))}"
