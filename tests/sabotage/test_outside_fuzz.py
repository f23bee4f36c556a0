"""A slice of ``benchmarks/fuzz.py``: damaged data of every kind is refused in a line, or read as it says."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from unittest import mock

import pytest

pytest.importorskip("pyslang")
pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

from benchmarks import fuzz as program

from tests.outside_fuzz import Fuzz
from tilewright.programs.jobs import run_job
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


def test_a_share_of_the_cases_is_a_job_with_all_that_it_needs(fuzz: Fuzz) -> None:
    """Done in a folder of its own, it sees what the cases do here; two shares are two jobs."""
    asked = program.Question(SEED, 3, 13, limit=10.0)
    (job,) = program.jobs_of(asked)
    seen = program.Seen()
    seen.take(run_job(job))
    assert seen.counts == Counter(fuzz.case(number) for number in range(3, 13))
    assert seen.failures == []
    assert len({one.fingerprint for one in program.jobs_of(asked, size=4)}) == 3


def test_a_case_that_ends_its_process_is_found_and_costs_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def case(_: object, number: int) -> tuple[str, str]:
        if number == 6:
            os._exit(7)
        if number == 9:
            raise ValueError
        return "kind", "read"

    monkeypatch.setattr(program.Fuzz, "__init__", lambda *_: None)
    monkeypatch.setattr(program.Fuzz, "case", case)
    monkeypatch.setattr(program.Fuzz, "kind_of", lambda *_: "kind")
    seen = program.share(program.Question(SEED, 0, 20, limit=10.0))
    assert dict(seen.counts) == {
        ("kind", "read"): 18,
        ("kind", "crash"): 1,
        ("kind", "traceback"): 1,
    }
    first, second = seen.failures
    assert first == "case 6 (kind): crash: the process ended with 7"
    assert second.startswith("case 9 (kind): traceback: Traceback")
    assert seen.to_facts()["cases"] == 20
