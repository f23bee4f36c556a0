"""Confirm in a simulator, for each wrong design of the tests, that its killing input shows it.

    python benchmarks/wrong_designs.py

Needs Icarus Verilog, and GHDL for one array. The exit status is 1 if one is not as wrong_designs.toml says
(random inputs and extremes are tried, too), or if a design of equal_designs.toml differs from what must come
out.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.formal import arrays, wrong  # noqa: E402


def judged(one: wrong.Wrong, folder: Path, *, is_wrong: bool) -> str:
    """What is not as stated; nothing if all is."""
    if is_wrong and not wrong.is_killed(one, folder):
        return "the killing input does not show it"
    seen = wrong.weakest(one, folder)
    return "" if seen == one.seen_by else f"seen by {seen}, not by {one.seen_by}"


def main() -> int:
    """Confirm all, print counts."""
    problems = 0
    counts: Counter[str] = Counter()
    for is_wrong, designs in ((True, wrong.read_wrong()), (False, wrong.read_equal())):
        for one in designs:
            if arrays.needs(arrays.load(one.design)):
                counts[f"skipped without {arrays.needs(arrays.load(one.design))}"] += 1
                continue
            with tempfile.TemporaryDirectory() as folder:
                problem = judged(one, Path(folder), is_wrong=is_wrong)
            counts[f"wrong, seen by {one.seen_by}" if is_wrong else "equal"] += 1
            if problem:
                print(f"{one.design}: {one.name}: {problem}")
                problems += 1
    print(", ".join(f"{count} {what}" for what, count in counts.items()), f"; {problems} problems")
    return int(problems > 0)


if __name__ == "__main__":
    sys.exit(main())
