"""JUnit XML, for continuous integration: what every reader of it asks for, nothing that only one knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

KINDS = ("failure", "error")
"""Of a case that did not pass: what was judged is wrong, or there was no judgement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One judgement.

    kind: of `KINDS`; "" where it passed. evidence: one line, with the place. more: what else is known.
    """

    group: str
    name: str
    kind: str
    evidence: str
    more: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases that belong together, and how long all of them took."""

    name: str
    cases: Sequence[Case]
    seconds: float


def junit_text(suites: Sequence[Suite]) -> str:
    """One document.

    The text of what did not pass begins with its evidence, which is its message, too: some readers show
    the one, some the other. Characters that XML cannot hold are replaced.
    """
    root = ElementTree.Element("testsuites", {"name": "tilewright"} | _totals(suites))
    for suite in suites:
        facts = {"name": legal(suite.name)} | _totals([suite]) | {"skipped": "0"}
        _add_cases(ElementTree.SubElement(root, "testsuite", facts), suite.cases)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _totals(suites: Sequence[Suite]) -> dict[str, str]:
    cases = [case for suite in suites for case in suite.cases]
    counts = {f"{kind}s": str(sum(case.kind == kind for case in cases)) for kind in KINDS}
    seconds = sum(suite.seconds for suite in suites)
    return {"tests": str(len(cases)), **counts, "time": f"{seconds:.3f}"}


def _add_cases(suite: ElementTree.Element, cases: Sequence[Case]) -> None:
    for case in cases:
        facts = {"classname": legal(f"tilewright.{case.group}"), "name": legal(case.name)}
        element = ElementTree.SubElement(suite, "testcase", facts, time=f"{case.seconds:.3f}")
        evidence = legal(case.evidence)
        if not case.kind:
            ElementTree.SubElement(element, "system-out").text = evidence
            continue
        told = ElementTree.SubElement(element, case.kind, message=evidence, type=case.kind)
        told.text = legal("\n".join(part for part in (case.evidence, case.more) if part))


def legal(text: str) -> str:
    """`text` without the characters that XML 1.0 cannot hold: control characters in a layer's name."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
