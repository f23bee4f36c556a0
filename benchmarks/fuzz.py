"""What does damaged data from outside do? No traceback, hang, flood of memory or wrong tensor in any case.

Each case damages one file (vector files, manifests, layouts, TOML, networks and their tensors, packed
networks, ONNX, TFLite, checkpoints, records of the testbench, testbenches) and gives it to its parser, in a
worker with limits of CPU time and memory; a worker that is silent for long is ended. See
`tests/outside_fuzz.py` for the kinds, and what is read rightly.

    python benchmarks/fuzz.py --count 1000000 --seed 1 --limit 10
    python benchmarks/fuzz.py --seed 1 --only 4711       # one case again, with its traceback

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.outside_fuzz import Fuzz

MEMORY = 2 << 30
SHOWN = 10
TOLD_EVERY = 60.0
SINGLE = 1000


@dataclass
class Seen:
    """What became of the cases: counts by kind and outcome, and the first failures."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, kind: str, outcome: str, number: int, detail: str = "") -> None:
        """Count one."""
        self.counts[kind, outcome] += 1
        if outcome in ("traceback", "hang", "over memory", "wrong tensor", "crash"):
            self.failures.append(f"case {number} ({kind}): {outcome}: {detail}")

    def to_facts(self) -> dict[str, object]:
        """For the last line."""
        outcomes: Counter[str] = Counter()
        kinds: dict[str, dict[str, int]] = {}
        for (kind, outcome), count in sorted(self.counts.items()):
            outcomes[outcome] += count
            kinds.setdefault(kind, {})[outcome] = count
        bad = ("traceback", "hang", "over memory", "wrong tensor", "crash")
        return {
            "cases": sum(outcomes.values()),
            **{name: outcomes[name] for name in ("refused", "read", "equal", "correct", *bad)},
            "slowest_s": round(self.slowest, 2),
            "kinds": kinds,
            "first": self.failures[:SHOWN],
        }


def work(
    link: Connection, seed: int, begin: int, end: int, limit: float, single: int, kinds: list[str]
) -> None:
    """Run cases begin..end-1 of some kinds, or of all; tell of them: of the first, `single` ones, each."""
    link.send(("making", begin, "", 0.0))
    with tempfile.TemporaryDirectory(prefix="tilewright-fuzz-") as name:
        fuzz = Fuzz(Path(name), seed)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
        os.fsync = lambda _: None  # no case needs to outlive the computer
        told = time.monotonic()
        batch: list[tuple[int, str, str, str, float]] = []
        for number in range(begin, end):
            if kinds and fuzz.kind_of(number) not in kinds:
                continue
            signal.setitimer(signal.ITIMER_PROF, limit)
            since = time.monotonic()
            kind, outcome, detail = attempt(fuzz, number)
            signal.setitimer(signal.ITIMER_PROF, 0)
            batch.append((number, kind, outcome, detail, time.monotonic() - since))
            if time.monotonic() - told > 0.5 or number < begin + single:
                link.send(batch)
                batch, told = [], time.monotonic()
        link.send(batch)
    link.send(None)


class LateError(BaseException):
    """A case has had its time."""


def attempt(fuzz: Fuzz, number: int) -> tuple[str, str, str]:
    """Kind, outcome and detail of one case, whatever it raises."""

    def late(*_: object) -> None:
        raise LateError

    signal.signal(signal.SIGPROF, late)
    kind = fuzz.kind_of(number)
    try:
        return (*fuzz.case(number), "")
    except LateError:
        return kind, "hang", ""
    except MemoryError:
        return kind, "over memory", traceback.format_exc()[-1500:]
    except AssertionError:
        return kind, "wrong tensor", traceback.format_exc()[-1500:]
    except Exception:
        return kind, "traceback", traceback.format_exc()[-1500:]


def run(
    count: int, seed: int, limit: float, *, workers: int, total_s: float, kinds: list[str]
) -> Seen:
    """All cases, shared out among workers; one that dies or hangs costs its case only."""
    seen, until, told = Seen(), time.monotonic() + total_s, time.monotonic()
    shares = [(count * one // workers, count * (one + 1) // workers) for one in range(workers)]
    crews = [start(seed, begin, end, limit, kinds) for begin, end in shares if begin < end]
    while crews and time.monotonic() < until:
        if time.monotonic() - told > TOLD_EVERY:
            told = time.monotonic()
            print(f"{sum(seen.counts.values()):,} cases, {len(seen.failures)} bad", file=sys.stderr)
            print(*seen.failures[:SHOWN], sep="\n", file=sys.stderr)
        ready = multiprocessing.connection.wait([crew["link"] for crew in crews], timeout=1.0)
        for crew in list(crews):
            if crew["link"] in ready:
                is_over = listen(crew, seen)
            else:  # nothing for long: code outside Python that no alarm stops
                is_over = time.monotonic() - crew["heard"] > 20 * limit + 60
                if is_over:
                    crew["process"].kill()
            if is_over:
                crews.remove(crew)
                crews += again(crew, seen, seed, limit, kinds)
    for crew in crews:
        crew["process"].terminate()
    return seen


def start(
    seed: int, begin: int, end: int, limit: float, kinds: list[str], *, single: int = 0
) -> dict[str, object]:
    """A worker on its way."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(
        target=work, args=(there, seed, begin, end, limit, single, kinds), daemon=False
    )
    process.start()
    there.close()
    return {"process": process, "link": here, "next": begin, "end": end, "heard": time.monotonic()}


def listen(crew: dict, seen: Seen) -> bool:
    """Take what a worker says; whether it has ended."""
    try:
        said = crew["link"].recv()
    except (EOFError, ConnectionError):
        return True
    crew["heard"] = time.monotonic()
    if isinstance(said, list):
        for number, kind, outcome, detail, seconds in said:
            seen.add(kind, outcome, number, detail)
            seen.slowest = max(seen.slowest, seconds)
            crew["next"] = number + 1
    elif said is None:
        crew["next"] = crew["end"]
    return said is None


def again(crew: dict, seen: Seen, seed: int, limit: float, kinds: list[str]) -> list[dict]:
    """The worker that goes on where one ended too early.

    Its batch held the case that ended it: the next one tells of each, so that it is found.
    """
    crew["process"].join()
    if crew["next"] >= crew["end"]:
        return []
    status = crew["process"].exitcode
    seen.add(
        "?",
        "crash",
        crew["next"],
        f"worker ended with {status} within the next half second of cases",
    )
    begin = min(crew["next"] + 1, crew["end"])
    return [start(seed, begin, crew["end"], limit, kinds, single=SINGLE)]


def main() -> None:
    """Run, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--limit", type=float, default=10.0, metavar="SECONDS", help="CPU time of a case"
    )
    parser.add_argument("--total", type=float, default=1e9, metavar="SECONDS", help="of all cases")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kind", action="append", help="cases of this kind alone; several times")
    parser.add_argument("--only", type=int, metavar="CASE", help="one case, with its traceback")
    words = parser.parse_args()
    if words.only is not None:
        with tempfile.TemporaryDirectory() as name:
            print(Fuzz(Path(name), words.seed).case(words.only))
        return
    since = time.monotonic()
    seen = run(
        words.count,
        words.seed,
        words.limit,
        workers=words.workers,
        total_s=words.total,
        kinds=words.kind or [],
    )
    facts = seen.to_facts() | {"seed": words.seed, "seconds": round(time.monotonic() - since, 1)}
    for failure in facts["first"]:
        print(failure)
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
