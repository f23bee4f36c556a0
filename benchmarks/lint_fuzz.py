"""Does lint read what Icarus reads, and is its verdict right? Random legal readers and files.

Each case is a small testbench and its file, made here from a random choice of format, loop and fault, by
code that lint does not share. Icarus runs a batch of them in one go. Every line that a bench prints of its
reads must be the one that lint predicts, and where the maker of the case knows whether the files are read
as they are meant, the verdict must say so.

    python benchmarks/lint_fuzz.py --cases 10000 --seed 1
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tilewright.lint.check import judge_machine
from tilewright.verilog.reader import follow
from tilewright.verilog.testbench import read_testbench

BATCH = 200
FORMATS = {"b": "b", "o": "o", "h": "x", "d": "d"}
DIGITS_OF = {"b": 1, "o": 3, "h": 4}
SEPARATORS = (" ", " ", "\t", ",", ", ", ";", ":", " : ")
LABELS = ("", "", "", "v=", "0x", "#", "w: ")
HEADER_WORDS = ("#head", "row[0]", "-----", "#k=zz", "(lanes)")
NOISE = b"0101 01\n\r#a9x01,;:\n-+_zf"
MOST_ROWS, SHOWN = 12, 5


@dataclass
class Case:
    """A bench, its file, and what is known: True for read as meant, False for not, None for unknown."""

    number: int
    bench: str
    content: bytes
    truth: bool | None
    shape: str


@dataclass
class Maker:
    """Makes random cases."""

    chance: random.Random
    number: int = 0

    def make(self) -> Case:
        """One case."""
        self.number += 1
        kind = self.chance.choices(("fscanf", "lines", "memory", "noise"), (5, 3, 3, 2))[0]
        if kind in ("fscanf", "lines"):
            return self._stream(is_by_lines=kind == "lines")
        return self._memory() if kind == "memory" else self._noise()

    # -- values and words

    def _value(self, width: int, base: str, *, is_signed: bool) -> int:
        if base == "d" and is_signed:
            return self.chance.randrange(-(1 << (width - 1)), 1 << (width - 1))
        return self.chance.randrange(1 << width)

    def _word(self, value: int, base: str, width: int, *, is_full: bool) -> str:
        if base == "d":
            return str(value)
        digits = -(-width // DIGITS_OF[base]) if is_full else 0
        text = format(value, FORMATS[base]).rjust(digits, "0")
        return text.upper() if self.chance.random() < 0.2 else text

    # -- readers by $fscanf

    def _stream(self, *, is_by_lines: bool) -> Case:
        chance = self.chance
        base = chance.choice("bohd")
        width, is_signed = chance.randrange(4, 41), chance.random() < 0.4
        columns = chance.choice((1, 1, 1, 2, 3, 4))
        separator = chance.choice(SEPARATORS) if columns > 1 else " "
        label = chance.choice(LABELS)
        is_indexed, is_full = chance.random() < 0.15, chance.random() < 0.5
        has_field = is_full and base != "d" and chance.random() < 0.4
        rows = chance.randrange(3, MOST_ROWS)
        header = chance.choice((0, 0, 1, 2, 3))
        loop = chance.choice(("for", "repeat", "while", "feof", "until", "dowhile"))
        fault = chance.choice(("", "", "", "", "short", "extra", "bad", "wide"))
        values = [
            [self._value(width, base, is_signed=is_signed) for _ in range(columns)]
            for _ in range(rows)
        ]
        lines = []
        for index, row in enumerate(values):
            words = [self._word(v, base, width, is_full=is_full) for v in row]
            prefix = f"{index} " if is_indexed else ""
            lines.append(prefix + label + separator.join(words))
        truth, lines = self._plant(fault, lines, loop, base, width)
        head = [chance.choice(HEADER_WORDS) for _ in range(header)]
        content = "".join(f"{line}\n" for line in [*head, *lines])
        if truth and not is_by_lines and chance.random() < 0.2:
            content = content[:-1]  # no line end at the end
        digits = -(-width // DIGITS_OF[base]) if has_field else ""
        conversion = f"%{digits}{base}"
        form = ("%*d " if is_indexed else "") + label + separator.join([conversion] * columns)
        bench = self._bench(
            form, columns, width, rows, header, loop, is_signed=is_signed, is_by_lines=is_by_lines
        )
        shape = f"{'lines' if is_by_lines else 'fscanf'} {loop} {fault or 'good'}"
        return Case(self.number, bench, content.encode(), truth, shape)

    def _plant(
        self, fault: str, lines: list[str], loop: str, base: str, width: int
    ) -> tuple[bool | None, list[str]]:
        """A fault in the lines, and whether they are still read as they are meant."""
        at = self.chance.randrange(1, len(lines))
        is_counted = loop in ("for", "repeat", "while")
        if fault == "short":
            return not is_counted, lines[:-1]
        if fault == "extra":
            return True, [*lines, lines[0]]
        if fault == "bad":
            bad = [*lines[:at], "?!" + lines[at], *lines[at + 1 :]]
            return False, bad
        if fault == "wide":
            wide = {"b": "1" + "0" * width, "d": str(1 << (width + 1))}
            value = wide.get(base) or format(1 << (width + 4), FORMATS[base])
            head, _, _ = lines[at].rpartition(lines[at].split()[-1])
            is_plain = lines[at].strip().isalnum()
            return (False if is_plain else None), [
                *lines[:at], value if is_plain else head + value, *lines[at + 1 :]
            ]  # fmt: skip
        return True, lines

    def _bench(
        self,
        form: str,
        columns: int,
        width: int,
        rows: int,
        header: int,
        loop: str,
        *,
        is_signed: bool,
        is_by_lines: bool,
    ) -> str:
        chance, n = self.chance, self.number
        names = [f"v{i}" for i in range(columns)]
        sign = "signed " if is_signed else ""
        shown = " ".join(["%h %0d"] * columns)
        values = ", ".join(f"{name}, {name}" for name in names)
        use = f'$display("c{n} %0d {shown}", n, {values});'
        targets = ", ".join(names)
        begins_plain = form.startswith("%")
        is_free = loop in ("for", "repeat", "while") and begins_plain
        tail = chance.choice(("", "\\n")) if is_free else "\\n"
        read = f'n = $fscanf(f, "{form}{tail}", {targets});'
        result = f'$fscanf(f, "{form}{tail}", {targets})'
        if is_by_lines:
            read = f'g = $fgets(line, f); n = $sscanf(line, "{form}", {targets});'
        skip = chance.choice((
            "g = $fgets(line, f);", 'n = $fscanf(f, "%s", line);',
        ))  # fmt: skip
        if is_by_lines or not begins_plain:  # a literal does not skip the line end before it
            skip = "g = $fgets(line, f);"
        body = self._body(read, use, result, loop, columns, rows)
        if is_by_lines and loop in ("feof", "until", "dowhile"):
            body = (
                f'while ($fgets(line, f)) begin n = $sscanf(line, "{form}", {targets}); {use} end'
            )
        return (
            f"module c{n}; integer f, g, n, i; reg {sign}[{width - 1}:0] {targets}; "
            f"reg [8*200-1:0] line;\n"
            f'initial begin f = $fopen("c{n}.txt", "r");\n'
            f"{skip * header}\n{body}\n$fclose(f); end endmodule\n"
        )

    def _body(self, read: str, use: str, result: str, loop: str, columns: int, rows: int) -> str:
        """The loop over the records of a file."""
        checked = f"{read} if (n == {columns}) begin {use} end"
        if loop == "until" and self.chance.random() < 0.5:
            return f"while ({result} == {columns}) begin n = {columns}; {use} end"
        return {
            "for": f"for (i = 0; i < {rows}; i = i + 1) begin {read} {use} end",
            "repeat": f"repeat ({rows}) begin {read} {use} end",
            "while": f"i = 0; while (i < {rows}) begin {read} {use} i = i + 1; end",
            "feof": f"i = 0; while (!$feof(f) && i < 40) begin {checked} i = i + 1; end",
            "until": f"n = {columns}; while (n == {columns}) begin {checked} end",
            "dowhile": f"do begin {checked} end while (n == {columns});",
        }[loop]

    # -- memories

    def _memory(self) -> Case:
        chance, n = self.chance, self.number
        base = chance.choice("bh")
        width, depth = chance.randrange(4, 41), chance.randrange(3, MOST_ROWS)
        is_full, is_down = chance.random() < 0.6, chance.random() < 0.2
        low = chance.choice((0, 0, 0, 2))
        sign = chance.choice(("", "signed "))
        words = [
            self._word(chance.randrange(1 << width), base, width, is_full=is_full)
            for _ in range(depth)
        ]
        fault = chance.choice(("", "", "", "short", "extra", "bad", "wide", "x"))
        truth: bool | None = True
        at = chance.randrange(depth)
        if fault == "short":
            words, truth = words[:-1], False
        elif fault == "extra":
            words = [*words, words[0]]
        elif fault == "bad":
            words[at], truth = "2" + words[at] if base == "b" else "g" + words[at], False
        elif fault == "wide":
            words[at], truth = "1" + "0" * (-(-width // DIGITS_OF[base])), False
        elif fault == "x":
            words[at], truth = "x" + words[at][1:], False
        text = chance.choice(("", "", "", "", "// a comment\n", "/* one\ntwo */\n"))
        if chance.random() < 0.15 and not is_down:
            text += f"@{low:x}\n"
        for column, word in enumerate(words, start=1):
            is_end = column == len(words) or chance.random() < 0.7
            text += word + (
                chance.choice(("\n", " // x\n", "\r\n")) if is_end else chance.choice(" \t")
            )
        ends = (low, low + depth - 1)
        call = chance.choice(("m", f"m, {ends[0]}", f"m, {ends[0]}, {ends[1]}"))
        if is_down:
            call = f"m, {ends[1]}, {ends[0]}"
        bench = (
            f"module c{n}; integer i; reg {sign}[{width - 1}:0] m [{ends[0]}:{ends[1]}];\n"
            f'initial begin $readmem{base}("c{n}.txt", {call});\n'
            f"for (i = {ends[0]}; i <= {ends[1]}; i = i + 1) "
            f'$display("c{n} %0d %h %0d", i, m[i], m[i]);\nend endmodule\n'
        )
        return Case(n, bench, text.encode(), truth, f"memory {fault or 'good'}")

    # -- any bytes, any formats: only the values are compared

    def _noise(self) -> Case:
        chance, n = self.chance, self.number
        content = bytes(chance.choices(NOISE, k=chance.randrange(1, 60)))
        pieces = ("%8b", "%b", "%4b", "%h", "%3h", "%d", "%o", "%*s", "%*d", "%*h", "%2d", "%x")
        reads = []
        for _ in range(chance.randrange(1, 7)):
            if chance.random() < 0.2:
                reads.append(f'n = $fgets(g, f); $display("c{n} %0d %h", n, g);')
                continue
            if chance.random() < 0.1:
                back = chance.choice(("n = $ungetc(i, f);", ""))
                reads.append(
                    f'i = $fgetc(f); {back} $display("c{n} %0d %0d %0d", i, n, $feof(f) != 0);'
                )
                continue
            parts = [chance.choice(pieces) for _ in range(chance.choice((1, 1, 2, 3)))]
            form = chance.choice(("", " ", ",", "\\n", ":")).join(parts) + chance.choice(
                ("", "\\n")
            )
            if all("*" in part for part in parts):  # Icarus wants a variable
                parts.append("%h")
            count = sum("*" not in part for part in parts)
            targets = "".join(f", {name}" for name in ("v", "w", "u", "g")[:count])
            reads.append(
                f'n = $fscanf(f, "{form}"{targets}); $display("c{n} %0d %h %h %h", n, v, w, u);'
            )
        bench = (
            f"module c{n}; integer f, i, n = 0; reg [23:0] v = 1; reg signed [7:0] w = 2; reg [40:0] u = 3; "
            f'reg [31:0] g = 4;\ninitial begin f = $fopen("c{n}.txt", "r");\n'
            + "\n".join(reads)
            + "\nend endmodule\n"
        )
        return Case(n, bench, content, None, "noise")


def run_icarus(folder: Path, cases: list[Case]) -> dict[int, list[str]]:
    """What each bench prints, by the number of the case; those that Icarus dies of are left out."""
    (folder / "all.v").write_text("".join(case.bench for case in cases))
    for case in cases:
        (folder / f"c{case.number}.txt").write_bytes(case.content)
    subprocess.run(["iverilog", "-g2012", "-o", "all.vvp", "all.v"], cwd=folder, check=True)
    done = subprocess.run(["vvp", "-n", "all.vvp"], cwd=folder, capture_output=True, timeout=300)
    if done.returncode:
        half = len(cases) // 2
        parts = (cases[:half], cases[half:]) if half else ()
        return {n: lines for part in parts for n, lines in run_icarus(folder, part).items()}
    seen: dict[int, list[str]] = {case.number: [] for case in cases}
    for line in done.stdout.decode("latin-1").splitlines():
        name, _, _ = line.partition(" ")
        if name[:1] == "c" and name[1:].isdigit():
            seen[int(name[1:])].append(line)
    return seen


def compare(folder: Path, case: Case, printed: list[str]) -> str:
    """What lint and Icarus, or the maker of the case, do not agree on; '' if nothing."""
    path = folder / f"c{case.number}.v"
    path.write_text(case.bench)
    bench = read_testbench(path)
    machine = follow(bench, folder)
    if None in machine.printed or machine.notes:
        return f"not followed: {list(machine.notes)}"
    mine = [(text or b"").decode("latin-1").rstrip("\n") for text in machine.printed]
    mine, printed = [line.lower() for line in mine], [line.lower() for line in printed]  # x and X
    if mine != printed:
        pairs = zip([*mine, None], [*printed, None], strict=False)
        first = next((pair for pair in pairs if pair[0] != pair[1]), None)
        return f"values: lint and Icarus print {first}"
    findings = judge_machine(machine, bench)
    errors = [finding for finding in findings if finding.severity != "warning"]
    if case.truth is not None and case.truth == bool(errors):
        return f"verdict: should {'pass' if case.truth else 'fail'}, findings {list(map(str, findings))}"
    return ""


def fuzz(cases: int, seed: int) -> dict[str, object]:
    """Run `cases` random cases; the counts, and the first disagreements in full."""
    maker = Maker(random.Random(seed))
    shapes: Counter[str] = Counter()
    wrong: list[str] = []
    known, died, started = 0, 0, time.perf_counter()
    for first in range(0, cases, BATCH):
        batch = [maker.make() for _ in range(min(BATCH, cases - first))]
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            printed = run_icarus(folder, batch)
            died += len(batch) - len(printed)
            for case in (case for case in batch if case.number in printed):
                shapes[case.shape] += 1
                known += case.truth is not None
                problem = compare(folder, case, printed[case.number])
                if problem:
                    wrong.append(f"{case.shape}: {problem}\n{case.bench}{case.content!r}")
    return {
        "cases": cases - died, "icarus_died": died, "seed": seed, "verdicts_known": known,
        "shapes": len(shapes),
        "disagreements": len(wrong), "seconds": round(time.perf_counter() - started, 1),
        "first": wrong[:SHOWN],
    }  # fmt: skip


def main() -> None:
    """Print the counts as JSON in the last line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    result = fuzz(**vars(parser.parse_args()))
    for text in result.pop("first"):  # type: ignore[attr-defined]
        print(text)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
