"""Random damage to vector files, manifests and layouts: a clear error or a correct result, always.

``python -m tests.vector_fuzz [--mutations 100000] [--seed 284]`` runs it by itself and prints what it saw, as
one JSON object in the last line; the tests run a few thousand.

One mutation damages one thing of one small bundle and reads it again:

- *file*: bytes of a vector file, its hash in the manifest renewed, so that the decoder alone must judge;
- *hash*: bytes of a vector file, hash as it was: always refused;
- *manifest*: a value of the manifest replaced or removed, or its bytes damaged;
- *layout*: the same of a layout file.

A result is correct if encoding what was decoded gives the very bytes that were read, and, for a layout, if
random tiles come back. An error is clear if it is a `TilewrightError` of one line. Anything else, another
exception, a wrong tensor, more than `PATIENCE` seconds, is a failure.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from tests.forgery import state_hash
from tests.unit.vectors import course_example as example
from tilewright.bundles import check_bundle, stated_tiles
from tilewright.errors import TilewrightError
from tilewright.spec import ArrayShape
from tilewright.store.artifact import sha256
from tilewright.tile import TilePlan
from tilewright.vectors import (
    Layout,
    decode,
    decode_bundle,
    encode,
    layout_names,
    load_layout,
    read_bundle,
    write_bundle,
)
from tilewright.vectors.kinds import AXES, FieldWidths, axis_sizes
from tilewright.vectors.manifest import read_manifest
from tilewright.vectors.planes import accumulate_addresses
from tilewright.verify import reference_outputs

PATIENCE = 20
PLANS = (example.PLAN, TilePlan(example.SHAPE, ArrayShape(rows=3, cols=2, psum_bits=12)))
CONTAINERS = ("mem", "mif", "coe", "c", "npz")
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, 3, 4, -1, 64, 65, 1000, 65_535, 2**31, 2**70, 1.5, float("nan")),
    *("", "row", "-col", "itile", "kij kij", "{kij}", "{x}", "{", "../x", "a b", "é", "hex", "npz"),
    *([], [0], [1, 1], {}, {"a": 1}, "WILD"),
)
Tree = Any


class TooSlowError(Exception):
    """One mutation took more than `PATIENCE` seconds."""


class Fuzz:
    """Bundles in every layout and container, and what became of their mutations."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.seen: Counter[str] = Counter()
        self.slowest = 0.0
        layouts = [load_layout(name) for name in layout_names()]
        layouts += [load_layout("ece284-ws").with_container(c) for c in CONTAINERS]
        self.bundles = list(_write_all(folder, layouts))
        self.files = {bundle: read_manifest(bundle).files for bundle in self.bundles}
        self.texts = [path.read_bytes() for path in _layout_files()]

    def run(self, mutations: int) -> dict[str, Any]:
        """Mutate so many times; returns the counts. Raises `AssertionError` for a failure."""
        actions: tuple[Callable[[], str], ...] = (
            *(self._file,) * 10,
            *(self._hash,) * 2,
            *(self._manifest,) * 4,
            *(self._layout,) * 4,
        )
        start = time.monotonic()
        for _ in range(mutations):
            action = self.random.choice(actions)
            began = time.monotonic()
            with _patience():
                outcome = action()
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.seen[f"{action.__name__.strip('_')} {outcome}"] += 1
        return {
            "mutations": mutations,
            "seen": dict(sorted(self.seen.items())),
            "slowest_s": round(self.slowest, 3),
            "seconds": round(time.monotonic() - start, 1),
        }

    def _file(self) -> str:
        folder = self.random.choice(self.bundles)
        name = self.random.choice([file.name for file in self.files[folder]])
        content = self._damaged((folder / name).read_bytes())
        manifest = (folder / "manifest.json").read_bytes()
        with _changed(folder / name, content), _changed(folder / "manifest.json", manifest):
            state_hash(folder, name, sha256(content), files=self.files[folder])
            return self._read(folder)

    def _hash(self) -> str:
        folder = self.random.choice(self.bundles)
        path = self.random.choice(sorted(set(folder.iterdir()) - {folder / "manifest.json"}))
        content = self._damaged(path.read_bytes())
        with _changed(path, content):
            outcome = self._read(folder)
        assert outcome == "refused", f"{path}: a damaged file passed its hash"
        return outcome

    def _manifest(self) -> str:
        folder = self.random.choice(self.bundles)
        path = folder / "manifest.json"
        content = path.read_bytes()
        if self.random.random() < 0.5:
            content = self._damaged(content)
        else:
            content = json.dumps(self._mutated(json.loads(content))).encode()
        with _changed(path, content):
            return self._read(folder)

    def _layout(self) -> str:
        text = self.random.choice(self.texts)
        try:
            if self.random.random() < 0.5:
                text = self._damaged(text)
                facts = tomllib.loads(text.decode())
            else:
                facts = self._mutated(tomllib.loads(text.decode()))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            return "refused"  # load_layout says so in one line; see its own tests
        try:
            layout = Layout.from_facts(facts)
        except TilewrightError as error:
            return _clear(error)
        assert Layout.from_facts(layout.to_facts()) == layout
        return self._round_trip(layout)

    def _round_trip(self, layout: Layout) -> str:
        plan, widths = self.random.choice(PLANS), example.WIDTHS
        try:
            for form in layout.kinds:
                tiles = self._tiles(layout, form.kind, plan)
                files = encode(layout, form.kind, tiles, plan=plan, widths=widths)
                back = decode(layout, form.kind, files, plan=plan, widths=widths)
                onij = AXES[form.kind].index("onij") if "onij" in AXES[form.kind] else None
                if onij is not None:  # a layout may have the first pixels only
                    tiles = tiles.take(range(back.shape[onij]), axis=onij)
                assert np.array_equal(back, tiles), f"{form}: other tiles came back"
        except TilewrightError as error:
            return _clear(error)
        return "correct"

    def _tiles(self, layout: Layout, kind: str, plan: TilePlan) -> np.ndarray:
        if kind == "address":
            return accumulate_addresses(plan)
        form = layout.kind(kind)
        sizes = axis_sizes(plan) | {"level": form.levels}
        bits = min(example.WIDTHS.bits(form.bits), 12)
        widths = FieldWidths(4, 4, 16)
        number = widths.number_format(kind, max(bits, 2), function=form.function, low=form.low)
        rng = np.random.default_rng(self.random.randrange(2**32))
        shape = [sizes[axis] for axis in AXES[kind]]
        tiles = rng.integers(number.min_code, number.max_code, shape, np.int64, endpoint=True)
        if kind == "activation":  # the border, and lanes without a channel, hold 0
            planes = tiles.reshape(sizes["itile"], plan.shape.padded_h, plan.shape.padded_w, -1)
            (pad_h, pad_w) = plan.shape.padding
            planes[:, :pad_h] = planes[:, -pad_h:] = planes[:, :, :pad_w] = 0
            planes[:, :, -pad_w:] = 0
            tiles = planes.reshape(shape)
            tiles[-1, :, plan.shape.ic - (plan.itiles - 1) * plan.array.rows :] = 0
        if kind == "weight":
            tiles[:, -1, ..., plan.shape.ic - (plan.itiles - 1) * plan.array.rows :] = 0
        return tiles

    def _read(self, folder: Path) -> str:
        """Read a bundle and judge the reading: every kind must give its files again."""
        try:
            check_bundle(folder)
            bundle = read_bundle(folder)
            decode_bundle(bundle)
        except TilewrightError as error:
            return _clear(error)
        for kind in bundle.layout.kind_names:
            names = [file.name for file in bundle.files if file.kind == kind]
            tiles = stated_tiles(bundle, kind).astype(np.int64)
            axes = AXES[kind]
            if "onij" in axes:  # pixels that the file leaves out: any number will do
                short = bundle.shape.onij - tiles.shape[axes.index("onij")]
                pads = [(0, short if axis == "onij" else 0) for axis in axes]
                tiles = (
                    np.pad(tiles, pads) if kind != "address" else accumulate_addresses(bundle.plan)
                )
            again = encode(bundle.layout, kind, tiles, plan=bundle.plan, widths=bundle.widths)
            assert sorted(again) == sorted(names)
            for name, content in again.items():
                assert (folder / name).read_bytes() == content, f"{folder / name}: read otherwise"
        return "correct"

    def _damaged(self, content: bytes) -> bytes:
        """`content` with one random piece removed, doubled, overwritten, inserted or turned round."""
        rng, alphabet = self.random, b'0110\n\r x_,;:#/@{}"=\xff\x00'
        while True:
            start = rng.randrange(len(content) + 1)
            stop = min(len(content), start + rng.choice([0, 1, 1, 2, 17, 40]))
            piece = content[start:stop]
            size = rng.choice([1, 1, 2, max(1, len(piece))])
            junk = bytes(rng.choice(alphabet + rng.randbytes(1)) for _ in range(size))
            flipped = bytes(octet ^ 1 for octet in piece)
            middle = rng.choice([b"", piece * 2, junk, piece + junk, piece[::-1], flipped, flipped])
            if middle != piece:
                return content[:start] + middle + content[stop:]

    def _mutated(self, tree: Tree) -> Tree:
        """A JSON tree with one value replaced, removed, or taken from another place."""
        places = list(_places(tree))
        node, last = self.random.choice(places)
        other_node, other = self.random.choice(places)
        match self.random.randrange(4):
            case 0:
                del node[last]
            case 1:
                node[last] = deepcopy(other_node[other])
            case 2 if isinstance(node[last], int):
                node[last] += self.random.choice([-1, 1, 2])
            case _:
                node[last] = deepcopy(self.random.choice(VALUES))
        return tree


