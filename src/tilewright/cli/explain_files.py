"""`explain --expected FILE --actual FILE`: two files of numbers, without a bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import typer

from tilewright.cli.app import FAILED
from tilewright.errors import ConfigError, counted

SHOWN = 3
"""Differences that are printed."""


def explain_files(
    folder: Path | None,
    expected: Path | None,
    actual: Path | None,
    *,
    radix: str | None,
    array: str | None,
    is_json: bool,
) -> NoReturn:
    """Print where two files of numbers differ, and which change gives all of it; exit 0 if they agree."""
    from tilewright.judge import PlainComparison, find_changes, read_plain

    if folder is not None or expected is None or actual is None:
        raise ConfigError(
            "explain takes BUNDLE and DUMP, or both --expected FILE and --actual FILE alone"
        )
    if radix not in (None, "decimal", "hex", "binary"):
        raise ConfigError(f"--radix must be decimal, hex or binary, not '{radix}'")
    comparison = PlainComparison(
        read_plain(expected, radix, array=array), read_plain(actual, radix, array=array)
    )
    changes = () if comparison.passed else find_changes(comparison)
    facts = _facts(comparison, changes)
    if is_json:
        print(json.dumps(facts, indent=2))
    else:
        _report(comparison, changes, facts)
    raise typer.Exit(0 if comparison.passed else FAILED)


def _facts(comparison: Any, changes: tuple[str, ...]) -> dict[str, Any]:
    first = [
        {
            "expected_at": comparison.expected.place(int(index)),
            "actual_at": comparison.actual.place(int(index)),
            "expected": int(comparison.expected.values[index]),
            "actual": int(comparison.actual.values[index]),
        }
        for index in comparison.differs[:SHOWN]
    ]
    return {
        "passed": comparison.passed,
        "compared": comparison.both - comparison.unknown,
        "differ": int(comparison.differs.size),
        "unknown": comparison.unknown,
        "expected_numbers": int(comparison.expected.values.size),
        "actual_numbers": int(comparison.actual.values.size),
        "first": first,
        "causes": list(changes),
    }


def _report(comparison: Any, changes: tuple[str, ...], facts: dict[str, Any]) -> None:
    for one in (comparison.expected, comparison.actual):
        header = f", {counted(one.skipped, 'header line')}" if one.skipped else ""
        bits = f" of {one.bits} bits" if one.bits else ""
        print(f"{one.path.name}: {one.values.size:,} {one.radix} numbers{bits}{header}")
    unknown = f", {facts['unknown']:,} unknown" if facts["unknown"] else ""
    print(f"{facts['compared']:,} compared, {facts['differ']:,} differ{unknown}")
    for one in facts["first"]:
        print(
            f"  {one['actual_at']}: expected {one['expected']} ({one['expected_at']}), found {one['actual']}"
        )
    for number, text in enumerate(changes, 1):
        print(f"  {number}. {text}")
    if comparison.passed:
        print("verdict: every number is as expected")
    elif changes:
        print(f"verdict: {changes[0]}")
    else:
        print(
            "verdict: no single change explains it; with the layer's files, "
            "'tilewright explain BUNDLE DUMP' knows more causes"
        )
