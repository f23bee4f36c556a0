"""The descriptor in Python is the struct in the package, field by field."""

from __future__ import annotations

import re

import pytest

from tilewright.errors import ShapeError
from tilewright.rtl import PACKAGE, RTL_DIR
from tilewright.rtl.descriptor import DATAFLOWS, FUNCTIONS, LayerDescriptor
from tilewright.spec import ConvShape, OutputFunction, Schedule

TEXT = re.sub(r"//.*", "", (RTL_DIR / PACKAGE).read_text())
CONSTANTS = {name: int(n) for name, n in re.findall(r"localparam int (\w+)\s*= (\d+);", TEXT)}
SHAPE = ConvShape(3, 5, 4, 6, 3, 2, stride=(2, 1), padding=(1, 0))


def struct(name: str) -> dict[str, int]:
    """Fields of a struct of the package with their bits, structs within it written out."""
    body = re.findall(r"struct packed \{([^}]*)\}\s*(\w+);", TEXT)
    (fields,) = (text for text, found in body if found == name)
    bits: dict[str, int] = {}
    for kind, width, field in re.findall(r"(\w+)\s*(?:\[\s*(\w+)-1:0\])?\s+(\w+);", fields):
        if kind == "logic":
            bits[field] = CONSTANTS[width] if width else 1
        elif kind.endswith("_t"):
            bits |= struct(kind)
        else:
            bits[field] = int(re.findall(r"(\d+):0\] \{[^}]*\}\s*" + kind, TEXT)[0]) + 1
    return bits


def names(enum: str) -> list[tuple[str, int]]:
    (body,) = re.findall(r"enum logic \[1:0\] \{([^}]*)\}\s*" + enum, TEXT)
    return [(name, int(n)) for name, n in re.findall(r"(\w+)\s*= 2'd(\d)", body)]


def descriptor(mode: str = "ws", **changed: int) -> LayerDescriptor:
    plan = {"itiles": 2, "otiles": 3, "steps": 18, "passes": 4} | changed
    return LayerDescriptor.of(
        SHAPE,
        mode,
        **plan,
        schedule=Schedule(is_overlapped=True, is_skipping=True),
        saturate=True,
        output=OutputFunction("leaky", 5),
    )


def test_fields_have_the_names_the_order_and_the_bits_of_the_struct() -> None:
    assert list(struct("layer_t").items()) == list(LayerDescriptor.widths().items())


def test_numbers_are_those_of_the_enums() -> None:
    assert names("dataflow_e") == [
        ("WeightStationary", DATAFLOWS.index("ws")),
        ("TwoChannels", DATAFLOWS.index("simd")),
        ("OutputStationary", DATAFLOWS.index("os")),
    ]
    assert [(name.lower(), n) for name, n in names("function_e")] == [
        (name, n) for n, name in enumerate(FUNCTIONS)
    ]


def test_fields_of_a_layer() -> None:
    """Padded 7 x 4, ofmap 3 x 3."""
    values = descriptor("simd", steps=1, passes=1).values()
    assert list(values.values()) == [1, 1, 1, 1, 1, 5, 7, 4, 3, 2, 2, 1, 3, 3, 2, 3, 1, 1, 28, 8, 9]
    os = descriptor("os")
    assert (os.dataflow, os.steps, os.passes) == (2, 18, 4)


def test_the_word_has_the_first_field_highest() -> None:
    word = descriptor().word
    assert word & 0xFFFFFFFF == 9
    assert word >> (sum(LayerDescriptor.widths().values()) - 5) == 0b00111
    assert word < 1 << (12 + 12 * 16 + 3 * 32)


def test_a_size_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"^passes of .* must be in 0\.\.65535, but is 70000: use"):
        descriptor("os", passes=70_000)
