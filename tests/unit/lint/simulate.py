"""What a reader sees: in Icarus Verilog, and as lint's own record of the reads predicts."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.unit.lint.good_files import READERS
from tilewright.verilog.events import BITS_PER_DIGIT, MATCHED
from tilewright.verilog.machine import Machine
from tilewright.verilog.values import Value

Seen = dict[str, list[str]]


def build(reader: str, folder: Path) -> Path:
    """Compile a reader; raises if Icarus refuses it."""
    program = folder / f"{reader}.vvp"
    sources = [READERS / f"{reader}.v"]
    sources += [READERS / "core_under_test.v"] if reader == "tokens" else []
    subprocess.run(["iverilog", "-g2012", "-o", program, *sources], check=True, timeout=60)
    return program


def simulate(program: Path, folder: Path) -> Seen:
    """The words of each file as the simulated reader prints them."""
    command = ["vvp", "-n", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    seen: Seen = {}
    for line in done.stdout.splitlines():
        name, _, word = line.strip().partition(" ")
        if set(word) <= set("01xz") and "." in name:
            seen.setdefault(name, []).append(word)
    return seen


def predict(machine: Machine) -> Seen:
    """The same from the record of lint: a read that fails leaves the variable as it was."""
    seen: Seen = {}
    held: dict[int, str] = {}
    for stream in machine.streams:
        for event in stream.word_events():
            old = held.get(event.line, "x" * event.target)
            if event.status == MATCHED:
                old = _bits(event.digits.decode(), event.code, event.target)
            held[event.line] = old
            seen.setdefault(stream.name.removeprefix("./"), []).append(old)
    for load, memory in zip(machine.loads, machine.memories.values(), strict=True):
        for index in range(load.first, load.last + 1):
            value = memory.elements.get(index)
            word = "x" * load.width if value is None else _shown(value)
            seen.setdefault(load.name, []).append(word)
    return seen


def _shown(value: Value) -> str:
    """The digits of a value, x and z included."""
    ones, mask = value.pattern or (0, 0)
    pairs = [(ones >> bit & 1, mask >> bit & 1) for bit in reversed(range(value.width))]
    return "".join(("z" if one else "x") if is_masked else str(one) for one, is_masked in pairs)


def _bits(digits: str, code: str, width: int) -> str:
    per_digit = BITS_PER_DIGIT[code]
    bits = "".join(d * per_digit if d in "xz" else f"{int(d, 16):0{per_digit}b}" for d in digits)
    fill = bits[0] if bits[0] in "xz" else "0"
    return bits.rjust(width, fill)[-width:]
