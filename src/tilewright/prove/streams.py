"""A few lines of TOML that say where the words of anybody's array stand in a run of it.

``[[stream]]`` tables: word n of a stream is what its port holds before the n-th rising edge at which all of
its conditions hold. All arrays compute ``y[p][t][c] = f(sum over k of a[p][t][k] * w[p][k][c])`` for tiles p.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from tilewright.errors import ConfigError, FormatError
from tilewright.formal.recorded import PortRoles
from tilewright.store.toml import read_toml
from tilewright.waves import Condition, Recording

INDICES = {"a": "ptk", "w": "pkc", "y": "ptc"}
"""The words, and the indices of each, in the order of its axes."""
COMPUTES = ("identity", "relu", "saturate", "saturate each")
"""What f may be: as it is, 0 where negative, the nearest that fits, and that after each of the products."""
_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the words called `word` are.

    port: its name, perhaps with ``{index}``. bits, signed: of one word. when: ports, or bits of them, that
    must hold one or a number (`Condition`). beat: which of the samples, an
    expression of the indices, the sizes, the digit d and the repetition n. lane: how many words stand below
    this one in the port. digits: samples that one word takes, the lowest part first. repeats: how often it
    comes.
    """

    word: str
    port: str
    bits: int
    signed: bool
    when: tuple[str, ...]
    beat: str
    lane: str = "0"
    digits: int = 1
    repeats: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "when", tuple(self.when))
        if self.word not in INDICES:
            raise ConfigError(f"a stream must be of a, w or y, not {self.word!r}")
        if min(self.bits, self.digits, self.repeats) < 1 or self.bits % self.digits:
            raise ConfigError(f"bits of {self.word} must be a multiple of its digits, at least 1")
        for text in self.when:
            Condition.read(re.sub(r"\{\w+\}", "0", text))


@dataclass(frozen=True, slots=True)
class Described:
    """An array of anybody: its module, its clock, what it computes, its sizes (P, T, K, C), its streams.

    control: ports or bits of them (``x[8]``, ``x[9:8]``) that are control though they travel beside data.
    """

    top: str
    clock: str
    computes: str
    sizes: Mapping[str, int]
    streams: tuple[Stream, ...]
    parameters: Mapping[str, int]
    control: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.computes not in COMPUTES:
            raise ConfigError(
                f"computes must be one of {', '.join(COMPUTES)}, not {self.computes!r}"
            )
        if set(self.sizes) != set("PTKC") or min(self.sizes.values()) < 1:
            raise ConfigError(
                f"sizes must be P, T, K and C, each at least 1, not {dict(self.sizes)}"
            )
        missing = INDICES.keys() - {stream.word for stream in self.streams}
        if missing:
            raise ConfigError(f"there must be a stream of {min(missing)}, but there is none")

    def of(self, word: str) -> Stream:
        """The first stream of these words."""
        return next(one for one in self.streams if one.word == word)

    def sums(self) -> tuple[int, int]:
        """The least and the greatest sum of K products; of the function "relu", what it makes of them."""
        a, w = (_range(self.of(word)) for word in ("a", "w"))
        products = [one * other for one, other in product(a, w)]
        low, high = (self.sizes["K"] * end for end in (min(products), max(products)))
        return (max(low, 0), max(high, 0)) if self.computes == "relu" else (low, high)

    def wraps(self) -> bool:
        """Whether some sums do not fit the bits of y, and nothing is said of how they saturate."""
        low, high = _range(self.of("y"))
        least, greatest = self.sums()
        return "saturate" not in self.computes and not low <= least <= greatest <= high

    def places(self, word: str) -> Iterator[tuple[int, ...]]:
        """The indices of all words."""
        return product(*(range(self.sizes[index.upper()]) for index in INDICES[word]))

    def named(self, stream: Stream) -> Iterator[tuple[dict[str, int], tuple[int, ...]]]:
        """The values of all names in texts of a stream, and the indices, of each of its words."""
        for place in self.places(stream.word):
            yield {**self.sizes, **dict(zip(INDICES[stream.word], place, strict=True))}, place

    def conditions(self) -> set[Condition]:
        """Of all streams, and what else is said to be control."""
        texts = {
            text.format(**names)
            for stream in self.streams
            for names, _ in self.named(stream)
            for text in stream.when
        }
        return {Condition.read(text) for text in (*texts, *self.control)}


@dataclass(frozen=True, slots=True)
class Placed:
    """`width` bits of the word `word` at `place`, from bit `first` on: bits low, ... of `port` in a cycle."""

    word: str
    place: tuple[int, ...]
    first: int
    port: str
    cycle: int
    low: int
    width: int


