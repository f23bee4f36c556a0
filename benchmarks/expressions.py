"""Random modules of expressions: what the prover says of each bit, against Icarus.

    python benchmarks/expressions.py [--seed 0] [--count 40] [--points 20]

Signed and unsigned, sliced, joined, shifted, compared and chosen, between registers with and without enable.
An input of four bits is known control, two are data. Every bit in every cycle that is known to the prover
must be what Icarus shows, if that is no x. The exit status is 1 if one is not. An unsigned number to the
power of a signed one below 0 is left out: 4'd15 ** -4'sd1 is 0, and in four bits 15 to Icarus 11.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tilewright.cores.simulator import PROGRAM, Build, Icarus
from tilewright.errors import TilewrightError
from tilewright.prove.algebra import Algebra
from tilewright.prove.elaborate import elaborate_many, parse
from tilewright.prove.machine import Machine
from tilewright.prove.netlist_reader import read_netlist
from tilewright.prove.words import Unknown, Value, Words

CYCLES = 6
WORDS = 10
"""Of each module."""
Tally = Counter[str]
_CONTROL = ("c", "c[0]", "c[2:1]", "c[3]", "sc")


@dataclass(slots=True)
class Module:
    """A module that is written at random. widths: of its words, the lowest bits of output y first."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)

    def leaf(self) -> str:
        """A number, an input, a word, or a slice of one."""
        rng = self.rng
        if rng.random() < 0.15:
            width = rng.randint(1, 5)
            return f"{width}'{rng.choice(['', 's'])}d{rng.getrandbits(width)}"
        names = [(name, 4) for name in ("a", "b", "c", "sa", "sb", "sc")]
        names += [(f"w{n}", width) for n, width in enumerate(self.widths)]
        name, width = rng.choice(names)
        if rng.random() < 0.7:
            return name
        low = rng.randrange(width)
        return f"{name}[{rng.randrange(low, width)}:{low}]"

    def expression(self, depth: int) -> str:
        """Of so many operators inside one another."""
        rng = self.rng
        if depth == 0:
            return self.leaf()
        one, two, three = (self.expression(depth - 1) for _ in range(3))
        control = rng.choice(_CONTROL)
        return rng.choice(
            [
                f"({one} {rng.choice(['+', '-'])} {two})",
                f"({one} {rng.choice(['&', '|', '^', '~^'])} {two})",
                f"({self.leaf()} * {self.leaf()})",
                f"({rng.choice(['-', '~', '+', '!', '&', '|', '^', '~^'])} ({one}))",
                f"({one} {rng.choice(['<<', '>>', '<<<', '>>>'])} {rng.choice([control, 'a[1:0]', '2'])})",
                f"({one} {rng.choice(['<', '<=', '>', '>=', '==', '!='])} {two})",
                f"({rng.choice([control, three])} ? {one} : {two})",
                f"({one} {rng.choice(['&&', '||'])} {two})",
                f"{{{one}, {two}}}",
                f"$signed({one})",
                f"$unsigned({one})",
                f"{{{rng.randint(1, 3)}{{{self.leaf()}}}}}",
                f"({rng.choice(['c', 'sc'])} {rng.choice(['/', '%'])} {rng.choice(['sc', 'c[1:0]'])})",
                f"(sc ** {rng.choice(['sc', 'c[1:0]'])})",
            ]
        )

    def word(self) -> None:
        """Add a word: a wire, a register, or one of four cases."""
        rng, name = self.rng, f"w{len(self.widths)}"
        width, kind = rng.randint(1, 9), rng.random()
        range_ = f"{rng.choice(['signed ', ''])}[{width - 1}:0] {name}"
        if kind < 0.75:
            self.lines.append(f"wire {range_} = {self.expression(rng.randint(1, 3))};")
        elif kind < 0.9:
            enable = f"if ({rng.choice(_CONTROL)}) " if rng.random() < 0.5 else ""
            self.lines.append(
                f"reg {range_}; always @(posedge clk) if (!rst_n) {name} <= {rng.getrandbits(width)};"
                f" else {enable}{name} <= {self.expression(2)};"
            )
        else:
            select = rng.choice(["c[1:0]", "a[1:0]", "{a[0], c[0]}"])
            cases = " ".join(f"2'd{n}: {name} = {self.expression(1)};" for n in range(3))
            self.lines.append(
                f"reg {range_}; always @* case ({select}) {cases} "
                f"default: {name} = {self.expression(1)}; endcase"
            )
        self.widths.append(width)


def written(seed: int) -> tuple[str, int]:
    """A module t of this seed, and how wide its output is."""
    module = Module(random.Random(seed))
    for _ in range(WORDS):
        module.word()
    names = ", ".join(f"w{n}" for n in reversed(range(WORDS)))
    width = sum(module.widths) + 1
    head = f"input clk, rst_n, input [3:0] a, b, c, output [{width - 1}:0] y"
    inputs = "\n".join(f"wire signed [3:0] s{name} = {name};" for name in "abc")
    text = "\n".join([inputs, *module.lines, f"reg seen; assign y = {{seen, {names}}};"])
    return f"module t({head});\n{text}\nalways @(posedge clk) seen <= a[0];\nendmodule\n", width


