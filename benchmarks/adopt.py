"""Does `adopt` find the layout of files that nobody described, and how fast?

``python benchmarks/adopt.py [--folders 40] [--seed 284] [--json]``

Each folder has the files of a random layer (rows != cols, ic != oc, non-square planes, kernels, strides,
paddings, widths) in a random layout: any order and direction of the axes, one or many files, tiles, two
channels in a PE, output-stationary windows, hexadecimal or decimal lanes, headers, sub-folders; the manifest
is removed. Found means: every number of the folder is right in the layout that `adopt` gives, and so is every
number of another layer of random numbers that is written in the true layout, which only the layout itself
and its harmless symmetries pass. Then one bit of a psum is flipped: no layout may pass any more, and the
file of the flipped bit must be named. Seconds are of computing, on one core.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tilewright.adopt import adopt, layout_toml
from tilewright.adopt.probe import write_probe
from tilewright.bundles import Geometry, check_foreign
from tilewright.vectors import Layout, load_layout

STYLES = (
    "taps in files",
    "all in one",
    "two channels",
    "output stationary",
    "tap psums",
    "any order",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A layer and a layout, drawn at random."""

    geometry: str
    layout: Layout
    style: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a folder. named: whether the flipped bit's file was named, and nothing passed."""

    style: str
    geometry: str
    found: bool
    seconds: float
    named: bool
    message: str = ""


def draw(seed: int) -> Case:
    """A layer and a layout, the same for the same seed."""
    rng = random.Random(seed)
    style = STYLES[seed % len(STYLES)]
    geometry = _geometry(rng, style)
    facts: dict[str, Any] = {"name": f"drawn-{seed}", "description": style}
    facts |= _tables(rng, style)
    for table in facts.values():
        if isinstance(table, dict):
            _dress(rng, table)
    return Case(geometry, Layout.from_facts(facts), style)


def _geometry(rng: random.Random, style: str) -> str:
    kernel = rng.choice(["3", "3", "3", "1", "2", "1x3", "5"])
    padding = {"3": rng.choice(["1", "1", "0"]), "5": "2", "1x3": "0x1"}.get(kernel, "0")
    stride = rng.choice(["1", "1", "1", "2"]) if style != "output stationary" else "1"
    height, width = rng.choice([(4, 4), (4, 4), (6, 6), (5, 7), (4, 6), (8, 8)])
    rows, cols = rng.choice([(8, 8), (4, 8), (8, 4), (16, 8), (4, 6)])
    ic = rows * rng.choice([1, 1, 2]) - rng.choice([0, 0, 0, 1])
    oc = cols * rng.choice([1, 1, 2, 3]) - rng.choice([0, 0, 0, 1])
    ic *= 2 if style == "two channels" else 1
    bits = rng.choice(["4/4/16", "2/4/16", "4/4/20", "8/8/24", "8/4/32"])
    return (
        f"ic={ic},oc={oc},size={height}x{width},kernel={kernel},stride={stride},padding={padding},"
        f"bits={bits},rows={rows},cols={cols}"
    )


def _tables(rng: random.Random, style: str) -> dict[str, Any]:
    def sign(*axes: str) -> str:
        return " ".join(rng.choice(["", "-"]) + axis for axis in axes)

    plane = rng.choice(["padded", "unpadded"])
    psum = {"file": "results/psum.txt", "lines": "otile onij", "word": sign("col"), "bits": "psum"}
    output = psum | {"file": "out.txt", "function": rng.choice(["relu", "relu", "leaky"])}
    if output["function"] == "leaky":
        output["shift"] = rng.choice([1, 3])
    weight = {
        "file": "weight_itile{itile}_otile{otile}_kij{kij}.txt",
        "lines": sign("col"),
        "word": sign("row"),
        "bits": "weight",
    }
    act = {"file": "activation_tile{itile}.txt", "lines": "nij", "word": sign("row"), "bits": "act"}
    act["plane"] = plane
    if style == "all in one":
        act |= {"file": "x.txt", "lines": "itile nij"}
        weight |= {
            "file": "w.txt",
            "lines": rng.choice(["otile itile kij col", "kij otile itile col"]),
        }
    elif style == "two channels":
        act |= {"split": ["itile row = itile row pair:2"], "word": sign("row", "pair")}
        lines = rng.choice(["col pair", "col -pair", "pair col"])
        weight |= {"split": ["itile row = itile row pair:2"], "lines": lines}
    elif style == "output stationary":
        act = {"file": "activation.txt", "bits": "act", "plane": "windows", "word": sign("row")}
        act |= {"split": ["itile row = ic", "onij = opass row"], "lines": "opass ic kij"}
        weight |= {"file": "weight.txt", "split": ["itile row = ic"], "lines": "otile ic kij"}
        weight["word"] = sign("col")
    elif style == "tap psums":
        tap = psum | {"file": "taps/psum_{kij}.txt", "lines": "otile onij"}
        return {"activation": act, "weight": weight, "tap_psum": tap, "output": output}
    elif style == "any order":
        weight |= {
            "lines": sign("row"),
            "word": sign("col"),
            "file": "Tile{otile}/w{kij+1}_{itile}.txt",
        }
        act |= {"file": "input.txt", "lines": "nij", "word": sign("itile", "row")}
        psum |= {"lines": "onij", "word": sign("otile", "col")}
        output |= {"lines": "onij", "word": sign("otile", "col")}
    kinds = {"activation": act, "weight": weight, "psum": psum, "output": output}
    left_out = rng.choice(["", "", "psum", "output"])
    return {kind: table for kind, table in kinds.items() if kind != left_out}


