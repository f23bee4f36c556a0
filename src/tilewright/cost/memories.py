"""How deep the array's memories are, and whether a layer fits them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from tilewright.errors import ConfigError
from tilewright.tile import TilePlan


@dataclass(frozen=True, slots=True)
class MemoryDepths:
    """Words of the activation, the weight and the psum memory; the defaults are those of our RTL."""

    xmem: int = 1 << 14
    wmem: int = 1 << 14
    pmem: int = 1 << 10

    def __post_init__(self) -> None:
        for name, words in asdict(self).items():
            if words < 1:
                raise ConfigError(f"{name} must have at least 1 word, not {words}")

    @classmethod
    def parse(cls, text: str) -> MemoryDepths:
        """From ``xmem=2048,pmem=2048``; what is not named keeps its default. Raises `ConfigError`."""
        words = {}
        for part in text.split(","):
            name, _, value = part.partition("=")
            if name.strip() not in cls.__slots__ or not value.strip().isdecimal():
                raise ConfigError(
                    f"memories are xmem=WORDS,wmem=WORDS,pmem=WORDS, each may be left out; "
                    f"{part.strip()!r} is not one of them"
                )
            words[name.strip()] = int(value)
        return cls(**words)

    def misfits(self, plan: TilePlan) -> Iterator[str]:
        """Each memory that one job of the layer does not fit, with what it needs."""
        for name, needed in words_needed(plan).items():
            words = getattr(self, name)
            if needed > words:
                yield f"{name.upper()} needs {needed:,} words, but has {words:,}"


def words_needed(plan: TilePlan, *, is_whole_layer: bool = False) -> dict[str, int]:
    """Words that one job holds in each memory, of one output tile or of all (docs/dataflows.md)."""
    otiles = plan.otiles if is_whole_layer else 1
    return {
        "xmem": plan.dataflow.sample_words(plan),
        "wmem": otiles * plan.dataflow.otile_words(plan),
        "pmem": otiles * plan.shape.onij,
    }
