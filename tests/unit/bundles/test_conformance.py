"""The packs of the bundle format: two readers that share no line say of each what it states."""

import ast
import base64
import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.chain import tilewright

ROOT = Path(__file__).parents[3]
PLACE = ROOT / "examples" / "bundle_format"
PACKS = json.loads((PLACE / "packs.json").read_text())["packs"]
NAMES = [pack["name"] for pack in PACKS]


def load(name):
    spec = importlib.util.spec_from_file_location(name, PLACE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reader = load("reader")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Each pack as a folder, by name."""
    root, files = tmp_path_factory.mktemp("packs"), {}
    for pack in PACKS:
        before = files.get(pack.get("from"), {})
        kept = {name: text for name, text in before.items() if name not in pack.get("removed", [])}
        files[pack["name"]] = kept | pack["files"]
        folder = root / pack["name"]
        folder.mkdir()
        for name, text in files[pack["name"]].items():
            content = text.encode() if isinstance(text, str) else base64.b64decode(text["base64"])
            (folder / name).write_bytes(content)
    return root


@pytest.mark.parametrize("pack", PACKS, ids=NAMES)
def test_verify_bundle_says_what_the_pack_states(pack, folders):
    done = tilewright("verify-bundle", folders / pack["name"])
    assert done.returncode == pack["status"], done.stdout + done.stderr
    assert (pack["status"] == 0) == pack["valid"]


@pytest.mark.parametrize("pack", PACKS, ids=NAMES)
def test_so_does_a_reader_of_numpy_and_json_alone(pack, folders):
    folder = folders / pack["name"]
    if pack["profile"] == "full":
        with pytest.raises(reader.Unsupported):
            reader.check(folder)
    elif pack["valid"]:
        assert reader.check(folder) > 0
    else:
        with pytest.raises(reader.Refused):
            reader.check(folder)


def test_the_second_reader_imports_nothing_of_the_first():
    tree = ast.parse((PLACE / "reader.py").read_text())
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    roots = {
        name.split(".")[0]
        for node in imported
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names])
    }  # fmt: skip
    assert roots - set(sys.stdlib_module_names) == {"numpy"}


def test_the_packs_are_what_their_script_makes():
    assert load("make_packs").dumped() == (PLACE / "packs.json").read_text()


def test_both_readers_count_the_same_numbers(folders):
    for name in ("ws", "ws-version-1", "unpadded", "hex", "packed", "decimal", "signed"):
        found = json.loads(tilewright("verify-bundle", folders / name, "--json").stdout)
        assert found["compared"] == reader.check(folders / name)


def test_a_number_that_both_must_notice(folders, tmp_path):
    """Sabotage: a valid pack with one weight, and its hash, changed."""
    folder = Path(shutil.copytree(folders / "packed", tmp_path / "bundle"))
    facts = json.loads((folder / "manifest.json").read_text())
    path = folder / next(reader.Manifest(folder).names("weight"))[0]
    content = bytearray(path.read_bytes())
    content[0] ^= 2
    path.write_bytes(content)
    with pytest.raises(reader.Refused, match="sha256"):
        reader.check(folder)
    facts["files"]["weight"] = reader.hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(facts))
    with pytest.raises(reader.Refused, match="differ"):
        reader.check(folder)
    assert tilewright("verify-bundle", folder).returncode == 1
