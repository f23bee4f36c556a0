import numpy as np
import pytest

from tilewright.data import ImageData, Split, load_data
from tilewright.data.image_data import fixed_order
from tilewright.errors import ConfigError, DataError, UnknownNameError


def split(*labels: int) -> Split:
    return Split(np.zeros((len(labels), 1, 2, 3), np.uint8), np.array(labels, np.int64))


def test_sizes_and_types_of_a_split_are_checked():
    images = np.zeros((2, 1, 2, 3), np.uint8)
    with pytest.raises(
        DataError, match=r"^images must be \(n, c, h, w\) and labels \(n,\), not \(2, 1, 2, 3\)"
    ):
        Split(images, np.zeros(3, np.int64))
    with pytest.raises(
        DataError, match=r"^images must be uint8 or int8, and labels int64, not float64 and int64"
    ):
        Split(images.astype(float), np.zeros(2, np.int64))


def test_a_label_without_a_class_is_named():
    with pytest.raises(
        DataError, match=r"^toy: labels of the test split must be 0\.\.1, but run from 0 to 2"
    ):
        ImageData("toy", ("a", "b"), split(0, 1), split(1), split(0, 2))
    with pytest.raises(DataError, match=r"^toy: the holdout split must not be empty"):
        ImageData("toy", ("a", "b"), split(0, 1), split(), split(0))


def test_the_fingerprint_sees_every_pixel_and_label():
    data = ImageData("toy", ("a", "b"), split(0, 1), split(1), split(0, 1))
    before = data.fingerprint()
    data.test.images[1, 0, 1, 2] = 1
    changed = data.fingerprint()
    data.holdout.labels[0] = 0
    assert len({before, changed, data.fingerprint()}) == 3


def test_the_fixed_order_is_pinned():
    assert fixed_order(8).tolist() == [6, 3, 1, 7, 0, 2, 4, 5]


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(
        UnknownNameError, match=r"^there is no data set 'cifar': did you mean 'cifar10'\? valid"
    ):
        load_data("cifar")
    with pytest.raises(
        UnknownNameError, match=r"^there is no data set 'xyz': valid names are digits, cifar10$"
    ):
        load_data("xyz")


def test_digits_take_no_folder(tmp_path):
    with pytest.raises(ConfigError, match=r"^digits are bundled and take no data_dir"):
        load_data("digits", data_dir=tmp_path)