def _dress(rng: random.Random, table: dict[str, Any]) -> None:
    """Digits, line ends and what stands before the words."""
    digits = rng.choice(["binary", "binary", "hex", "decimal"])
    table["radix"] = digits
    if digits == "decimal":
        table["separator"] = rng.choice([",", " "])
    table["line_end"] = rng.choice(["LF", "LF", "CRLF"])
    table["header"] = rng.choice(
        [[], ["#h#"], ["# {lines} words of {lanes} lanes", "#..#", "#..#"]]
    )


def play(case: Case, folder: Path, seed: int) -> Outcome:
    """Write, adopt, try the layout on other numbers, then flip a bit and adopt again."""
    place, other = folder / "files", folder / "other"
    geometry = Geometry.parse(case.geometry)
    write_probe(case.layout, geometry, place, seed=seed)
    write_probe(case.layout, geometry, other, seed=seed + 1_000_000)
    for bundle in (place, other):
        (bundle / "manifest.json").unlink()
    start = time.process_time()
    found = adopt(place)
    seconds = time.process_time() - start
    is_found, message = found.passed, "" if found.passed else "not found"
    if is_found:
        layer = found.layers[0]
        path = folder / "adopted.toml"
        path.write_text(layout_toml(layer.layout, layer.geometry))
        verdict = check_foreign(other, load_layout(path), Geometry.parse(layer.geometry))
        is_found = verdict.passed
        message = (
            "" if is_found else f"another layer: {[*verdict.faults, *map(str, verdict.kinds)][:1]}"
        )
    named = flip(case, place, random.Random(seed))
    wrong = adopt(place)
    firsts = [
        str(kind.first) for layer in wrong.layers for kind in layer.verdict.kinds if kind.first
    ]
    is_named = not wrong.passed and any(first.startswith(named) for first in firsts)
    return Outcome(case.style, case.geometry, is_found, round(seconds, 2), is_named, message)


def flip(case: Case, folder: Path, rng: random.Random) -> str:
    """Change one psum or output by one; returns the file's name."""
    kind = next(form for form in case.layout.kinds if form.tensor in ("psum", "tap_psum", "output"))
    names = sorted(folder.glob(_pattern(kind.file)))
    path = rng.choice(names)
    lines = path.read_bytes().split(b"\n")
    rows = [at for at, line in enumerate(lines) if line.strip() and at >= kind.header_count]
    at = rng.choice(rows)
    line = lines[at].rstrip(b"\r")
    last = int(line[-1:], 16)
    last = 8 if kind.radix == "decimal" and last == 9 else last ^ 1
    lines[at] = lines[at].replace(line, line[:-1] + f"{last:x}".encode())
    path.write_bytes(b"\n".join(lines))
    return path.relative_to(folder).as_posix()


def _pattern(template: str) -> str:
    while "{" in template:
        before, _, rest = template.partition("{")
        template = before + "*" + rest.partition("}")[2]
    return template


def run(seeds: Sequence[int]) -> list[Outcome]:
    """Play the cases of these seeds."""
    outcomes = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as scratch:
            outcomes.append(play(draw(seed), Path(scratch), seed))
    return outcomes


def main() -> None:
    """Print the table, or the facts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folders", type=int, default=40)
    parser.add_argument("--seed", type=int, default=284)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    outcomes = []
    for number in range(options.folders):
        (outcome,) = run([options.seed + number])
        outcomes.append(outcome)
        if not options.json:
            print(options.seed + number, *asdict(outcome).values(), flush=True)
    found, named = sum(o.found for o in outcomes), sum(o.named for o in outcomes)
    slowest = max(o.seconds for o in outcomes)
    facts = {"folders": len(outcomes), "found": found, "named": named, "slowest_s": slowest}
    print(json.dumps(facts | ({"outcomes": [asdict(o) for o in outcomes]} if options.json else {})))


if __name__ == "__main__":
    main()
