"""Promises that no two cases fit at once, of which yosys makes use and simulators do not."""

from __future__ import annotations

import re
from collections.abc import Mapping

_UNIQUE = re.compile(r"(?<!\.)\bunique\b(?!\s*[({])")
_UNIQUE_OR_NONE = re.compile(r"\bunique0\b")
_PARALLEL = re.compile(r"\bparallel_case\b")


def without_promises(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources, with cases of which the first that fits is taken, as simulators take it.

    Of ``unique case``, ``unique if``, and the attribute or comment ``parallel_case`` yosys 0.70 makes logic
    that takes any other one where two fit. That a case is full is still promised: where none fits, there is
    an x. Lines keep their numbers.
    """
    return {file: _first_that_fits(text) for file, text in sources.items()}


def _first_that_fits(text: str) -> str:
    text = _UNIQUE_OR_NONE.sub("", _UNIQUE.sub("priority", text))
    return _PARALLEL.sub("first_case", text)