def control(seed: int) -> list[Mapping[str, int]]:
    """Reset and control of each cycle."""
    rng = random.Random(seed)
    return [{"rst_n": int(cycle > 0), "c": rng.randrange(16)} for cycle in range(CYCLES)]


def points(seed: int, count: int) -> list[list[dict[str, int]]]:
    """Data of each cycle, so many times."""
    rng = random.Random(seed)
    numbers = [0, 15, 8, 7, *range(16)]
    return [[{n: rng.choice(numbers) for n in "ab"} for _ in range(CYCLES)] for _ in range(count)]


def said(text: str, seed: int) -> tuple[Words, list[Value]]:
    """What the prover says of y in each cycle; raises `FormatError` for what no proof can be about."""
    words = Words(Algebra())
    machine = Machine(read_netlist(parse(text)), words)
    seen = []
    for cycle, known in enumerate(control(seed)):
        data = {n: words.of(words.algebra.variable(f"{n}{cycle}", 0, 15), 4) for n in "ab"}
        machine.settle({**known, **data})
        seen.append(machine.read("y"))
        machine.tick()
    return words, seen


def shown(text: str, width: int, seed: int, count: int) -> list[list[str]]:
    """What Icarus shows of y for each point, cycle by cycle, in binary; raises `ToolError` if it cannot."""
    bench = ["module bench; reg clk = 0, rst_n = 0; reg [3:0] a, b, c;", f"wire [{width - 1}:0] y;"]
    bench += ["t dut(clk, rst_n, a, b, c, y);", "initial begin"]
    for point in points(seed, count):
        for known, data in zip(control(seed), point, strict=True):
            values = " ".join(f"{name} = {value};" for name, value in (known | data).items())
            bench.append(f'{values} #5 $display("=%b", y); clk = 1; #5 clk = 0;')
    bench.append("$finish; end endmodule")
    icarus = Icarus.find()
    with tempfile.TemporaryDirectory(prefix="tilewright-expressions-") as name:
        folder = Path(name)
        (folder / "t.sv").write_text(text)
        (folder / "bench.sv").write_text("\n".join(bench))
        icarus.build(Build(("t.sv", "bench.sv"), "bench", folder))
        _, output = icarus.run(folder / PROGRAM, plusargs={}, folder=folder, timeout_s=60)
    lines = [line[1:] for line in output.splitlines() if line.startswith("=")]
    return [lines[at : at + CYCLES] for at in range(0, len(lines), CYCLES)]


def contradictions(
    words: Words, seen: list[Value], point: list[dict[str, int]], lines: list[str], tally: Tally
) -> int:
    """Bits that Icarus shows as another than the prover says, for the data of one point."""
    names = {one.name: i for i, one in enumerate(words.algebra.variables) if one.meaning is None}
    inputs = {names[f"{n}{cycle}"]: data[n] for cycle, data in enumerate(point) for n in "ab"}
    wrong, known = 0, dict[int, int]()
    for value, line in zip(seen, lines, strict=True):
        pattern, at = words.evaluate(value, inputs, known), 0
        parts = ((value, 0, len(line)),) if isinstance(value, int) else value.parts
        for source, _, width in parts:
            for bit in range(at, at + width):
                found = line[-1 - bit]
                if isinstance(source, Unknown) or found not in "01":
                    tally["bits unknown to the prover or x"] += 1
                    continue
                tally["bits compared"] += 1
                wrong += int(found) != pattern >> bit & 1
            at += width
    return wrong


def compare(seeds: range, count: int) -> Tally:
    """Counts over the modules of these seeds, each at so many points."""
    modules = [written(seed) for seed in seeds]
    texts = elaborate_many([{"t.sv": text} for text, _ in modules], top="t", parameters={})
    tally: Tally = Counter(modules=len(modules))
    for seed, (text, width), netlist in zip(seeds, modules, texts, strict=True):
        try:
            words, seen = said(netlist or "", seed)
            runs = shown(text, width, seed, count)
        except TilewrightError:
            tally["modules that yosys or Icarus does not take"] += 1
            continue
        wrong = sum(
            contradictions(words, seen, point, lines, tally)
            for point, lines in zip(points(seed, count), runs, strict=True)
        )
        if wrong:
            print(f"CONTRADICTION: {wrong} bits of the module of seed {seed}")
        tally["bits contradicted"] += wrong
    return tally


def main() -> int:
    """Compare what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--points", type=int, default=20)
    options = parser.parse_args()
    tally = compare(range(options.seed, options.seed + options.count), options.points)
    print(", ".join(f"{count:,} {what}" for what, count in tally.items()))
    return int(tally["bits contradicted"] > 0)


if __name__ == "__main__":
    sys.exit(main())
