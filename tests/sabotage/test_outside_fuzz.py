"""A slice of ``benchmarks/fuzz.py``: damaged data of every kind is refused in a line, or read as it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from unittest import mock

import pytest

pytest.importorskip("pyslang")
pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

from tests.outside_fuzz import Fuzz
from tilewright.spec import IntegerNetwork

SEED = 284


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzz]:
    """Valid files of every kind; nothing here needs to outlive the computer."""
    with mock.patch("os.fsync"):
        yield Fuzz(tmp_path_factory.mktemp("outside"), SEED)


def test_a_slice_of_every_kind_is_refused_or_read(fuzz: Fuzz) -> None:
    seen = Counter[str]()
    for number in range(250):
        kind, outcome = fuzz.case(number)
        seen[f"{kind} refused" if outcome == "refused" else f"{kind} read"] += 1
    kinds = set(fuzz.kinds) - {"testbench", "vector hash"}
    assert {f"{kind} refused" for kind in kinds} <= set(seen)
    assert {f"{kind} read" for kind in kinds - {"vector file", "manifest"}} <= set(seen)


def test_a_parser_that_forgets_a_number_is_found(
    fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network whose fingerprint changes on the way through the file is a wrong tensor."""
    asked = iter(range(10_000))
    monkeypatch.setattr(IntegerNetwork, "fingerprint", lambda _: str(next(asked)))
    numbers = [n for n in range(400) if fuzz.kind_of(n) == "network"]
    with pytest.raises(AssertionError, match="another network came back"):
        list(map(fuzz.case, numbers))


def test_a_parser_that_raises_what_it_should_not_is_found(
    fuzz: Fuzz, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.outside_fuzz.read_onnx", lambda _: 1 // 0)
    number = next(n for n in range(400) if fuzz.kind_of(n) == "onnx")
    with pytest.raises(ZeroDivisionError):
        fuzz.case(number)
