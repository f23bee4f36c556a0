"""Trials as JUnit XML, one test case each, for continuous integration."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from tilewright.store.xml_text import legal
from tilewright.trials.several import Trials


def trials_junit(trials: Trials, causes: dict[str, str]) -> str:
    """JUnit XML; a trial that came to no judgement is an error, not a failure.

    causes: by the bundle's folder, what is known of why it failed.
    """
    count = {status: str(trials.count(status)) for status in ("fail", "error")}
    counts: dict[str, Any] = {
        "tests": str(len(trials.trials)),
        "failures": count["fail"],
        "errors": count["error"],
    }
    seconds = f"{trials.seconds:.3f}"
    root = ElementTree.Element("testsuites", name="tilewright try", time=seconds, **counts)
    suite = ElementTree.SubElement(
        root, "testsuite", name=legal(trials.command), time=seconds, **counts
    )
    for trial in trials.trials:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"tilewright.{legal(trial.bundle.layer_name)}",
            name=legal(str(trial.bundle.folder)),
            time=f"{trial.seconds:.3f}",
        )
        if trial.status == "pass":
            ElementTree.SubElement(case, "system-out").text = legal(trial.evidence)
            continue
        tag = "failure" if trial.status == "fail" else "error"
        problem = ElementTree.SubElement(case, tag, message=legal(trial.evidence))
        problem.text = legal(causes.get(str(trial.bundle.folder), ""))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
