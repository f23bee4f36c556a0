"""The judgements as JUnit XML, one test case each, for continuous integration."""

from __future__ import annotations

from collections.abc import Sequence

from tilewright.facts import RunFacts
from tilewright.report.summary import Reason
from tilewright.spec import Check
from tilewright.store.junit import Case, Suite, junit_text


def junit_xml(run: RunFacts, reasons: Sequence[Reason]) -> str:
    """JUnit XML with one test suite for each stage that has checks or stands against the verdict.

    reasons: those of the summary; each is one failure, so that a run that fails has a failure here.
    """
    cases = {result.stage: list(result.checks) for result in run.results}
    for reason in reasons:
        known = cases.setdefault(reason.check.stage, [])
        if reason.check not in known:
            known.append(reason.check)
    seconds = {result.stage: result.seconds for result in run.results}
    return junit_text(
        [
            Suite(stage, [_case(stage, check) for check in checks], seconds.get(stage, 0.0))
            for stage, checks in cases.items()
            if checks
        ]
    )


def _case(stage: str, check: Check) -> Case:
    kind = "" if check.passed else "failure"
    return Case(group=stage, name=check.name, kind=kind, evidence=check.evidence)
