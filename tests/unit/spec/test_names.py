"""Names from outside: shown in a line, and never more than a file in the folder where they are used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.networks import chain, link
from tilewright.errors import FormatError, ShapeError
from tilewright.spec import IntegerNetwork, MaxPool, NumberFormat, ResidualAdd
from tilewright.spec.names import MAX_NAME, check_name, file_names

WILD = [
    *(
        "..",
        ".",
        "../../../PWNED",
        "/abs/path",
        "a/b",
        "a\\b",
        "C:x",
        ".hidden",
        "-oevil",
        "",
        "a:1",
    ),
    *("x" * 200, "nul", "COM1.txt", "end.", "a b", "\u202eevil", "\0", "ä", "'; rm -rf *", "%s"),
]


@pytest.mark.parametrize("name", WILD)
def test_a_wild_name_becomes_a_file_of_its_folder(name: str, tmp_path: Path) -> None:
    file = file_names([name])[name]
    assert (tmp_path / file).resolve().parent == tmp_path.resolve()
    assert file.isascii()
    assert file.isprintable()
    assert len(file) <= 80
    assert not file.startswith((".", "-"))


@pytest.mark.parametrize("name", ["features.0", "conv_1", "0", "layer1.0.add", "a-b"])
def test_a_plain_name_stays(name: str) -> None:
    assert file_names([name, "another"])[name] == name


def test_names_that_differ_in_letter_case_only_get_files_of_their_own() -> None:
    files = file_names(["Conv", "conv", "CONV", "other"])
    assert len({file.casefold() for file in files.values()}) == 4
    assert files["other"] == "other"


def test_a_file_that_others_have_is_left_to_them() -> None:
    assert (
        file_names(["corner-vectors"], taken=("corner-vectors",))["corner-vectors"]
        != "corner-vectors"
    )


def test_two_names_that_come_to_one_file_are_refused() -> None:
    hidden = file_names(["../x"])["../x"]
    with pytest.raises(FormatError, match=r"must have files of their own, but both come to 'x-"):
        file_names(["../x", hidden])


@given(st.lists(st.text(max_size=250), unique=True, max_size=6))
def test_no_two_names_share_a_file(names: list[str]) -> None:
    try:
        files = file_names(names)
    except FormatError:
        return
    assert list(files) == names
    assert len({file.casefold() for file in files.values()}) == len(names)


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "\x1b[2J", "x" * (MAX_NAME + 1), 7, None])
def test_a_name_that_no_line_can_show_is_refused(name: object) -> None:
    with pytest.raises(
        FormatError, match=r"^the name of a node must be 1\.\.200 characters that can"
    ):
        check_name(name, "a node")


def test_a_network_has_no_name_that_no_line_can_show() -> None:
    nodes = chain(np.random.default_rng(0)).nodes
    with pytest.raises(FormatError, match=r"^the name of a node must be .*'a\\x00b'"):
        IntegerNetwork((*nodes[:2], replace(nodes[2], name="a\0b")))


def test_no_node_is_called_like_an_operand_or_an_array_of_another() -> None:
    codes = NumberFormat(4, is_signed=False)
    add = ResidualAdd("add", (2, 1, 1), codes, 1.0)
    with pytest.raises(
        ShapeError, match=r"^no two nodes may share 'add:1', which their names make"
    ):
        IntegerNetwork((replace(add, name="add:1"), add))
    steps = link(np.random.default_rng(0), "weight", 8, codes, reach=9)
    first = replace(chain(np.random.default_rng(0)).nodes[0], requantizations=())
    twin = replace(first, name="first.thresholds")
    with pytest.raises(ShapeError, match=r"share 'first\.thresholds\.weight'"):
        IntegerNetwork(
            (twin, replace(first, requantizations=(steps,)), replace(first, name="weight"))
        )


@pytest.mark.parametrize(
    "sizes",
    [
        *(((2, 2), (0, 1)), ((2,), (1, 1)), ((2.0, 2), (1, 1)), ((2, 2), (1, 1), (2, 0))),
        *(((2, 2), (1, 1), (0, -1)), ("22", (1, 1)), ((-1, 2), (1, 1))),
    ],
)
def test_a_pool_of_wild_sizes_is_refused(sizes: tuple[object, ...]) -> None:
    with pytest.raises(ShapeError, match=r"^a max-pool"):
        MaxPool(*sizes)
