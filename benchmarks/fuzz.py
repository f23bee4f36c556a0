"""What does damaged data from outside do? No traceback, hang, flood of memory or wrong tensor in any case.

Each case damages one file (vector files, manifests, layouts, TOML, networks and their tensors, packed
networks, ONNX, TFLite, checkpoints, records of the testbench, testbenches) and gives it to its parser, in a
process with limits of CPU time and memory; one that is silent for long is ended. See
`tests/outside_fuzz.py` for the kinds, and what is read rightly. Shares of the cases are jobs, done here or by
the workers of a Dask cluster with the same bytes.

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
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.outside_fuzz import Fuzz

from tilewright.programs.jobs import Job, run_jobs
from tilewright.programs.python_job import RESULT, python_job

ROOT = Path(__file__).resolve().parents[1]
MEMORY = 2 << 30
SHOWN = 10
SINGLE = 1000
SHARE = 10_000
"""Cases of a job: minutes, beside some seconds to begin."""
BAD = ("traceback", "hang", "over memory", "wrong tensor", "crash")


@dataclass(frozen=True)
class Question:
    """Which cases: begin..end-1 of a seed, of some kinds or (none) all; CPU seconds of each."""

    seed: int
    begin: int
    end: int
    limit: float
    kinds: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """The arguments of this program that ask it."""
        words = ["--seed", str(self.seed), "--limit", str(self.limit)]
        words += [word for kind in self.kinds for word in ("--kind", kind)]
        return [*words, "--share", str(self.begin), str(self.end)]


@dataclass
class Seen:
    """What became of the cases: counts by kind and outcome, and the first failures."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, kind: str, outcome: str, number: int, detail: str = "") -> None:
        """Count one."""
        self.counts[kind, outcome] += 1
        if outcome in BAD:
            self.failures.append(f"case {number} ({kind}): {outcome}: {detail}")

    def to_bytes(self) -> bytes:
        """All of it, in order: the same bytes for the same cases."""
        counts = [[*key, count] for key, count in sorted(self.counts.items())]
        return json.dumps({"counts": counts, "failures": self.failures}).encode()

    def take(self, content: bytes) -> None:
        """Add what `to_bytes` gave of other cases."""
        facts = json.loads(content)
        for kind, outcome, count in facts["counts"]:
            self.counts[kind, outcome] += count
        self.failures += facts["failures"]

    def to_facts(self) -> dict[str, object]:
        """For the last line."""
        outcomes: Counter[str] = Counter()
        kinds: dict[str, dict[str, int]] = {}
        for (kind, outcome), count in sorted(self.counts.items()):
            outcomes[outcome] += count
            kinds.setdefault(kind, {})[outcome] = count
        return {
            "cases": sum(outcomes.values()),
            **{name: outcomes[name] for name in ("refused", "read", "equal", "correct", *BAD)},
            "kinds": kinds,
            "first": self.failures[:SHOWN],
        }


def work(link: Connection, asked: Question, single: int) -> None:
    """Run the cases and tell of them: of the first `single` ones each, before and after."""
    with tempfile.TemporaryDirectory(prefix="tilewright-fuzz-") as name:
        fuzz = Fuzz(Path(name), asked.seed)
        link.send([])
        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
        os.fsync = lambda _: None  # no case needs to outlive the computer
        told = time.monotonic()
        batch: list[tuple[int, str, str, str]] = []
        for number in range(asked.begin, asked.end):
            if asked.kinds and fuzz.kind_of(number) not in asked.kinds:
                continue
            if number < asked.begin + single:
                link.send((number, fuzz.kind_of(number)))
            signal.setitimer(signal.ITIMER_PROF, asked.limit)
            kind, outcome, detail = attempt(fuzz, number)
            signal.setitimer(signal.ITIMER_PROF, 0)
            detail = detail.replace(name, "FOLDER").replace(str(ROOT), ".")
            batch.append((number, kind, outcome, detail))
            if time.monotonic() - told > 0.5 or number < asked.begin + single:
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


