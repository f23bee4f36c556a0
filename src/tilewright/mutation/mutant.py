"""A mutant: one small change of one source file."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilewright.verilog.tokens import line_of

CATEGORIES = (
    *("operator", "constant", "off-by-one", "carry", "signedness", "stuck bit", "reset", "address"),
    *("enable", "deletion", "width"),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """The characters ``start:end`` of `file` become `replacement`.

    line: the first line that changes, from 1. before, after: the changed lines, white space condensed.
    what: the change in words.
    """

    file: str
    line: int
    category: str
    what: str
    before: str
    after: str
    start: int
    end: int
    replacement: str

    def apply(self, text: str) -> str:
        """The mutated file."""
        return text[: self.start] + self.replacement + text[self.end :]

    def to_facts(self) -> dict[str, Any]:
        """The mutant as JSON facts: file, line, category and change."""
        keys = ("file", "line", "category", "what", "before", "after")
        return {key: getattr(self, key) for key in keys}

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.category}, {self.what}: {self.before}  ->  {self.after}"


def make_mutant(
    file: str, text: str, place: tuple[int, int], replacement: str, *, category: str, what: str
) -> Mutant:
    """The mutant that replaces the characters at `place` (start, end) of `text`."""
    start, end = place
    changed = text[:start] + replacement + text[end:]
    return Mutant(
        file=file,
        line=line_of(text, start),
        category=category,
        what=what,
        before=_lines(text, start, end),
        after=_lines(changed, start, start + len(replacement)),
        start=start,
        end=end,
        replacement=replacement,
    )


def sample(mutants: Sequence[Mutant], limit: int, *, seed: int) -> list[Mutant]:
    """Choose at most `limit` mutants at random, round-robin over (file, category), in their given order."""
    if limit >= len(mutants):
        return list(mutants)
    groups: dict[tuple[str, str], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        groups[mutant.file, mutant.category].append(mutant)
    rng = random.Random(seed)  # noqa: S311  # a choice of mutants, not a secret
    for group in groups.values():
        rng.shuffle(group)
    chosen: set[Mutant] = set()
    while len(chosen) < limit:
        for group in groups.values():
            if group and len(chosen) < limit:
                chosen.add(group.pop())
    return [mutant for mutant in mutants if mutant in chosen]


def count_categories(mutants: Sequence[Mutant]) -> Mapping[str, int]:
    """The number of mutants of each category."""
    counts = Counter(mutant.category for mutant in mutants)
    return {category: counts[category] for category in CATEGORIES if counts[category]}


def _lines(text: str, start: int, end: int) -> str:
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    return " ".join(text[first : last if last >= 0 else len(text)].split())
