"""Good files for the readers beside this module: R = 3 rows, C = 2 cols, a 4x4 map, padding 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np

READERS = Path(__file__).parent / "readers"
HEADER = ["#col0row2..row0#", "#col1row2..row0#", "#..............#"]
TAPS = range(9)


def words(count: int, digits: int, seed: int) -> list[str]:
    """Random words, all different from their neighbours, the first digit of each 0 or 1."""
    random = np.random.default_rng(seed)
    found: list[str] = []
    while len(found) < count:
        word = "".join(map(str, random.integers(0, 2, digits)))
        if "1" in word and word[1:] != "0" * (digits - 1) and word not in found:
            found.append(word)
    return found


def padded(edge: int, digits: int, seed: int) -> list[str]:
    """The words of a padded plane: a border of zeros around `edge` x `edge` random words."""
    inner = iter(words(edge * edge, digits, seed))
    side = range(edge + 2)
    inside = range(1, edge + 1)
    return [
        next(inner) if h in inside and w in inside else "0" * digits for h in side for w in side
    ]


def text(lines: list[str]) -> bytes:
    """Lines as the content of a file."""
    return "".join(f"{line}\n" for line in lines).encode()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def with_headers() -> dict[str, bytes]:
    """For the readers `tokens.v` and `lines.v`."""
    files = {f"weight_itile0_otile0_kij{k}.txt": text(HEADER + words(2, 12, 10 + k)) for k in TAPS}
    files["activation_tile0.txt"] = text(HEADER + padded(4, 12, 1))
    return files | {"out.txt": text(HEADER + words(16, 32, 2))}


def memories() -> dict[str, bytes]:
    """For the reader `memories.v`."""
    hexadecimal = [f"{int(word, 2):04x}" for word in words(9, 16, 4)]
    return {
        "act.mem": text(["// 36 words", *padded(4, 12, 1)]),
        "weight.mem": text(["/* 9 words */", *hexadecimal]),
        "tile.mem": text(words(8, 8, 5)),
    }


def unpadded() -> dict[str, bytes]:
    """For the reader `checked.v`."""
    return {
        "activation.txt": text(HEADER + words(16, 12, 1)),
        "psum.txt": text(HEADER + words(16, 32, 2)),
    }


GOOD = {
    "tokens": with_headers,
    "lines": with_headers,
    "memories": memories,
    "checked": unpadded,
}