def read_described(path: Path) -> Described:
    """From TOML with top, clock, computes, sizes, [[stream]], and perhaps control and [parameters].

    Raises `ConfigError` if the file is missing, a key is missing or of another type.
    """
    needs = " with top, clock, computes, sizes and [[stream]]"
    facts = read_toml(path, needs=needs)
    if not isinstance(control := facts.get("control", []), list):
        raise ConfigError(f'{path}: control must be a list, such as ["in[8]"], not {control!r:.40}')
    try:
        return Described(
            top=str(facts["top"]),
            clock=str(facts["clock"]),
            computes=str(facts["computes"]),
            sizes={str(name): int(size) for name, size in facts["sizes"].items()},
            streams=tuple(Stream(**one) for one in facts["stream"]),
            parameters={str(n): int(size) for n, size in facts.get("parameters", {}).items()},
            control=tuple(map(str, control)),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError(f"{path} must be TOML{needs}: {error}") from None


def _range(stream: Stream) -> tuple[int, int]:
    """The least and the greatest number of a word."""
    half = 1 << (stream.bits - stream.signed)
    return (-half, half - 1) if stream.signed else (0, half - 1)


def roles_of(
    described: Described, inputs: Mapping[str, int], outputs: Mapping[str, int]
) -> PortRoles:
    """Data are the ports of a and w; every other input is control. inputs, outputs: names to widths."""
    data = {
        stream.port.format(**dict(zip(INDICES[stream.word], place, strict=True)))
        for stream in described.streams
        if stream.word != "y"
        for place in described.places(stream.word)
    }
    unknown = sorted(data - inputs.keys())
    if unknown:
        raise ConfigError(
            f"a port of data must be an input of {described.top}, but {unknown[0]} is none"
        )
    control = tuple(name for name in inputs if name not in data and name != described.clock)
    return PortRoles(described.clock, control, tuple(sorted(data)), tuple(outputs))


def place_words(described: Described, recording: Recording) -> list[Placed]:
    """Where every word is in a run. Raises `FormatError` if a word is not in it."""
    held = {**recording.inputs, **recording.outputs}
    found: list[Placed] = []
    for stream in described.streams:
        seen: dict[tuple[str, ...], list[int]] = {}
        for names, place in described.named(stream):
            asked = tuple(text.format(**names) for text in (stream.port, *stream.when))
            if asked not in seen:
                seen[asked] = _samples(asked[1:], held, recording.cycles)
            found += _placed(stream, place, names, asked[0], seen[asked])
    for one in found:
        if one.port not in held:
            raise ConfigError(
                f"a port of y must be an output of {described.top}, but {one.port} is none"
            )
        width = len(held[one.port][0])
        if not 0 <= one.low <= width - one.width:
            raise ConfigError(
                f"word {one.word}{list(one.place)} must lie in {one.port}, which has {width} bits, but "
                f"begins at bit {one.low} and has {one.width}: look at port and lane"
            )
    return found


def _placed(
    stream: Stream,
    place: tuple[int, ...],
    names: Mapping[str, int],
    port: str,
    samples: list[int],
) -> Iterator[Placed]:
    width = stream.bits // stream.digits
    for n, digit in product(range(stream.repeats), range(stream.digits)):
        inside = {**names, "n": n, "d": digit}
        beat, lane = _number(stream.beat, inside), _number(stream.lane, inside)
        if not 0 <= beat < len(samples):
            raise FormatError(
                f"word {stream.word}{list(place)} must be in sample {beat} of {port}, but the run has "
                f"{len(samples)} in which {' and '.join(stream.when) or 'the clock rises'}"
            )
        yield Placed(stream.word, place, digit * width, port, samples[beat], lane * width, width)


def _samples(conditions: tuple[str, ...], held: Mapping[str, Any], cycles: int) -> list[int]:
    """The cycles in which all conditions hold."""
    tests = [Condition.read(one) for one in conditions]
    for test in tests:
        if test.name not in held:
            raise ConfigError(f"a condition must be about a port, but {test.name} is none")
    return [
        cycle
        for cycle in range(cycles)
        if all(test.holds(held[test.name][cycle]) for test in tests)
    ]


def _number(text: str, names: Mapping[str, int]) -> int:
    """The value of an expression of names, numbers, + - * // % and parentheses."""

    def value(node: ast.AST) -> int:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if isinstance(node, ast.Name) and node.id in names:
            return names[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](value(node.left), value(node.right))
        raise ConfigError(f"an expression must be of {', '.join(names)}, + - * // %, not {text!r}")

    try:
        return value(ast.parse(text, mode="eval").body)
    except (SyntaxError, ZeroDivisionError) as error:
        raise ConfigError(f"{text!r} must be an expression: {error}") from None
