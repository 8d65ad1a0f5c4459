"""What a gate found as JUnit XML: a test suite for each case, a test for each metric."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from itertools import groupby

from . import formatting
from .checks import GateReport, MetricCheck, Verdict

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAME = "tgbench gate"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: GateReport) -> str:
    """Return the document."""
    suites = [
        (case, list(checks))
        for case, checks in groupby(report.checks, key=lambda check: check.case)
    ]
    counts = _counts(report.checks)
    # The usual schema gives the whole document every count but this one.
    del counts["skipped"]
    root = ET.Element("testsuites", {"name": _NAME, **counts})
    for case, checks in suites:
        suite = ET.SubElement(root, "testsuite", {"name": _legal(case), **_counts(checks)})
        for check in checks:
            _add(suite, check)
    return _document(root)


def render_error(kind: str, message: str) -> str:
    """Return the document of a comparison that did not take place."""
    counts = {"tests": "1", "failures": "0", "errors": "1", "time": "0"}
    root = ET.Element("testsuites", {"name": _NAME, **counts})
    suite = ET.SubElement(root, "testsuite", {"name": _NAME, **counts, "skipped": "0"})
    marks = {"name": "comparison", "classname": _NAME, "time": "0"}
    test = ET.SubElement(suite, "testcase", marks)
    text = _legal(message)
    ET.SubElement(test, "error", {"message": text, "type": kind}).text = text
    return _document(root)


def _document(root: ET.Element) -> str:
    ET.indent(root)
    return f"{_HEAD}{ET.tostring(root, encoding='unicode')}\n"


def _add(suite: ET.Element, check: MetricCheck) -> None:
    test = ET.SubElement(
        suite,
        "testcase",
        {"name": _legal(check.metric), "classname": _legal(check.case), "time": "0"},
    )
    message = _legal(formatting.sentence(check))
    if check.verdict.fails:
        marks = {"message": message, "type": check.verdict.value}
        ET.SubElement(test, "failure", marks).text = message
    elif check.verdict is Verdict.NOT_COMPARABLE:
        ET.SubElement(test, "skipped", {"message": message})
    else:
        ET.SubElement(test, "system-out").text = message


def _counts(checks: Iterable[MetricCheck]) -> dict[str, str]:
    verdicts = [check.verdict for check in checks]
    return {
        "tests": str(len(verdicts)),
        "failures": str(sum(verdict.fails for verdict in verdicts)),
        "errors": "0",
        "skipped": str(verdicts.count(Verdict.NOT_COMPARABLE)),
        "time": "0",
    }


def _legal(text: str) -> str:
    """Replace what XML cannot hold, not even escaped."""
    return _NOT_IN_XML.sub("\ufffd", text)
