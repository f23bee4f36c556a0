"""What does it cost to try mutants where Verilator says where to look first, and does any verdict change?

``python benchmarks/mutate.py RUN [--limit 100] [--seed 0] [--one-by-one FILE] [--before PYTHON] [--json]``

RUN is a run with exported bundles. The same mutants of our core are tried twice: first all are looked for
in one program of all of them, then each is tried by itself on every bundle, in order. Seconds are
processor seconds, of this process and of those that it starts, builds included; whether Verilator's
builds were in the cache is not: it is an empty one. ``vs_one_by_one`` is the first over the second.

Verdicts (killed, survived, equivalent, not built) must be the same, or the benchmark fails. A mutant that
both kill may be credited to another set of vectors, if an earlier bundle shows it to a simulator with
x alone; those are counted, and named.

``--one-by-one``: a file that keeps the outcomes of the second way, written where it is not there, read where
it is. ``--before``: an interpreter with an earlier version that reads
such a run, whose command ``mutate`` is given it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tilewright.studies.mutate import MutateOptions, mutate

KEYS = ("file", "line", "what", "before", "after")
TIMEOUT_S = 60.0


class Listener:
    """What a campaign says goes to standard error; progress nowhere."""

    def say(self, line: str) -> None:
        """Show a line."""
        print(line, file=sys.stderr)

    def progress(self, line: str) -> None:
        """Show nothing."""


def now() -> float:
    """User and system seconds of this process and its children so far."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def campaign(run: Path, limit: int, seed: int, *, has_screen: bool) -> dict[str, Any]:
    """The facts of a campaign, with its processor seconds."""
    since = now()
    options = MutateOptions(limit=limit, seed=seed, timeout_s=TIMEOUT_S, has_screen=has_screen)
    return mutate([run], options, Listener()).to_facts() | {"cpu_seconds": now() - since}


def before(python: str, run: Path, limit: int, seed: int) -> dict[str, Any]:
    """The same facts by an earlier version, with a path of its own and no build in the cache."""
    since = now()
    words = ("--limit", str(limit), "--seed", str(seed), "--timeout", str(TIMEOUT_S), "--json")
    with tempfile.TemporaryDirectory() as cache:
        own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            [python, "-m", "tilewright", "mutate", str(run), *words],
            check=True,
            stdout=subprocess.PIPE,
            env=own | {"XDG_CACHE_HOME": cache},
        )
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts | {"cpu_seconds": now() - since}


def differences(one: dict[str, Any], other: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Mutants of another verdict, and mutants that another set killed."""
    verdicts, credited = [], []
    for a, b in zip(one["outcomes"], other["outcomes"], strict=True):
        assert [a[key] for key in KEYS] == [b[key] for key in KEYS]
        line = f"{a['file']}:{a['line']}: {a['what']}: {a['status']} {a['by']}, {b['status']} {b['by']}"
        if a["status"] != b["status"]:
            verdicts.append(line)
        elif a["by"] != b["by"]:
            credited.append(line)
    return verdicts, credited


def main() -> int:
    """Try both ways, print a line and one JSON object; exit status 1 if a verdict differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one-by-one", type=Path)
    parser.add_argument("--before", metavar="PYTHON")
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        screened = campaign(given.run, given.limit, given.seed, has_screen=True)
    kept = given.one_by_one
    if kept is not None and kept.is_file():
        alone = json.loads(kept.read_text())
    else:
        alone = campaign(given.run, given.limit, given.seed, has_screen=False)
        if kept is not None:
            kept.write_text(json.dumps(alone))
    verdicts, credited = differences(screened, alone)
    seconds = {"screened": screened["cpu_seconds"], "one_by_one": alone["cpu_seconds"]}
    facts = {"mutants": screened["mutants"], "seconds": seconds}
    facts |= {"vs_one_by_one": seconds["screened"] / seconds["one_by_one"]}
    if given.before:
        seconds["before"] = before(given.before, given.run, given.limit, given.seed)["cpu_seconds"]
        facts["vs_before"] = seconds["screened"] / seconds["before"]
    facts |= {"verdicts_differ": verdicts, "credited_to_another": credited}
    if not given.json:
        print(
            f"{facts['mutants']:,} mutants: {seconds['screened']:.0f} s screened, "
            f"{seconds['one_by_one']:.0f} s one by one ({facts['vs_one_by_one']:.2f}x); "
            f"{len(verdicts)} verdicts differ, {len(credited)} are credited to another set"
        )
    print(json.dumps(facts))
    return 1 if verdicts else 0


if __name__ == "__main__":
    raise SystemExit(main())
