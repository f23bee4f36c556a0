"""Kill a run at random moments, give the same command again, and compare with a run that was left alone.

    python benchmarks/kill.py --kills 200 --seed 1

Each try forks this process, which has run the command once and so has loaded everything: a kill falls into
the work, not into the start. SIGKILL cannot be handled, so nothing is put in order before the end. Then the
same command runs to its end in the same folder. Every file must be the same, byte for byte; in JSON, how long
something took and the hashes that follow from it are left out, and so is the page for people, which shows
both.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from tilewright.cli import main as tilewright

SMALL = (
    "train.epochs=1",
    "train.warmup_epochs=0",
    "recover.samples=2",
    'vectors.layers=["features.15"]',
    "vectors.corners=false",
    "cosim.simulator=icarus",
)
TIMES = {"seconds", "wall_seconds", "images_per_second"}
FOLLOWING = {"fingerprint", "outputs", "sha256"}
"""Hashes of files that hold times; what they are the hashes of is compared itself."""


def command(folder: Path) -> list[str]:
    """The command that is killed, and given again."""
    options = [word for value in SMALL for word in ("--set", value)]
    return ["tilewright", "run", "--out", str(folder), *options]


def start(folder: Path) -> int:
    """Run the command in a copy of this process, silently; returns its number."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    os._exit(run(folder))


def run(folder: Path) -> int:
    """Run the command in this process, silently; returns its exit status."""
    sys.argv = command(folder)
    with Path(os.devnull).open("w") as null, redirect_stdout(null), redirect_stderr(null):
        try:
            tilewright()
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 3
    return 3


def finish(folder: Path) -> int:
    """Run the command to its end; returns its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(start(folder), 0)[1])


def kill_after(folder: Path, seconds: float) -> str:
    """Run the command for `seconds`, kill it; returns the last stage that had left anything."""
    child = start(folder)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    stages = sorted(path.name for path in folder.glob("0*"))
    return stages[-1] if stages else "nothing"


def contents(folder: Path) -> dict[str, Any]:
    """Every file of a run but the page for people, by name."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink()]
    return {str(p.relative_to(folder)): content(p) for p in paths if p.name != "report.html"}


def content(path: Path) -> Any:
    """What must be the same in a file: all of it, but for times."""
    if path.suffix == ".json" and path.name != "manifest.json":
        return timeless(json.loads(path.read_bytes()))
    if path.suffix == ".jsonl":
        return [timeless(json.loads(line)) for line in path.read_text().splitlines()]
    if path.suffix == ".xml":
        return re.sub(r'time="[0-9.]+"', "", path.read_text())
    return path.read_bytes()


def timeless(value: Any) -> Any:
    """JSON without times and the hashes that follow from them."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in TIMES | FOLLOWING}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Names of files that are absent, too many or other than they should be."""
    return sorted(name for name in found.keys() | wanted if found.get(name) != wanted.get(name))


def main() -> int:
    """Kill and compare; exit status 1 if a run came out otherwise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds for all of it")
    options = parser.parse_args()
    begun, rng = time.monotonic(), random.Random(options.seed)
    reached: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="tilewright-kill-") as name:
        place = Path(name)
        if run(place / "warm") != 0:
            raise SystemExit("the run that is left alone must pass: try the command by hand")
        since = time.monotonic()
        finish(place / "alone")
        length, wanted = time.monotonic() - since, contents(place / "alone")
        for number in range(options.kills):
            if time.monotonic() - begun > options.limit:
                break
            folder, moment = place / f"run{number}", rng.uniform(0, length)
            reached[kill_after(folder, moment)] += 1
            status = finish(folder)
            differ = differences(contents(folder), wanted)
            wrong += bool(status or differ)
            what = (
                f"exit status {status}, differs: {differ[:5]}" if status or differ else "the same"
            )
            print(f"{number}: killed after {moment:.3f} s: {what}", flush=True)
            shutil.rmtree(folder)
    total = reached.total()
    print(f"{total - wrong} of {total} runs killed within {length:.1f} s have the same bytes")
    print("killed in: " + ", ".join(f"{stage} {count}" for stage, count in sorted(reached.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
