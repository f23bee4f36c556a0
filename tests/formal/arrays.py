"""Small arrays in other styles than ours, in `designs`: read, simulated, and what they must compute.

Every one computes ``y[p][t][c] = f(sum over k of a[p][t][k] * w[p][k][c])`` for tiles p, exactly. Its
``design.toml`` says what f is, and where each word is found in a run: word n of a stream is what its port
holds before the n-th rising edge at which all of its conditions hold.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.cores.simulator import PROGRAM, Build, Icarus
from tilewright.programs.process import run_program
from tilewright.rtl import RTL_DIR

FOLDER = Path(__file__).parent / "designs"
NAMES = tuple(sorted(path.parent.name for path in FOLDER.glob("*/design.toml")))
INDICES = {"a": "ptk", "w": "pkc", "y": "ptc"}
"""Which indices a word has, in the order of its axes."""


@dataclass(frozen=True)
class Stream:
    """Where the words called `word` are.

    port: of the top, a format of the indices. bits, signed: of one word. when: ports that must hold one
    (``x``), a number (``x=0``, ``x!=3``) or whose bit must (``x[2]``); formats, too. beat: which of the
    samples, an expression of the indices, the sizes, the digit d and the repetition n. lane: how many words
    stand below this one in the port. digits: samples that one word takes, the lowest part first. repeats: how
    often it comes.
    """

    word: str
    port: str
    bits: int
    signed: bool
    when: list[str]
    beat: str
    lane: str = "0"
    digits: int = 1
    repeats: int = 1


@dataclass(frozen=True)
class ArrayDesign:
    """One folder of `designs`."""

    name: str
    style: str
    top: str
    sources: list[str]
    testbench: str
    clock: str
    computes: str
    sizes: dict[str, int]
    stream: list[Stream]

    def of(self, word: str) -> Stream:
        """Where the words `word` are."""
        return next(one for one in self.stream if one.word == word)

    def shape(self, word: str, tiles: int) -> tuple[int, ...]:
        """Sizes of the axes of `word`."""
        sizes = self.sizes | {"P": tiles}
        return tuple(sizes[index.upper()] for index in INDICES[word])

    def texts(self) -> dict[str, str]:
        """The sources of the design, by name."""
        folder = RTL_DIR if self.top == "tw_array" else FOLDER / self.name
        return {name: (folder / name).read_text() for name in self.sources}


def load(name: str) -> ArrayDesign:
    """The design called `name`."""
    facts = tomllib.loads((FOLDER / name / "design.toml").read_text())
    return ArrayDesign(**facts | {"stream": [Stream(**one) for one in facts["stream"]]})


def limits(stream: Stream) -> tuple[int, int]:
    """The lowest and the highest value of a word."""
    low = -(1 << (stream.bits - 1)) if stream.signed else 0
    return low, low + (1 << stream.bits) - 1


def random_words(design: ArrayDesign, word: str, tiles: int, seed: int) -> np.ndarray:
    """Words of `tiles` tiles: the first three hold the extremes alone, all others any."""
    low, high = limits(design.of(word))
    rng = np.random.default_rng(seed)
    words = rng.integers(low, high + 1, design.shape(word, tiles))
    words[:1] = low
    words[1:2] = high if word == "a" else low
    words[2:3] = rng.choice([low, high], words[2:3].shape)
    return words


def expected(design: ArrayDesign, a: np.ndarray, w: np.ndarray) -> np.ndarray:
    """What must come out, axes p, t, c."""
    if design.computes == "saturate each":
        y = np.zeros(design.shape("y", len(a)), np.int64)
        for k in range(design.sizes["K"]):
            y = np.clip(y + a[:, :, k, None] * w[:, None, k], *limits(design.of("y")))
        return y
    y = np.einsum("ptk,pkc->ptc", a, w)
    if design.computes == "relu":
        return np.maximum(y, 0)
    if design.computes == "saturate":
        return np.clip(y, *limits(design.of("y")))
    assert design.computes == "identity"
    return y


def as_verilog(sources: Mapping[str, str], folder: Path, top: str) -> dict[str, str]:
    """The sources, in which VHDL became Verilog."""
    vhdl = [name for name in sources if name.endswith(".vhd")]
    if not vhdl:
        return dict(sources)
    for name in vhdl:
        (folder / name).write_text(sources[name])
    for command in (
        ["ghdl", "-a", "--std=08", *vhdl],
        ["ghdl", "--synth", "--std=08", "--out=verilog", top],
    ):
        status, output = run_program(command, folder=folder, timeout_s=60)
        assert status == 0, output
    return {name: text for name, text in sources.items() if name not in vhdl} | {
        f"{top}_made.v": output
    }


def needs(design: ArrayDesign) -> str:
    """A program that is missing for it, or nothing."""
    wanted = "ghdl" if any(name.endswith(".vhd") for name in design.sources) else "iverilog"
    return "" if shutil.which(wanted) else wanted


def build(
    design: ArrayDesign, folder: Path, sizes: Mapping[str, int], sources: Mapping[str, str] = {}
) -> None:
    """Leave a simulation of the design, or of other `sources`, in `folder`."""
    texts = as_verilog(sources or design.texts(), folder, design.top)
    bench = (FOLDER / design.name / design.testbench).read_text()
    for name, text in {**texts, design.testbench: bench}.items():
        (folder / name).write_text(text)
    files = (*texts, design.testbench)
    top = design.testbench.removesuffix(".sv")
    Icarus("any").build(Build(files, top, folder, parameters=sizes))


def run(design: ArrayDesign, folder: Path, a: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Psums that the built simulation prints, axes p, t, c; where none came, or x: `NONE`."""
    for name, words in (("a", a), ("w", w)):
        mask = (1 << design.of(name).bits) - 1
        text = "\n".join(f"{int(word) & mask:x}" for word in words.flat)
        (folder / f"{name}.hex").write_text(text + "\n")
    status, output = Icarus("any").run(folder / PROGRAM, plusargs={}, folder=folder, timeout_s=120)
    assert status == 0, output
    found = np.full(design.shape("y", len(a)), NONE)
    for line in output.splitlines():
        if line.startswith("psum "):
            p, t, c, value = line.split()[1:]
            place = tuple(int(index) if index.isdecimal() else len(a) for index in (p, t, c))
            if all(index < size for index, size in zip(place, found.shape, strict=True)):
                found[place] = int(value) if value.lstrip("-").isdecimal() else NONE
    return found


