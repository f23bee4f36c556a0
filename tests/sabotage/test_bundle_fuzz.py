"""Random damage gives a clear error or a correct reading, never another exception or a silent repair."""

from __future__ import annotations

import json
import random
import shutil

import pytest

from tests.forgery import repair_hash, state_version_1
from tests.golden.regenerate import FOLDER
from tilewright.errors import TilewrightError
from tilewright.tile import tile_activations, tile_psums, tile_weights
from tilewright.vectors import decode_bundle, encode, read_bundle

FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix == ".txt")
VALUES = [None, True, 0, -1, 3, 2**70, 1.5, "", "row", "../x", [], {}, [0], {"a": 1}, float("nan")]
_REMOVED = object()


@pytest.fixture
def folder(tmp_path):
    """A copy of the golden bundle."""
    return shutil.copytree(FOLDER, tmp_path / "bundle")


@pytest.fixture(params=[1, 2])
def versioned(folder, request):
    """The same, with a manifest of each version."""
    if request.param == 1:
        state_version_1(folder)
    return folder


def _damage(rng, content):
    """`content` with one random piece removed, doubled, overwritten or inserted."""
    start = rng.randrange(len(content))
    stop = min(len(content), start + rng.choice([1, 1, 2, 17, 40]))
    piece = content[start:stop]
    junk = bytes(rng.choice(b"01#\n\r x\xff") for _ in range(rng.choice([1, 2, len(piece)])))
    middle = rng.choice([b"", piece * 2, junk, piece + junk, piece[::-1]])
    return content[:start] + middle + content[stop:]


def _read(folder):
    """Tensors and bundle, or None if the bundle is refused in one clear line."""
    try:
        bundle = read_bundle(folder)
        return bundle, decode_bundle(bundle)
    except TilewrightError as error:
        message = str(error)
    assert "\n" not in message
    assert len(message) > 20
    return None


def _rewritten(bundle, tensors):
    """The files of the bundle, encoded again from what was decoded."""
    tiles = {
        "activation": tile_activations(tensors.codes, bundle.plan),
        "weight": tile_weights(tensors.weight, bundle.plan),
        "psum": tile_psums(tensors.psums, bundle.plan),
        "output": tile_psums(tensors.psums.clip(min=0), bundle.plan),
    }
    contents = {}
    for kind in bundle.layout.kind_names:
        contents |= encode(bundle.layout, kind, tiles[kind], plan=bundle.plan, widths=bundle.widths)
    return contents


def _assert_unchanged(read):
    if read is not None:
        for name, content in _rewritten(*read).items():
            assert (FOLDER / name).read_bytes() == content, name


def test_a_damaged_file_is_refused_or_means_what_it_says(folder):
    """The hash is renewed each time, so that the decoder alone has to judge."""
    rng, refused = random.Random(284), 0
    original = (folder / "manifest.json").read_text()
    for _ in range(400):
        name = rng.choice(FILES)
        content = _damage(rng, (FOLDER / name).read_bytes())
        (folder / name).write_bytes(content)
        (folder / "manifest.json").write_text(original)
        repair_hash(folder, name)
        read = _read(folder)
        refused += read is None
        if read is not None:
            assert _rewritten(*read)[name] == content
        (folder / name).write_bytes((FOLDER / name).read_bytes())
    assert refused > 200


def _places(node, path=()):
    """Paths to every value of a JSON tree."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        yield (*path, key)
        if isinstance(child, (dict, list)):
            yield from _places(child, (*path, key))


def test_a_manifest_with_a_changed_value_is_refused_or_means_the_same_files(versioned):
    """Every value of the manifest is removed once and replaced by every value in turn."""
    original = (versioned / "manifest.json").read_text()
    for *way, last in list(_places(json.loads(original))):
        for value in [_REMOVED, *VALUES]:
            manifest = node = json.loads(original)
            for key in way:
                node = node[key]
            if value is _REMOVED:
                del node[last]
            else:
                node[last] = value
            (versioned / "manifest.json").write_text(json.dumps(manifest))
            _assert_unchanged(_read(versioned))


def test_a_manifest_with_damaged_bytes_is_refused_or_means_the_same_files(versioned):
    rng, content = random.Random(286), (versioned / "manifest.json").read_bytes()
    for _ in range(400):
        (versioned / "manifest.json").write_bytes(_damage(rng, content))
        _assert_unchanged(_read(versioned))
