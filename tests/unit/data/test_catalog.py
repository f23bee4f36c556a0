"""The test images alone, without the others."""

from pathlib import Path

import pytest

from tests.unit.data.test_cifar10 import content_of, small_files, write_files
from tilewright.data.catalog import load_test
from tilewright.data.cifar10 import TEST_FILE, decode_records
from tilewright.errors import ConfigError, DataError, UnknownNameError

assert small_files  # the fixture applies here too


@pytest.mark.parametrize("packed", [(), (TEST_FILE,)])
def test_one_file_is_enough_for_the_test_images(tmp_path, packed):
    write_files(tmp_path, packed=packed)
    expected = decode_records(content_of(5), TEST_FILE)
    for path in tmp_path.iterdir():
        if not path.name.startswith(TEST_FILE):
            path.unlink()
    alone = load_test("cifar10", data_dir=tmp_path)
    assert alone.fingerprint() == expected.fingerprint()
    assert (alone.images == expected.images).all()


def test_a_fingerprint_sees_a_label_and_a_pixel(tmp_path):
    write_files(tmp_path)
    before = load_test("cifar10", data_dir=tmp_path).fingerprint()
    path = Path(tmp_path / TEST_FILE)
    for place in (0, 5):
        content = bytearray(content_of(5))
        content[place] ^= 1
        path.write_bytes(content)
        assert load_test("cifar10", data_dir=tmp_path).fingerprint() != before


def test_what_is_missing_or_unknown_is_one_line(tmp_path):
    with pytest.raises(DataError, match=r"must hold test_batch.bin or test_batch.bin.xz"):
        load_test("cifar10", data_dir=tmp_path)
    with pytest.raises(UnknownNameError, match=r"^there is no data set 'cifar': did you mean"):
        load_test("cifar")
    with pytest.raises(ConfigError, match=r"^digits are bundled and take no data_dir"):
        load_test("digits", data_dir=tmp_path)


def test_the_test_images_of_the_digits():
    assert len(load_test("digits")) == 360
