"""What is wrong, in a few lines: counts, the first differences, the cause, and where to read more."""

from __future__ import annotations

from pathlib import Path
from shlex import join

from tilewright.errors import TilewrightError
from tilewright.judge import Comparison, explain
from tilewright.trials.trial import Reading, Trial
from tilewright.vectors import Bundle

SHOWN = 5


def describe(found: Comparison, bundle: Bundle, dump: Path | None, reading: Reading) -> str:
    """Counts, the first differences with their places, the cause, and the command that says more."""
    unknown = f", {found.unknown:,} unknown" if found.unknown else ""
    lines = [
        f"{found.layer}: {found.kind}: {found.compared:,} compared, {found.differ:,} differ{unknown}"
    ]
    lines += [f"  {one}" for one in found.first[:SHOWN]]
    if found.differ > SHOWN:
        lines.append(f"  and {found.differ - SHOWN:,} more")
    lines += [f"  {note}" for note in found.dump.notes]
    lines.append(f"cause: {cause(found, bundle)}")
    return "\n".join([*lines, *([more(bundle, dump, reading)] if dump is not None else [])])


def cause(found: Comparison, bundle: Bundle) -> str:
    """What `tilewright.judge.explain` makes of the dump, in one sentence."""
    try:
        return explain(bundle, found.dump).verdict
    except TilewrightError as error:
        return f"not known: {error}"


def trial_cause(trial: Trial, bundle: Bundle) -> str:
    """The cause of the first dump that differs; "" where none was judged. bundle: has the layer's files."""
    wrong = [one for one in trial.comparisons if not one.passed]
    return cause(wrong[0], bundle) if wrong else ""


def more(bundle: Bundle, dump: Path, reading: Reading) -> str:
    """The command that shows where and why a dump is wrong."""
    opening = reading.bundle_words if bundle.is_foreign else ()
    words = ["tilewright", "explain", str(bundle.folder), str(dump), *opening, *reading.words]
    return f"more: {join(words)}"
