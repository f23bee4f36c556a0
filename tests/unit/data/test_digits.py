import hashlib

import numpy as np
import pytest

from tilewright.data import load_data
from tilewright.data.digits import enlarge, read_digits
from tilewright.errors import ConfigError


def test_the_split_of_the_digits_never_changes():
    """Sizes, pixels, labels and order are pinned by a hash."""
    data = load_data("digits")
    assert (len(data.train), len(data.holdout), len(data.test)) == (1077, 360, 360)
    assert data.train.images.shape == (1077, 3, 32, 32)
    assert data.fingerprint() == "0cc2266ad538cce254f436a83c10353d74fe795c2bff45567838e9f1717a74c3"


def test_the_bundled_file_never_changes():
    """The hash was taken of scikit-learn's arrays."""
    images, labels = read_digits()
    assert images.dtype == labels.dtype == np.uint8
    assert (images.shape, labels.shape, images.max()) == ((1797, 8, 8), (1797,), 16)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert digest == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_the_bundled_file_is_what_scikit_learn_has():
    bunch = pytest.importorskip("sklearn.datasets").load_digits()
    images, labels = read_digits()
    np.testing.assert_array_equal(images, bunch.images)
    np.testing.assert_array_equal(labels, bunch.target)


def test_no_image_is_in_two_splits():
    data = load_data("digits")
    seen = [
        image.tobytes() for split in (data.train, data.holdout, data.test) for image in split.images
    ]
    assert len(set(seen)) == len(seen) == 1797


def test_enlarging_keeps_a_flat_image_flat_and_uses_the_whole_range():
    for ink, pixel in ((0, 0), (16, 255), (8, 128)):
        flat = np.full((1, 8, 8), ink, np.int64)
        assert (enlarge(flat) == pixel).all()


def test_enlarging_interpolates_by_hand_computed_eighths():
    """Between columns 0 and 16, the weights are 0, 0, 1/8, 3/8, 5/8, 7/8, 1, 1."""
    image = np.zeros((1, 2, 2), np.int64)
    image[:, :, 1] = 16
    row = [0, 0, 32, 96, 159, 223, 255, 255]  # (255 * eighths / 8 + 1/2) rounded down
    assert enlarge(image)[0].tolist() == [row] * 8


def test_enlarging_does_not_mix_up_rows_and_columns():
    image = np.zeros((1, 8, 8), np.int64)
    image[0, 1, 6] = 16
    row, column = np.unravel_index(enlarge(image)[0].argmax(), (32, 32))
    assert 4 <= row < 8
    assert 24 <= column < 28


def test_digits_take_no_other_holdout():
    with pytest.raises(ConfigError, match=r"^digits have a fixed hold-out and take no other"):
        load_data("digits", holdout=10)
