"""Do the unit tests of a room notice a fault in its Python? One small change at a time.

``python benchmarks/python_mutation.py [--rooms verify,tile,...] [--sample 12] [--seed 0] [--timeout-s 120]
[--json]``

For each room, a sample of all mutants of its modules is drawn: comparisons, arithmetic, conditions, numbers,
bounds (min, max, any, all), arguments that are left out, signs. A mutant is killed if the unit tests of the
room fail, do not end in time, or cannot be collected; the tests run in a forked process that has loaded what
they need of other packages. Survivors are printed, those of ``python_equivalents.toml`` with the reason why
no test can notice them. The last line is one JSON object. Linux and macOS.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import importlib.util
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src/tilewright")
EQUIVALENTS = Path(__file__).with_name("python_equivalents.toml")
ROOMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "recover": (("recover/*.py",), ("recover",)),
    "verify": (("verify/*.py",), ("verify",)),
    "tile": (("tile/*.py", "tile/dataflows/*.py"), ("tile", "sim")),
    "vectors": (("vectors/*.py",), ("vectors", "bundles")),
    "sim": (("sim/*.py",), ("sim", "verify/test_limited.py")),
    "engine": (("engine/*.py",), ("engine",)),
    "packed": (
        ("spec/packed_network.py", "spec/network_facts.py", "spec/bit_packing.py"),
        ("spec",),
    ),
    "judge": (("judge/*.py", "judge/families/*.py"), ("judge",)),
    "cores": (("cores/result.py", "cores/transcript.py"), ("cores", "pipeline/test_cosim.py")),
    "bundles": (
        tuple(
            f"bundles/{name}.py" for name in ("check", "agreement", "stated", "convert", "tensors")
        ),
        ("bundles", "vectors"),
    ),
}
"""For each room its modules, and the unit tests that judge them."""
LOADED = ("numpy", "pytest", "hypothesis", "numba", "torch")

COMPARE = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
CALLS = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "minimum": "maximum",
    "maximum": "minimum",
    "argwhere": "asarray",
    "zeros": "ones",
    "sorted": "list",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """The bytes ``start:end`` of a file become `new`."""

    file: str
    line: int
    what: str
    start: int
    end: int
    new: str
    before: str

    def apply(self, text: bytes) -> bytes:
        """The mutated file."""
        return text[: self.start] + self.new.encode() + text[self.end :]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}: {self.before}  ->  {self.new}"


class _Finder(ast.NodeVisitor):
    """Collects the mutants of one module; annotations, decorators, messages and imports stay."""

    def __init__(self, file: str, text: bytes) -> None:
        self.file, self.text = file, text
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.found: list[Mutant] = []

    def add(self, node: Any, new: Any, what: str) -> None:
        """`node` becomes `new`, a node or text."""
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        before = " ".join(self.text[start:end].decode().split())
        words = new if isinstance(new, str) else f"({ast.unparse(new)})"
        self.found.append(Mutant(self.file, node.lineno, what, start, end, words, before))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Messages are tested word by word elsewhere."""

    def visit_Raise(self, node: ast.Raise) -> None:
        """So are the errors; whether they are raised is a matter of the condition before them."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """The body and the defaults."""
        if node.name != "__str__":
            for part in (*node.body, *node.args.defaults, *filter(None, node.args.kw_defaults)):
                self.visit(part)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """The body alone."""
        for part in node.body:
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """The value alone."""
        if node.value is not None:
            self.visit(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Each comparison the other way, or with its bound on the other side."""
        for place, operator in enumerate(node.ops):
            other = copy.deepcopy(node)
            other.ops[place] = COMPARE[type(operator)]()
            self.add(node, other, "comparison")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Another operation."""
        if type(node.op) in ARITHMETIC:
            other = copy.deepcopy(node)
            other.op = ARITHMETIC[type(node.op)]()
            self.add(node, other, "operation")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """The other connective, and each operand left out."""
        other = copy.deepcopy(node)
        other.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self.add(node, other, "connective")
        for place in range(len(node.values)):
            fewer = copy.deepcopy(node)
            del fewer.values[place]
            whole = fewer if len(fewer.values) > 1 else fewer.values[0]
            self.add(node, whole, "operand left out")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """A sign or a ``not`` left out."""
        if isinstance(node.op, (ast.Not, ast.USub, ast.Invert)):
            self.add(node, node.operand, "sign left out")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """One more, one less, the other truth."""
        if isinstance(node.value, bool):
            self.add(node, str(not node.value), "truth")
        elif isinstance(node.value, int):
            self.add(node, str(node.value + 1), "number")
            if node.value > 0:
                self.add(node, str(node.value - 1), "number")

    def visit_If(self, node: ast.If) -> None:
        """A condition that never holds, or always."""
        if getattr(node.test, "id", "") != "TYPE_CHECKING":
            for truth in ("True", "False"):
                self.add(node.test, truth, "condition")
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """A choice that is none."""
        for truth in ("True", "False"):
            self.add(node.test, truth, "condition")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """The opposite function, and each keyword argument left out."""
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in CALLS:
            other = copy.deepcopy(node)
            if isinstance(other.func, ast.Name):
                other.func.id = CALLS[name]
            elif isinstance(other.func, ast.Attribute):
                other.func.attr = CALLS[name]
            self.add(node, other, "function")
        for place, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                fewer = copy.deepcopy(node)
                del fewer.keywords[place]
                self.add(node, fewer, f"argument {keyword.arg} left out")
        self.generic_visit(node)


def mutants_of(path: Path, file: str) -> list[Mutant]:
    """All mutants of a module, none twice."""
    text = path.read_bytes()
    finder = _Finder(file, text)
    finder.visit(ast.parse(text))
    different = {mutant.apply(text): mutant for mutant in finder.found}
    return sorted(different.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.new))


def mutants_of_room(root: Path, room: str) -> list[Mutant]:
    """All mutants of a room's modules."""
    paths = [path for glob in ROOMS[room][0] for path in sorted((root / PACKAGE).glob(glob))]
    return [m for path in paths for m in mutants_of(path, str(path.relative_to(root / PACKAGE)))]


