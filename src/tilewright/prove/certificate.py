"""A proof as a file that others can check: netlist, control, ranges, and what each output must be.

``examples/check_proof.py`` checks it with numpy alone; it knows nothing of this package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tilewright.errors import ConfigError
from tilewright.prove.algebra import Algebra
from tilewright.prove.polynomials import Cases, Poly
from tilewright.prove.proof import Check, Prover
from tilewright.prove.verdict import PROVED, Verdict
from tilewright.prove.words import Unknown, Value

PROOF, NETLIST = "proof.json", "netlist.json"
FORMAT = "tilewright-proof-1"


def write_certificate(folder: Path, prover: Prover, verdict: Verdict, *, netlist: str) -> None:
    """Write ``proof.json`` and ``netlist.json`` of a proof that `prover` has run. netlist: yosys's JSON.

    Raises `ConfigError` if the verdict is not "proved".
    """
    if verdict.answer != PROVED:
        raise ConfigError(f"only a proof has a certificate, but this is {verdict.answer}")
    algebra = prover.words.algebra
    proof = {
        "format": FORMAT,
        "claim": verdict.claim,
        "netlist_sha256": hashlib.sha256(netlist.encode()).hexdigest(),
        "clock": prover.netlist.clock,
        "variables": [_variable(algebra, index) for index in range(len(algebra.variables))],
        "cycles": [
            {name: _value(value, prover.netlist.ports[name].width) for name, value in one.items()}
            for one in prover.history
        ],
        "checks": [_check(cycle, check) for cycle, check in prover.checked],
    }
    proof["seal"] = seal_of(proof)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROOF).write_text(json.dumps(proof) + "\n", encoding="utf-8")
    (folder / NETLIST).write_text(netlist, encoding="utf-8")


def seal_of(proof: Mapping[str, Any]) -> str:
    """A hash of all fields but the seal itself."""
    rest = {name: value for name, value in proof.items() if name != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _variable(algebra: Algebra, index: int) -> dict[str, Any]:
    one = algebra.variables[index]
    if one.meaning is None:
        return {"name": one.name, "low": one.low, "high": one.high}
    facts: dict[str, Any] = {"base": _terms(one.meaning.base)}
    if isinstance(one.meaning, Cases):
        pieces = [_terms(piece) for piece in one.meaning.pieces]
        return facts | {"cuts": list(one.meaning.cuts), "pieces": pieces}
    return facts | {"shift": one.meaning.shift}


def _terms(p: Poly) -> list[list[Any]]:
    """Each term as its coefficient and the numbers of its variables."""
    return [[number, list(monomial)] for monomial, number in p.terms.items()]


def _value(value: Value, width: int) -> list[list[Any]]:
    """Parts of a word, the lowest first: terms (or x), the first bit, how many bits."""
    if isinstance(value, int):
        return [[[[value, []]], 0, width]]
    found: list[list[Any]] = []
    for source, low, bits in value.parts:
        if isinstance(source, Unknown):
            found.append(["x", 0, bits])
        else:
            found.append(
                [_terms(source) if isinstance(source, Poly) else [[source, []]], low, bits]
            )
    return found


def _check(cycle: int, check: Check) -> dict[str, Any]:
    facts = {"what": check.what, "cycle": cycle, "port": check.port}
    return facts | {"low": check.low, "width": check.width, "terms": _terms(check.expected)}