def share(asked: Question) -> Seen:
    """The cases, in a process with limits; where it dies or hangs, that costs its case only."""
    seen, single, doubted = Seen(), 0, None
    while asked.begin < asked.end:
        ended = crew(asked, seen, single)
        begin = ended.following
        if ended.case is not None:
            number, kind = ended.case
            seen.add(kind, "crash", number, f"the process ended with {ended.status}")
            begin, doubted = number + 1, None
        elif begin < asked.end:  # the batch held the case that ended it: the next tells of each
            doubted = begin
        asked, single = replace(asked, begin=begin), SINGLE
    if doubted is not None:
        seen.add("?", "crash", doubted, "the process ended here or soon after, but not again")
    return seen


@dataclass(frozen=True)
class Ended:
    """How a process ended: the first case that it did not tell of; the one that it died in, if it said so."""

    following: int
    case: tuple[int, str] | None
    status: int | None


def crew(asked: Question, seen: Seen, single: int) -> Ended:
    """Run cases in a process until it ends."""
    here, there = multiprocessing.Pipe(duplex=False)
    process: BaseProcess = multiprocessing.Process(target=work, args=(there, asked, single))
    process.start()
    there.close()
    following, case = asked.begin, None
    try:
        while here.poll(20 * asked.limit + 60):
            said = here.recv()
            if said is None:
                following = asked.end
                break
            if isinstance(said, tuple):
                case = said
                continue
            for number, kind, outcome, detail in said:
                seen.add(kind, outcome, number, detail)
                following, case = number + 1, None
        else:  # silent for long: code outside Python that no alarm stops
            process.kill()
    except (EOFError, ConnectionError):
        pass
    process.join()
    return Ended(following, case, process.exitcode)


def jobs_of(asked: Question, size: int = SHARE) -> list[Job]:
    """The cases as jobs of `size` each, with all that they need but what is installed."""
    imported = [
        one.__file__ for name, one in sorted(sys.modules.items()) if name.startswith("tests")
    ]
    paths = [Path(file).resolve() for file in (__file__, *imported) if file]
    files = {str(path.relative_to(ROOT)): path.read_bytes() for path in paths}
    ends = [*range(asked.begin, asked.end, size), asked.end]
    shares = [
        Question(asked.seed, begin, end, asked.limit, asked.kinds) for begin, end in pairwise(ends)
    ]
    program = ("benchmarks/fuzz.py", "--out", RESULT)
    return [
        python_job(
            [*program, *one.words()],
            files,
            timeout_s=600 + (one.end - one.begin) * asked.limit,
        )
        for one in shares
    ]


def run(jobs: Sequence[Job], *, workers: str, processes: int, total_s: float) -> Seen:
    """What all jobs saw, or those that were done in `total_s` seconds."""
    seen, until = Seen(), time.monotonic() + total_s
    for content in run_jobs(jobs, workers=workers, threads=processes):
        seen.take(content)
        told = f"{sum(seen.counts.values()):,} cases, {len(seen.failures)} bad"
        print(told, *seen.failures[:SHOWN], sep="\n", file=sys.stderr)
        if time.monotonic() > until:
            break
    return seen


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--limit", type=float, default=10.0, metavar="SECONDS", help="CPU time of a case"
    )
    parser.add_argument("--total", type=float, default=1e9, metavar="SECONDS", help="of all cases")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="here")
    parser.add_argument("--workers", default="", metavar="URL", help="a Dask scheduler")
    parser.add_argument("--kind", action="append", help="cases of this kind alone; several times")
    parser.add_argument("--only", type=int, metavar="CASE", help="one case, with its traceback")
    parser.add_argument(
        "--share", type=int, nargs=2, metavar="CASE", help="these cases alone, here"
    )
    parser.add_argument("--out", type=Path, help="what a share saw")
    return parser.parse_args()


def main() -> None:
    """Run, and print the counts."""
    words = arguments()
    if words.only is not None:
        with tempfile.TemporaryDirectory() as name:
            print(Fuzz(Path(name), words.seed).case(words.only))
        return
    begin, end = words.share or (0, words.count)
    asked = Question(words.seed, begin, end, words.limit, tuple(words.kind or ()))
    since = time.monotonic()
    if words.share:
        seen = share(asked)
    else:
        jobs = jobs_of(asked)
        seen = run(jobs, workers=words.workers, processes=words.processes, total_s=words.total)
    if words.out:
        words.out.write_bytes(seen.to_bytes())
    facts = seen.to_facts() | {"seed": words.seed, "seconds": round(time.monotonic() - since, 1)}
    for failure in facts["first"]:
        print(failure)
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