NONE = 1 << 40
"""Stands for a psum that is not known."""


def simulate(design: ArrayDesign, folder: Path, tiles: int, seed: int) -> tuple[Any, Any, Any]:
    """Build, run on random words: activations, weights, psums; ``run.vcd`` is in `folder`."""
    build(design, folder, {"P": tiles})
    a, w = (random_words(design, word, tiles, seed + n) for n, word in enumerate("aw"))
    return a, w, run(design, folder, a, w)


def words_of(design: ArrayDesign, word: str, held: Mapping[str, Any], tiles: int) -> np.ndarray:
    """The words that a recorded run holds where the description says; `NONE` for x, and outside of the run.

    held: bits of each port at each edge. Where a word comes several times, all must be the same.
    """
    stream, shape = design.of(word), design.shape(word, tiles)
    found = np.full(shape, NONE)
    seen: dict[tuple[str, ...], list[str]] = {}
    for place in np.ndindex(shape):
        names = design.sizes | {"P": tiles} | dict(zip(INDICES[word], place, strict=True))
        asked = tuple(text.format(**names) for text in (stream.port, *stream.when))
        if asked not in seen:
            seen[asked] = _samples(asked[0], asked[1:], held)
        values = {_word_at(stream, names | {"n": n}, seen[asked]) for n in range(stream.repeats)}
        assert len(values) == 1, (word, place, values)
        found[place] = values.pop()
    return found


def _word_at(stream: Stream, names: Mapping[str, int], samples: Sequence[str]) -> int:
    lane, digit_bits = eval(stream.lane, {}, names), stream.bits // stream.digits
    bits = ""
    for digit in range(stream.digits):
        beat = eval(stream.beat, {}, names | {"d": digit})
        value = samples[beat] if beat < len(samples) else ""
        end = len(value) - lane * digit_bits
        bits = value[end - digit_bits : end] + bits
    if len(bits) != stream.bits or set(bits) - {"0", "1"}:
        return NONE
    number = int(bits, 2)
    return number - (1 << stream.bits) if stream.signed and bits[0] == "1" else number


def _samples(port: str, conditions: Sequence[str], held: Mapping[str, Any]) -> list[str]:
    """What `port` holds at the edges at which all conditions hold."""
    tests = [re.fullmatch(r"(\w+)(?:\[(\d+)\])?(?:(!?=)(\d+))?", one) for one in conditions]
    return [
        value
        for cycle, value in enumerate(held[port])
        if all(_holds(test, held[test[1]][cycle]) for test in tests)
    ]


def _holds(test: re.Match[str], value: str) -> bool:
    bits = value[-1 - int(test[2])] if test[2] else value
    if set(bits) - {"0", "1"}:
        return False
    return (int(bits, 2) == int(test[4] or 1)) != (test[3] == "!=")
