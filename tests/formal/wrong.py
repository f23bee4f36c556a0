"""Wrong designs: one change each, and an input of which the simulator says that it shows."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.formal import arrays

RANDOM_TILES = 60
EXTREME_TILES = 20


@dataclass(frozen=True)
class Wrong:
    """One wrong design.

    change: pairs of a text that occurs once in the sources, and what stands there instead. power_up: one more
    pair, which chooses what an uninitialized register holds in hardware: a simulator, which takes x for "no",
    sees nothing without it. a, w: the value of all words of the killing input but those in `put` ("a p t k
    value", "w p k c value"); tiles: how many it has. seen_by: the weakest inputs that show it in a
    simulation: "random", "extremes" (all words at their limits) or "nothing".
    """

    name: str
    design: str
    change: list[list[str]]
    seen_by: str
    a: int = 0
    w: int = 0
    tiles: int = 2
    put: list[str] = field(default_factory=list)
    power_up: list[str] = field(default_factory=list)

    def sources(self, *, powered: bool = True) -> dict[str, str]:
        """The sources of the design with the change; `powered`: and with the choice at power-up."""
        texts = arrays.load(self.design).texts()
        for old, new in [*self.change, *([self.power_up] if powered and self.power_up else [])]:
            files = [name for name, text in texts.items() for _ in range(text.count(old))]
            assert len(files) == 1, (self.name, old, files)
            texts[files[0]] = texts[files[0]].replace(old, new)
        return texts

    def killing(self) -> tuple[np.ndarray, np.ndarray]:
        """Activations and weights that show it."""
        design = arrays.load(self.design)
        words = {
            word: np.full(design.shape(word, self.tiles), value)
            for word, value in (("a", self.a), ("w", self.w))
        }
        for text in self.put:
            word, *place, value = text.split()
            words[word][tuple(map(int, place))] = int(value)
        return words["a"], words["w"]


def read_wrong() -> list[Wrong]:
    """All of them."""
    text = (Path(__file__).parent / "wrong_designs.toml").read_text()
    return [Wrong(**one) for one in tomllib.loads(text)["wrong"]]


def read_equal() -> list[Wrong]:
    """Changes that change nothing: nobody may refute one."""
    text = (Path(__file__).parent / "equal_designs.toml").read_text()
    return [Wrong(**one, seen_by="nothing") for one in tomllib.loads(text)["equal"]]


def extremes(design: arrays.ArrayDesign, word: str, seed: int) -> np.ndarray:
    """Tiles whose words are their lowest, their highest or 0: combined with the other word, and mixed."""
    low, high = arrays.limits(design.of(word))
    rng = np.random.default_rng(seed)
    words = rng.choice([low, high], design.shape(word, EXTREME_TILES))
    for tile in range(9):
        words[tile] = (low, high, 0)[tile % 3 if word == "a" else tile // 3]
    return words


def randoms(design: arrays.ArrayDesign, word: str, seed: int) -> np.ndarray:
    """Tiles of words drawn evenly."""
    low, high = arrays.limits(design.of(word))
    return np.random.default_rng(seed).integers(low, high + 1, design.shape(word, RANDOM_TILES))


def shows(wrong: Wrong, folder: Path, a: np.ndarray, w: np.ndarray, *, powered: bool) -> bool:
    """Whether the simulation differs from what must come out."""
    design = arrays.load(wrong.design)
    folder.mkdir(parents=True, exist_ok=True)
    arrays.build(design, folder, {"P": len(a)}, wrong.sources(powered=powered))
    return bool((arrays.run(design, folder, a, w) != arrays.expected(design, a, w)).any())


def weakest(wrong: Wrong, folder: Path) -> str:
    """The weakest inputs that show it without a choice at power-up."""
    design = arrays.load(wrong.design)
    for name, words in (("random", randoms), ("extremes", extremes)):
        a, w = (words(design, word, 11 + n) for n, word in enumerate("aw"))
        if shows(wrong, folder / name, a, w, powered=False):
            return name
    return "nothing"


def is_killed(wrong: Wrong, folder: Path) -> bool:
    """Whether the killing input shows it, and the right design computes it."""
    a, w = wrong.killing()
    design = arrays.load(wrong.design)
    right = folder / "right"
    right.mkdir(parents=True)
    arrays.build(design, right, {"P": len(a)})
    assert (arrays.run(design, right, a, w) == arrays.expected(design, a, w)).all()
    return shows(wrong, folder / "killed", a, w, powered=True)
