"""Arrays in C sources, as anybody writes them; what is no array of numbers is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tilewright.vectors.c_arrays import has_hex_words, read_c_arrays

ARRAYS = {
    "const int8_t w[2][2] = {{1, -2}, {0xff, 4}};": [[1, -2], [-1, 4]],
    "static const uint8_t x[4] = {1u, 0x0F, 0b11, 200};": [1, 15, 3, 200],
    "elem_t A[2][3] row_align(1) = {{1,2,3},{4,5,6},};": [[1, 2, 3], [4, 5, 6]],
    "int b[ROWS][2] __attribute__((aligned(64))) = {\n {1, 2}, // one\n {3, 4} /* 2 */\n};": [[1, 2], [3, 4]],
    "ap_int<4> w[3] = {0xf, 7, -8};": [-1, 7, -8],
    "short s[2][2] = {1, 2, 3};": [[1, 2], [3, 0]],
    "const float f[2] = {1.0f, -2.f};": [1.0, -2.0],
    "std::int32_t y[] = {1'000, -7L};": [1000, -7],
}  # fmt: skip


@pytest.mark.parametrize("text", ARRAYS)
def test_arrays_are_read_as_a_compiler_does(text):
    content = f"#include <x.h>\n#define N 3\nint n = 4;\n{text}\nint main() {{ return 0; }}\n"
    ((_, found),) = read_c_arrays(content.encode(), Path("x.h")).items()
    np.testing.assert_array_equal(found, ARRAYS[text])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int a[2] = {ONE, 2};", "x.h: a must be numbers in braces alone, but has 'ONE, 2};"),
        ("int a[2][2] = {{1, 2}, {3}};", "x.h: a must be lists of one length"),
        ("int a[2] = {1, 2", "x.h: a must be numbers in braces alone, but has ''"),
        ("int a[1] = {[0] = 4};", "x.h: a must be numbers in braces alone, but has '[0] = 4};"),
        (f"int a[1] = {'{' * 9}", "x.h: a must have at most 8 braces around a number"),
    ],
)
def test_what_is_no_array_of_numbers_is_said(text, said):
    assert read_c_arrays(text.encode(), Path("x.h"))["a"].startswith(said)


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("const uint8_t w[2] = {\n  0xf1,\n  0x02,\n};", True),
        ("const uint8_t w[2] = {0xf1, 2};", False),
        ("uint8_t w[1] = {0xf1}; uint8_t x[1] = {0xf1};", False),
        ("0xf1", False),
    ],
)
def test_words_that_may_have_lanes(text, is_so):
    assert has_hex_words(text.encode()) == is_so
