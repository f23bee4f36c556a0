"""Prove that two versions of a module are equal for every input in every cycle."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tilewright.errors import ToolError
from tilewright.formal.promises import without_promises
from tilewright.formal.sources import (
    packages_first,
    parameter_names,
    set_parameters,
    without_imports,
)
from tilewright.formal.yosys import first_error, run_yosys

SMALL = {"Rows": 2, "Cols": 3, "Depth": 3, "DimBits": 4, "ProductBits": 8}
"""Sizes for which a proof is quick; memories get 2 address bits. A proof holds for these sizes."""
_MEMORY_BITS = 2
_PROVED = "Equivalence successfully proven!"


def prove_equivalent(
    gold: Mapping[str, str],
    gate: Mapping[str, str],
    *,
    top: str,
    timeout_s: float,
    parameters: Mapping[str, int] | None = None,
) -> bool:
    """Whether module `top` is the same in two sets of sources: see `are_equivalent`."""
    return are_equivalent(gold, [gate], top=top, timeout_s=timeout_s, parameters=parameters)[0]


def are_equivalent(
    gold: Mapping[str, str],
    gates: Sequence[Mapping[str, str]],
    *,
    top: str,
    timeout_s: float,
    parameters: Mapping[str, int] | None = None,
) -> list[bool]:
    """Whether module `top` is the same in each of `gates` as in `gold` (file names to contents).

    Registers of the same name are taken to be equal in one cycle and shown to be equal in the next, with
    every input free; what they hold at first is not looked at. So "True" is a proof at these parameters, or
    without them at the sizes of `SMALL`, and "False" is no counterexample: the two may still be equal in
    every state that can be reached.

    Raises `ToolError` if yosys is missing, cannot read the sources, or does not end in time.
    """
    if parameters is None:
        sizes = _sizes(gold, top)
        gold, *gates = (set_parameters(_small(one), top, sizes) for one in (gold, *gates))
    script = _prepare("gold", gold, top, parameters)
    for at, gate in enumerate(gates):
        script += [
            "design -reset",
            *_prepare(f"gate{at}", gate, top, parameters),
            "design -copy-from gold -as gold gold",
            f"design -copy-from gate{at} -as gate gate{at}",
            "equiv_make gold gate equiv",
            "hierarchy -top equiv",
            "async2sync",
            "opt_clean",
            "equiv_simple -undef",
            "equiv_induct -undef",
            f"tee -o status{at}.txt equiv_status",
        ]
    sets = {"gold": gold} | {f"gate{at}": gate for at, gate in enumerate(gates)}
    files = {
        f"{kind}/{name}": text
        for kind, sources in sets.items()
        for name, text in without_imports(without_promises(sources)).items()
    }
    with tempfile.TemporaryDirectory(prefix="tilewright-yosys-") as name:
        folder = Path(name)
        status, output = run_yosys("\n".join(script), files, folder=folder, timeout_s=timeout_s)
        if status != 0:
            raise ToolError(
                f"yosys cannot compare the two versions of {top}: {first_error(output)}"
            )
        said = [
            (folder / f"status{at}.txt").read_text(encoding="utf-8") for at in range(len(gates))
        ]
    return [_PROVED in one for one in said]


def _small(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources, with small constants of their packages."""
    return {
        file: re.sub(
            r"(localparam\s+int\s+(\w+)\s*=\s*)\d+",
            lambda found: f"{found[1]}{SMALL[found[2]]}" if found[2] in SMALL else found[0],
            text,
        )
        if text.lstrip("/ ").startswith("package") or "\npackage " in text
        else text
        for file, text in sources.items()
    }


def _prepare(
    name: str, sources: Mapping[str, str], top: str, parameters: Mapping[str, int] | None
) -> list[str]:
    files = " ".join(f"{name}/{file}" for file in packages_first(without_imports(sources)))
    sizes = " ".join(f"-set {key} {value}" for key, value in (parameters or {}).items())
    return [
        f"read_verilog {'-defer ' if sizes else ''}-sv {files}",
        *([f"chparam {sizes} {top}"] if sizes else []),
        f"hierarchy -check -top {top}",
        "proc",
        "flatten",
        "memory_map",
        "opt_clean",
        f"rename -top {name}",
        f"design -stash {name}",
    ]


def _sizes(sources: Mapping[str, str], top: str) -> dict[str, int]:
    """Small values of the parameters that `top` has."""
    names = parameter_names(sources, top)
    sizes = {name: SMALL[name] for name in names if name in SMALL}
    return sizes | {name: _MEMORY_BITS for name in names if name.endswith("AddrBits")}
