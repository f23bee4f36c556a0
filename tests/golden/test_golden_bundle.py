"""The format stands still: a committed bundle is read, and written again, byte for byte."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np

from tests.golden import regenerate as golden
from tilewright.vectors import decode_bundle, read_bundle


def _contents(folder):
    """Bytes by file name; the versions of the writing programs are no part of the format."""
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(contents.pop("manifest.json"))
    del manifest["versions"]
    return contents, manifest


def test_todays_writer_writes_the_committed_bytes(tmp_path):
    golden.write_golden(tmp_path / "bundle")
    assert _contents(tmp_path / "bundle") == _contents(golden.FOLDER)


def test_todays_reader_reads_the_committed_tensors():
    tensors = decode_bundle(read_bundle(golden.FOLDER))
    np.testing.assert_array_equal(tensors.weight, golden.WEIGHT)
    np.testing.assert_array_equal(tensors.codes, golden.CODES)
    np.testing.assert_array_equal(tensors.psums, golden.psums())


def test_a_manifest_of_version_1_is_read(tmp_path):
    """It lies in folders of users: the same files, the same hashes, the same tensors."""
    folder = shutil.copytree(golden.FOLDER, tmp_path / "bundle")
    shutil.copy(golden.VERSION_1, folder / "manifest.json")
    assert json.loads(golden.VERSION_1.read_text())["version"] == 1
    assert read_bundle(folder) == replace(read_bundle(golden.FOLDER), folder=folder)
    np.testing.assert_array_equal(decode_bundle(read_bundle(folder)).psums, golden.psums())
    assert golden.write_golden(folder) == read_bundle(folder)
    assert _contents(folder) == _contents(golden.FOLDER)


def test_the_manifest_keeps_its_order_so_that_a_change_shows_as_a_small_difference():
    keys = list(json.loads((golden.FOLDER / "manifest.json").read_text()))
    assert keys == [
        *("kind", "version", "layer", "sample", "shape", "array", "act_format", "weight_format"),
        *("scales", "layout", "files", "versions"),
    ]
