"""What a gate found as JUnit XML: a test suite for each case, a test for each metric."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from itertools import groupby

from . import texts
from .judging import Judgement, Row, Verdict

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAME = "tgbench gate"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(found: Judgement) -> str:
    """Return the document."""
    suites = [(case, list(rows)) for case, rows in groupby(found.rows, key=lambda row: row.case)]
    counts = _counts(found.rows)
    # The usual schema gives the whole document every count but this one.
    del counts["skipped"]
    root = ET.Element("testsuites", {"name": _NAME, **counts})
    for case, rows in suites:
        suite = ET.SubElement(root, "testsuite", {"name": _legal(case), **_counts(rows)})
        for row in rows:
            _add(suite, row)
    return _document(root)


def render_error(kind: str, told: str) -> str:
    """Return the document of a comparison that did not take place."""
    counts = {"tests": "1", "failures": "0", "errors": "1", "time": "0"}
    root = ET.Element("testsuites", {"name": _NAME, **counts})
    suite = ET.SubElement(root, "testsuite", {"name": _NAME, **counts, "skipped": "0"})
    marks = {"name": "comparison", "classname": _NAME, "time": "0"}
    test = ET.SubElement(suite, "testcase", marks)
    message = _legal(told)
    ET.SubElement(test, "error", {"message": message, "type": kind}).text = message
    return _document(root)


def _document(root: ET.Element) -> str:
    ET.indent(root)
    return f"{_HEAD}{ET.tostring(root, encoding='unicode')}\n"


def _add(suite: ET.Element, row: Row) -> None:
    test = ET.SubElement(
        suite,
        "testcase",
        {"name": _legal(row.metric), "classname": _legal(row.case), "time": "0"},
    )
    told = _legal(texts.sentence(row))
    if row.verdict.fails:
        marks = {"message": told, "type": row.verdict.value}
        ET.SubElement(test, "failure", marks).text = told
    elif row.verdict is Verdict.NOT_COMPARABLE:
        ET.SubElement(test, "skipped", {"message": told})
    else:
        ET.SubElement(test, "system-out").text = told


def _counts(rows: Iterable[Row]) -> dict[str, str]:
    verdicts = [row.verdict for row in rows]
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
