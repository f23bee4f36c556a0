"""Text under ``ifdef`` and ``else``: which of it the user's build compiles is seen by breaking it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tilewright.corners import VectorSet
from tilewright.mutation.campaign import Tries
from tilewright.mutation.generate import mutants_of
from tilewright.mutation.mutant import Mutant, make_mutant
from tilewright.verilog.source_files import is_source
from tilewright.verilog.tokens import branches

BREAK = "\n ) ; ] endmodule :\n"
"""What no tool compiles, wherever it stands."""
_SIMULATION = re.compile(r"`ifndef\s+\w*SYNTH\w*$")
_CONDITION = re.compile(r"`(ifn?def|else|elsif|endif)\b")
Compiled = Mapping[str, frozenset[int]]
"""For each file, where the branches begin that are compiled."""
NONE: Compiled = MappingProxyType({})


def mutants_in(sources: Mapping[str, str], compiled: Compiled = NONE) -> list[Mutant]:
    """Every mutant of the sources among the files of a core; headers and data stay as they are.

    compiled: of each file, as `mutants_of` takes it.
    """
    texts = {file: text for file, text in sources.items() if is_source(file)}
    return [
        mutant
        for file, text in texts.items()
        for mutant in mutants_of(text, file=file, compiled=compiled.get(file, ()))
    ]


def compiled_branches(
    bench: Tries, sets: Sequence[VectorSet], say: Callable[[str], object]
) -> Compiled:
    """The branches of conditional text whose damage the first bundle notices; a branch within another only
    where that one is compiled.

    What synthesis leaves out and puts nothing in its place is a check, and no part of the core. The core must
    pass as it is: else everything would seem to be compiled.
    """
    first = next(one for one in sets if one.folders)
    smallest = [VectorSet(first.name, first.how, first.folders[:1], first.setup)]
    found: dict[str, frozenset[int]] = {}
    count = 0
    for file, text in bench.sources.items():
        compiled: set[int] = set()
        for *around, branch in branches(text, file=file) if is_source(file) else ():
            if all(one in compiled for one in around) and not _is_check(text, branch):
                count += 1
                broken = make_mutant(file, text, (branch, branch), BREAK, category="", what="")
                if bench.try_mutant(broken, smallest).status != "survived":
                    compiled.add(branch)
        found[file] = frozenset(compiled)
    if count:
        used = sum(map(len, found.values()))
        say(
            f"{used} of {count} parts under `ifdef and `else are compiled; the others are left as they are"
        )
    return found


def _is_check(text: str, branch: int) -> bool:
    """Whether a branch is for simulation alone: under ``ifndef SYNTHESIS``, without an ``else``."""
    if not _SIMULATION.search(text, 0, branch):
        return False
    depth = 0
    for found in _CONDITION.finditer(text, branch):
        if found[1].startswith("if"):
            depth += 1
        elif not depth:
            return found[1] == "endif"
        elif found[1] == "endif":
            depth -= 1
    return False
