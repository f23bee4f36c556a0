"""The page of figures: ``python benchmarks/figures.py`` writes docs/lab/figures.md from figures.toml.

Each entry of that file states what was measured, what was seen, the command that measures it, and the day.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LEDGER = Path(__file__).with_name("figures.toml")
PAGE = Path(__file__).parents[1] / "docs" / "lab" / "figures.md"
KEYS = {"topic", "what", "result", "command", "day"}
HEAD = """# Figures

Each line was seen when its command ran, on the day that stands beside it, on two shared cores of an AMD
EPYC (AVX-512, VNNI, bfloat16), Python 3.11, torch 2.13, mostly while other work ran beside; ratios were
taken side by side in one run. NETWORK stands for `models/NAME --data-dir FOLDER` or the folder of a run.
The times of RTL simulators include starting and reading the text files, not building. RTL figures of a day
before 2026-11-28 are of the core before `tw_engine` and its result register.
`benchmarks/figures.toml` holds the entries, `python benchmarks/figures.py` writes this page.
"""


def read_figures() -> list[dict[str, Any]]:
    """The entries; raises `ValueError` if one lacks a key or has another."""
    figures: list[dict[str, Any]] = tomllib.loads(LEDGER.read_text(encoding="utf-8"))["figure"]
    for figure in figures:
        if set(figure) != KEYS:
            raise ValueError(f"an entry must have the keys {sorted(KEYS)}, not {sorted(figure)}")
    return figures


def page(figures: Iterable[dict[str, Any]]) -> str:
    """The page, topics in the order in which they first appear."""
    topics: dict[str, list[dict[str, Any]]] = {}
    for figure in figures:
        topics.setdefault(figure["topic"], []).append(figure)
    return HEAD + "".join(_table(topic, entries) for topic, entries in topics.items())


def _table(topic: str, entries: list[dict[str, Any]]) -> str:
    lines = [f"\n## {topic}\n", "| what | figure | command | day |", "|---|---|---|---|"]
    for entry in entries:
        command = entry["command"].replace("|", "\\|")
        lines.append(f"| {entry['what']} | {entry['result']} | `{command}` | {entry['day']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(read_figures()), encoding="utf-8")
