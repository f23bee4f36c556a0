"""The judgements as JUnit XML, one test case each, for continuous integration."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from tilewright.facts import RunFacts
from tilewright.report.summary import Reason
from tilewright.spec import Check
from tilewright.store.xml_text import legal


def junit_xml(run: RunFacts, reasons: Sequence[Reason]) -> str:
    """JUnit XML with one test suite for each stage that has checks or stands against the verdict.

    reasons: those of the summary; each is one failure, so that a run that fails has a failure here.
    """
    root = ElementTree.Element("testsuites", name="tilewright")
    cases = {result.stage: list(result.checks) for result in run.results}
    for reason in reasons:
        known = cases.setdefault(reason.check.stage, [])
        if reason.check not in known:
            known.append(reason.check)
    seconds = {result.stage: result.seconds for result in run.results}
    for stage, checks in cases.items():
        if checks:
            _add_suite(root, stage, checks, seconds.get(stage, 0.0))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_suite(
    root: ElementTree.Element, stage: str, checks: Sequence[Check], seconds: float
) -> None:
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=stage,
        tests=str(len(checks)),
        failures=str(sum(not check.passed for check in checks)),
        time=f"{seconds:.3f}",
    )
    for check in checks:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"tilewright.{stage}", name=legal(check.name)
        )
        if check.passed:
            ElementTree.SubElement(case, "system-out").text = legal(check.evidence)
        else:
            ElementTree.SubElement(case, "failure", message=legal(check.evidence))
