"""How sizes are written for files without a manifest."""

import re

import pytest

from tilewright.bundles import Geometry
from tilewright.errors import ConfigError, FormatError, ShapeError
from tilewright.spec import ArrayShape, ConvShape, NumberFormat

WHOLE = "ic=3,oc=4,size=5x6,kernel=1x3,stride=2x1,padding=0x1,bits=2/4/16,rows=8,cols=16"


def test_every_size_is_read_vertical_first():
    geometry = Geometry.parse(WHOLE)
    assert geometry.shape == ConvShape(3, 5, 6, 4, 1, 3, stride=(2, 1), padding=(0, 1))
    assert geometry.array == ArrayShape(8, 16, psum_bits=16)
    assert geometry.act_format == NumberFormat(2, is_signed=False)
    assert geometry.weight_format == NumberFormat(4, is_signed=True)


def test_one_number_is_both_of_a_pair_and_stride_1_without_padding_is_left_out():
    geometry = Geometry.parse("ic=1, oc=1, size=4, kernel=3, bits=4/4/16, rows=1, cols=1")
    assert geometry.shape == ConvShape(1, 4, 4, 1, 3, 3)


def test_padding_of_four_sides_is_written_from_the_top():
    """Above, left, below and right."""
    geometry = Geometry.parse(WHOLE.replace("padding=0x1", "padding=0x1x2x0"))
    assert geometry.shape.edges == ((0, 2), (1, 0))


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ("ic=3,", "", ConfigError, "the geometry must also say ic: write ic=8,oc=8,size=4"),
        ("ic=3", "ic=3,ic=3", ConfigError, "each key once; 'ic=3' does not fit"),
        ("ic=3", "in=3", ConfigError, "a geometry is written ic=8,.*'in=3' does not fit"),
        ("ic=3", "ic", ConfigError, "'ic' does not fit"),
        ("ic=3", "ic=3x4", ConfigError, "ic must be written ic=N, not '3x4'"),
        ("ic=3", "ic=-3", ConfigError, "ic must be written ic=N, not '-3'"),
        ("ic=3", "ic=٣", ConfigError, "ic must be written ic=N, not '٣'"),
        ("5x6", "5x6x7", ConfigError, "size must be written size=NxN, not '5x6x7'"),
        ("2/4/16", "4", ConfigError, "bits must be written activation/weight/psum, .*, not '4'"),
        ("2/4/16", "4/s4/16", ConfigError, "or bits=s4/4/16 where .* signed, not '4/s4/16'"),
        ("ic=3", "ic=3,groups=3", ConfigError, "no 'groups': files are of one group: .* ic=1,oc=1"),
        ("ic=3", "ic=3,dilation=2", ConfigError, "no 'dilation': state the kernel with its gaps"),
        ("0x1,", "0x1x2,", ConfigError, "padding must be written padding=NxN, not '0x1x2'"),
        ("ic=3", "ic=0", ShapeError, "sizes and strides must be at least 1"),
        ("1x3", "9", ShapeError, "the kernel 9x9 must fit the padded plane 5x8"),
        ("2/4/16", "2/4/99", ShapeError, "a psum has 4..48 bits, not 99"),
        ("2/4/16", "0/4/16", FormatError, "a number format has 1..64 bits, not 0"),
    ],
)
def test_what_does_not_fit_is_named(old, new, error, message):
    with pytest.raises(error, match=message if "*" in message else re.escape(message)):
        Geometry.parse(WHOLE.replace(old, new))
