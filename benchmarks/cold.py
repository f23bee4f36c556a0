"""What a command costs that has nothing to do yet: processor seconds and memory from a cold start.

``python benchmarks/cold.py [--before PYTHON] [--rounds 3] [--json]``

``plan vgg16``, ``lint`` and ``decode`` of the files of one small layer, and ``explain`` of a dump of it in
which nothing is wrong: each in a process of its own, in turn with an earlier version (``--before``: an
interpreter in which it is installed), which has no ``explain``. The lowest of the rounds counts;
``vs_before`` is our seconds over its.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

STEM = Path("models/vgg16-choke8-w4a4")

WRITE = """
import inspect, sys
from pathlib import Path
import numpy as np
from tilewright.spec import ArrayShape, IntegerLayer, PackedNetwork
from tilewright.tile import TilePlan
from tilewright.vectors import load_layout, write_bundle
from tilewright.verify import reference_psums
network = PackedNetwork.load(Path(sys.argv[1])).network
layers = (node for node in network.nodes if isinstance(node, IntegerLayer))
layer = next(layer for layer in layers if layer.shape.ic == layer.shape.oc == 8)
codes = np.random.default_rng(0).integers(0, 16, (1, layer.shape.ic, layer.shape.ih, layer.shape.iw))
psums = reference_psums(codes, layer)[0]
more = {"outputs": np.maximum(psums, 0)} if "outputs" in inspect.signature(write_bundle).parameters else {}
write_bundle(Path(sys.argv[2]), layer=layer, plan=TilePlan(layer.shape, ArrayShape(8, 8, psum_bits=20)),
    layout=load_layout("ece284-ws"), codes=codes[0], psums=psums, sample=0, **more)
"""
"""The choke layer as files, by this version or an earlier one."""

MEASURE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = used.ru_utime + used.ru_stime
print(json.dumps([done.returncode, seconds, used.ru_maxrss // 1024, done.stderr[-300:]]))
"""


def measure(python: str, words: list[str], expected: int) -> tuple[float, int]:
    """Processor seconds, and MB at most, of ``tilewright WORDS`` in `python`, which ends with `expected`."""
    command = [sys.executable, "-c", MEASURE, python, "-m", "tilewright", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment(python))
    status, seconds, megabytes, said = json.loads(done.stdout)
    assert status == expected, f"{' '.join(words)} ended with {status}: {said}"
    return seconds, megabytes


def environment(python: str) -> dict[str, str]:
    """An earlier version has its own path; byte code is kept, as after any installation."""
    without = {"PYTHONDONTWRITEBYTECODE"} | ({"PYTHONPATH"} if python != sys.executable else set())
    return {key: value for key, value in os.environ.items() if key not in without}


def prepare(python: str, folder: Path) -> dict[str, tuple[list[str], int]]:
    """The files of a layer as `python` writes them; words and exit status of each command."""
    files = folder / "files"
    command = [python, "-c", WRITE, str(STEM.absolute()), str(files)]
    subprocess.run(command, check=True, env=environment(python))
    commands = {
        "plan": (["plan", "vgg16"], 0),
        "lint": (["lint", str(files), "--layout", "ece284-ws"], 0),
        "decode": (["decode", str(files)], 0),
    }
    if python == sys.executable:
        (psums,) = files.glob("psum*.txt")
        commands["explain"] = (["explain", str(files), str(psums), "--kind", "psum"], 0)
    return commands


def main() -> None:
    """Measure, print a line a command, and one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", metavar="PYTHON", help="interpreter of an earlier version")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    arguments = parser.parse_args()
    versions = {"now": sys.executable} | ({"before": arguments.before} if arguments.before else {})
    found: dict[str, dict[str, tuple[float, int]]] = {name: {} for name in versions}
    with tempfile.TemporaryDirectory() as scratch:
        for name in versions:
            (Path(scratch) / name).mkdir()
        commands = {
            name: prepare(python, Path(scratch) / name) for name, python in versions.items()
        }
        for _ in range(arguments.rounds):
            for what in commands["now"]:
                for name, python in versions.items():
                    if what in commands[name]:
                        spent = measure(python, *commands[name][what])
                        found[name][what] = min(found[name].get(what, spent), spent)
    old = found.get("before", {})
    facts = {
        name: {what: {"cpu_s": one[0], "mb": one[1]} for what, one in parts.items()}
        for name, parts in found.items()
    }
    facts["vs_before"] = {what: found["now"][what][0] / one[0] for what, one in old.items()}
    if not arguments.json:
        for what, (seconds, megabytes) in found["now"].items():
            beside = f"  {facts['vs_before'][what]:.2f}x" if what in old else ""
            print(f"{what:8} {seconds:6.2f} s {megabytes:5} MB{beside}")
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