class Trials:
    """A copy of the sources in which one file at a time is changed."""

    def __init__(self, folder: Path, timeout_s: float) -> None:
        self.root, self.timeout_s = folder, timeout_s
        shutil.copytree(ROOT / PACKAGE, folder / PACKAGE, ignore=shutil.ignore_patterns("*.pyc"))
        for name in LOADED:
            if importlib.util.find_spec(name):
                importlib.import_module(name)

    def passes(self, room: str, mutant: Mutant | None = None) -> bool:
        """Whether the unit tests of a room pass with a mutant, or without any."""
        if mutant is None:
            return self._run(room)
        path = self.root / PACKAGE / mutant.file
        whole = path.read_bytes()
        try:
            path.write_bytes(mutant.apply(whole))
            shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
            return self._run(room)
        finally:
            path.write_bytes(whole)
            shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)

    def _run(self, room: str) -> bool:
        child = os.fork()
        if child == 0:
            self._test(room)
        until = time.monotonic() + self.timeout_s
        while time.monotonic() < until:
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                return os.waitstatus_to_exitcode(status) == 0
            time.sleep(0.02)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False

    def _test(self, room: str) -> None:
        """In the forked process: never returns."""
        status = 3
        try:
            os.setsid()
            os.chdir(ROOT)
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            source = str(self.root / "src")
            sys.path[:0] = [source, str(ROOT)]
            os.environ["PYTHONPATH"] = source
            import pytest

            tests = [f"tests/unit/{name}" for name in ROOMS[room][1]]
            options = ["-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=--strict-markers"]
            loaded = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
            status = int(pytest.main([*options, "-W", loaded, *tests]))
        finally:
            os._exit(status)


def reason_of(mutant: Mutant, reasons: list[dict[str, str]]) -> str:
    """Why a mutant is equivalent, or nothing."""
    place = (mutant.file, mutant.before, mutant.new)
    known = [one for one in reasons if (one["file"], one["before"], one["new"]) == place]
    return known[0]["reason"] if known else ""


def judge_room(room: str, trials: Trials, options: Any) -> Iterator[tuple[Mutant, str]]:
    """Each sampled mutant, with "killed", "survived" or why it is equivalent."""
    reasons = tomllib.loads(EQUIVALENTS.read_text(encoding="utf-8")).get("equivalent", [])
    if not trials.passes(room):
        sys.exit(f"error: the unit tests of {room} must pass without a mutant, but fail")
    mutants = mutants_of_room(trials.root, room)
    rng = random.Random(f"{room} {options.seed}")
    for mutant in rng.sample(mutants, min(options.sample, len(mutants))):
        known = reason_of(mutant, reasons)
        yield mutant, known or ("survived" if trials.passes(room, mutant) else "killed")


def main() -> None:
    """Print each room's counts, the survivors, and the rate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rooms", default=",".join(ROOMS))
    parser.add_argument("--sample", type=int, default=12, help="mutants of a room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--timeout-s", type=float, default=120.0)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    totals = {"killed": 0, "survived": 0, "equivalent": 0}
    rooms: dict[str, dict[str, int]] = {}
    since = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tilewright-mutants-") as name:
        trials = Trials(Path(name), options.timeout_s)
        for room in options.rooms.split(","):
            counts = rooms[room] = dict.fromkeys(totals, 0)
            for mutant, found in judge_room(room, trials, options):
                kind = found if found in totals else "equivalent"
                counts[kind] += 1
                totals[kind] += 1
                if kind != "killed" and not options.json:
                    print(f"{found.upper() if kind == 'survived' else found}: {mutant}", flush=True)
            if not options.json:
                total = len(mutants_of_room(trials.root, room))
                print(f"{room}: {counts} of {total:,} mutants", flush=True)
    rate = totals["killed"] / max(1, totals["killed"] + totals["survived"])
    seconds = round(time.monotonic() - since, 1)
    print(json.dumps(totals | {"rate": round(rate, 4), "rooms": rooms, "seconds": seconds}))


if __name__ == "__main__":
    main()
