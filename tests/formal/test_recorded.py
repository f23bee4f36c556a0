"""Which ports carry data: from two runs, or from a file; what does not fit is refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tilewright.errors import ConfigError, FormatError
from tilewright.formal.recorded import (
    PortRoles,
    differing_bits,
    distinct_operands,
    expect_known_control,
    read_roles,
)
from tilewright.waves import Recording

ONE = Recording(
    clock="clk",
    times=(5, 15, 25),
    inputs={"rst": ("1", "0", "0"), "x": ("00", "01", "10"), "w": ("0xx", "011", "010")},
    outputs={"y": ("xx", "xx", "01")},
    restless={},
)


def other(**values):
    return replace(ONE, inputs={**ONE.inputs, **values})


def test_what_differs_is_data_and_what_is_equal_is_control():
    two = other(x=("00", "01", "00"))
    assert distinct_operands(ONE, two) == PortRoles("clk", ("rst", "w"), ("x",), ("y",))
    three = other(w=("0xx", "001", "010"))
    assert distinct_operands(ONE, two, three) == PortRoles("clk", ("rst",), ("x", "w"), ("y",))
    assert differing_bits("w", ONE, two, three) == (1,)
    assert differing_bits("x", ONE, two, three) == (1,)


def test_outputs_that_differ_are_not_data():
    two = replace(other(x=("11", "11", "11")), outputs={"y": ("00", "00", "00")})
    assert distinct_operands(ONE, two).data == ("x",)


@pytest.mark.parametrize(
    ("runs", "error", "message"),
    [
        ((ONE,), ConfigError, r"by two runs or more, not 1"),
        ((ONE, ONE), FormatError, r"must differ in their data, but rst, x, w are equal in all 3 cycles"),
        (
            (ONE, Recording("clk", (5,), {"rst": ("1",), "x": ("0",), "w": ("0",)}, {"y": ("0",)}, {})),
            FormatError,
            r"must have the same control, but have 3 and 1 cycles",
        ),
        ((ONE, replace(ONE, clock="ck")), ConfigError, r"must be of the same ports"),
        ((ONE, replace(ONE, outputs={})), ConfigError, r"same ports, but their outputs are y and "),
        ((ONE, other(z=("0", "0", "0"))), ConfigError, r"inputs are rst, x, w and rst, x, w, z"),
    ],
)  # fmt: skip
def test_runs_that_tell_nothing(runs, error, message):
    with pytest.raises(error, match=message):
        distinct_operands(*runs)


def test_control_that_is_not_known_is_named():
    roles = PortRoles("clk", ("rst", "w"), ("x",), ("y",))
    with pytest.raises(
        FormatError, match=r"but w is 0xx in cycle 0 \(time 5\): set it from time 0"
    ):
        expect_known_control(ONE, roles)
    expect_known_control(ONE, PortRoles("clk", ("rst",), ("x", "w"), ("y",)))


ROLES = 'clock = "clk"\ncontrol = ["rst"]\ndata = ["x"]\noutputs = ["y"]\n'


def test_roles_are_read_from_a_file(tmp_path):
    path = tmp_path / "roles.toml"
    path.write_text(ROLES)
    assert read_roles(path) == PortRoles("clk", ("rst",), ("x",), ("y",))


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('clock = "clk"\n', "", r"must have the keys clock, .*, but not clock"),
        ('clock = "clk"', 'clock = "clk"\nreset = "r"', r"must have the keys .*, but also reset"),
        ('"clk"', "[1]", r"clock must be the name of a port, not \[1\]"),
        ('["x"]', '"x"', r"data must be a list of ports' names, not 'x'"),
        ('["x"]', "[1]", r"data must be a list of ports' names, not \[1\]"),
        ('["x"]', "[]", r"there must be a port in 'data', but there is none"),
        ('["y"]', "[]", r"there must be a port in 'outputs', but there is none"),
        ('["x"]', '["rst"]', r"a port must have one role, but rst has several"),
        ('["x"]', '["x", "x"]', r"a port must have one role, but x has several"),
        ('["x"]', '[""]', r"a port must have a name, but one is empty"),
        ("clock =", "clock", r"must be TOML with clock, control, data, outputs: "),
    ],
)
def test_roles_that_do_not_fit(tmp_path, right, wrong, message):
    path = tmp_path / "roles.toml"
    path.write_text(ROLES.replace(right, wrong))
    with pytest.raises(ConfigError, match=message):
        read_roles(path)
