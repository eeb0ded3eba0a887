"""junit.xml: the run as a test report, for build servers. A check is a suite, a finding a test case.

Failures are `failure`, check errors `error`. Waived and unknown findings are `skipped` with the reason: they neither
fail a build nor count as passed. Passed rows are one case per check, since they are not stored one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from audit.model import Run
from checks.model import Finding, Status
from checks.texts import CheckText
from reports.breakdown import CheckView
from reports.commands import CommandBook
from reports.sanitize import visible
from reports.text import comparison, counted, in_utc
from reports.unknown_findings import group_facts
from reports.view import ReportView


def render(run: Run, view: ReportView) -> dict[str, bytes]:
    """`junit.xml` as UTF-8."""
    root = ElementTree.Element("testsuites", {"name": f"ecr-audit {run.id}"})
    book = CommandBook(run)
    for check in view.checks:
        root.append(_suite(check.text.id, list(_cases(check, book)), run))
    for text in view.not_selected:
        root.append(_suite(text.id, [_left_out(text, view.narrowed)], run))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return {"junit.xml": data + b"\n"}


def _left_out(text: CheckText, narrowed: str) -> ElementTree.Element:
    """A check that a narrowed run left out: skipped."""
    case = _case(text.id, text.title)
    ElementTree.SubElement(case, "skipped", {"message": visible(f"not evaluated: {narrowed}")})
    return case


def _suite(check: str, cases: list[ElementTree.Element], run: Run) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": check})
    suite.set("timestamp", in_utc(run.started_at).strftime("%Y-%m-%dT%H:%M:%S"))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(1 for case in cases if case.find(tag) is not None)))
    suite.set("tests", str(len(cases)))
    suite.set("time", "0")
    suite.extend(cases)
    return suite


def _cases(check: CheckView, book: CommandBook) -> Iterator[ElementTree.Element]:
    if passed := check.counts[Status.PASS]:
        yield _case(check.text.id, f"{counted(passed, *check.noun)} passed")
    if check.idle:
        case = _case(check.text.id, check.text.title)
        ElementTree.SubElement(case, "skipped", {"message": "does not apply to any resource of this run"})
        yield case
    if check.error:
        case = _case(check.text.id, check.text.title)
        ElementTree.SubElement(case, "error", {"message": visible(check.error), "type": "check-error"})
        yield case
    for finding in check.open:
        case = _of(check, finding)
        failure = ElementTree.SubElement(case, "failure", {"message": visible(finding.message)})
        failure.set("type", finding.severity.value)
        failure.text = _details(finding, book)
        yield case
    for finding in check.waived:
        case = _of(check, finding)
        waiver = finding.waiver
        said = f"waived by {waiver.owner} until {waiver.until}: {waiver.reason}" if waiver else "waived"
        ElementTree.SubElement(case, "skipped", {"message": visible(said)})
        yield case
    for finding in check.unknown:
        case = _of(check, finding)
        skipped = ElementTree.SubElement(case, "skipped", {"message": visible(f"unknown: {finding.message}")})
        skipped.text = "\n".join(visible(f"{name}: {text}") for name, text in group_facts(finding).items()) or None
        yield case


def _of(check: CheckView, finding: Finding) -> ElementTree.Element:
    return _case(check.text.id, f"{finding.resource} [{finding.fingerprint}]")


def _case(check: str, name: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": check})
    case.set("name", visible(name))
    case.set("time", "0")
    return case


def _details(finding: Finding, book: CommandBook) -> str:
    remediation = finding.remediation
    lines = [finding.message, *((comparison(finding),) if finding.expected else ())]
    if remediation:
        lines += [f"To fix: {remediation.summary}", *(f"- {step}" for step in remediation.manual)]
    lines += [f"Script: {name}" for name in book.scripts_of(finding)]
    return "\n".join(visible(line) for line in lines)
