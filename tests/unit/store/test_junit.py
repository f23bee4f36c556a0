"""JUnit XML as its readers ask for it: the attributes that Surefire's and Jenkins' schemas require."""

from __future__ import annotations

import copy
from xml.etree import ElementTree

import pytest

from tilewright.store.junit import Case, Suite, junit_text

SUITES = (
    Suite(
        "sh run.sh <sim>",
        (
            Case(group="conv", name="a", kind="", evidence="8 compared, 0 differ", seconds=0.25),
            Case(group="conv", name="b", kind="failure", evidence="first: oc=1", more="cause: x"),
            Case(group="conv", name="c", kind="error", evidence="no dump"),
        ),
        1.5,
    ),
    Suite("verify", (Case(group="verify", name="co\x01nv", kind="failure", evidence="\x0c"),), 2),
)
COUNTS = ("tests", "failures", "errors")
REQUIRED = {
    "testsuites": {"name", "time", *COUNTS},
    "testsuite": {"name", "time", "skipped", *COUNTS},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "system-out": set(),
}
WITHIN = {"testsuites": "testsuite", "testsuite": "testcase"}


def _check(root: ElementTree.Element) -> None:
    """Every element has what is required and nothing else, and every count is that of its cases."""
    for element in root.iter():
        assert set(element.attrib) == REQUIRED[element.tag], element.tag
        inner = {one.tag for one in element}
        assert inner <= {WITHIN.get(element.tag, "")} or element.tag == "testcase"
        for name in {"time", *COUNTS} & set(element.attrib):
            assert float(element.get(name)) >= 0
        if element.tag in WITHIN:
            cases = list(element.iter("testcase"))
            counted = [len(cases), *(_having(cases, kind) for kind in ("failure", "error"))]
            assert [int(element.get(name)) for name in COUNTS] == counted


def _having(cases: list[ElementTree.Element], kind: str) -> int:
    return sum(case.find(kind) is not None for case in cases)


def test_every_attribute_that_readers_require_is_there() -> None:
    root = ElementTree.fromstring(junit_text(SUITES))
    _check(root)
    assert [suite.get("time") for suite in root] == ["1.500", "2.000"]
    assert root.get("time") == "3.500"
    assert root[1][0].get("name") == "co\ufffdnv"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda root: root[0][1][0].attrib.pop("type"),
        lambda root: root[0].set("failures", "0"),
        lambda root: root[0][0].attrib.pop("time"),
        lambda root: root[1].remove(root[1][0]),
    ],
)
def test_a_document_without_one_of_them_would_be_seen(spoil) -> None:
    root = copy.deepcopy(ElementTree.fromstring(junit_text(SUITES)))
    spoil(root)
    with pytest.raises(AssertionError):
        _check(root)


def test_message_and_text_both_have_the_place() -> None:
    """GitLab shows the text of a failure alone, others its message."""
    failure = ElementTree.fromstring(junit_text(SUITES)).find("testsuite/testcase/failure")
    assert failure.get("message") == "first: oc=1"
    assert failure.text == "first: oc=1\ncause: x"
