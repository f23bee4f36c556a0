"""The checks as JUnit XML, one test case a check, for continuous integration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree


def junit_xml(stages: Mapping[str, Mapping[str, Any]]) -> str:
    """JUnit XML with one test suite for each stage that has checks."""
    root = ElementTree.Element("testsuites", name="tilewright")
    for stage, facts in stages.items():
        checks = facts.get("checks", ())
        if not checks:
            continue
        failures = sum(not check["passed"] for check in checks)
        suite = ElementTree.SubElement(
            root, "testsuite", name=stage, tests=str(len(checks)), failures=str(failures)
        )
        for check in checks:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"tilewright.{stage}", name=check["name"]
            )
            if not check["passed"]:
                ElementTree.SubElement(case, "failure", message=check["evidence"])
            else:
                ElementTree.SubElement(case, "system-out").text = check["evidence"]
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