def _clear(error: TilewrightError) -> str:
    message = str(error)
    assert "\n" not in message, message
    assert len(message) > 20, message
    return "refused"


def _places(tree: Tree) -> Iterator[tuple[Tree, Any]]:
    for key, child in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield tree, key
        if isinstance(child, dict | list):
            yield from _places(child)


def _write_all(folder: Path, layouts: list[Layout]) -> Iterator[Path]:
    for plan_number, plan in enumerate(PLANS):
        for layout in layouts:
            place = folder / f"{layout.name}-{plan_number}"
            write_bundle(
                place,
                layer=example.layer(),
                plan=plan,
                layout=layout,
                codes=example.CODES,
                psums=example.PSUMS,
                tap_psums=example.TAP_PSUMS,
                outputs=reference_outputs(example.PSUMS, layout.output),
                sample=0,
            )
            yield place


def _layout_files() -> list[Path]:
    import tilewright.vectors as room

    return sorted((Path(room.__file__).parent / "layouts").glob("*.toml"))


@contextmanager
def _changed(path: Path, content: bytes) -> Iterator[None]:
    """A new file each time: some file systems wait for the disk where one is cut and written again."""
    original = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.unlink()
        path.write_bytes(original)


@contextmanager
def _patience() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlowError(f"more than {PATIENCE} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)


def main() -> None:
    """Run, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=284)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        facts = Fuzz(Path(folder), arguments.seed).run(arguments.mutations)
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
