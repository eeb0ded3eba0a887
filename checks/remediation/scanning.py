"""Changes of a registry's scanning configuration: at most two rules, one for each frequency of the scan type.

Source: ECR user guide, image-scanning-enhanced.html and -basic-enabling.html: enhanced scanning knows
CONTINUOUS_SCAN and SCAN_ON_PUSH, basic scanning SCAN_ON_PUSH; a filter without ``*`` means *contains*.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from checks.changes import CoverScanning
from checks.remediation.changes import distinct
from checks.remediation.merge_result import CannotApplyError, Merged, merge_one_by_one
from checks.remediation.splitting import shorter_prefixes

Configuration = Mapping[str, Any]

_MOST_RULES = 2
_MOST_FILTERS = 100
_FILTER = re.compile(r"[a-z0-9*]+(?:[._/-][a-z0-9*]+)*")
"""ScanningRepositoryFilterValue of the ECR service model, written so that it needs no backtracking."""

_FREQUENCIES = {"BASIC": ("SCAN_ON_PUSH",), "ENHANCED": ("CONTINUOUS_SCAN", "SCAN_ON_PUSH")}


def parse(text: str | None) -> Configuration:
    """The `scanningConfiguration` of a JSON text. Raises CannotApplyError where it was not read or does not exist."""
    if text is None:
        raise CannotApplyError("the scanning configuration could not be read, and a put would replace it as a whole")
    if not text:
        raise CannotApplyError("this Region has no registry scanning configuration")
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise CannotApplyError(f"the scanning configuration is not JSON: {problem}") from None
    if not isinstance(document, dict):
        raise CannotApplyError("the scanning configuration is not the JSON object that AWS documents")
    return {"scanType": document.get("scanType", "BASIC"), "rules": document.get("rules") or []}


def merge(configuration: Configuration, changes: Iterable[CoverScanning]) -> Merged[Configuration]:
    """The configuration that also scans what the changes name. It never lowers the scan type and never removes a
    scan.
    """
    return merge_one_by_one(configuration, distinct(changes), _covering)


def filter_of(prefix: str) -> str:
    """The scan filter that matches every repository whose name begins with *prefix*."""
    text = f"{prefix}*"
    if len(text) > 255 or not _FILTER.fullmatch(text):
        raise CannotApplyError(f"AWS does not accept the scan filter {text!r}; scan a shorter prefix")
    return text


def _covering(configuration: Configuration, change: CoverScanning) -> Configuration:
    kind, frequency = _wanted(configuration, change)
    names = list(dict.fromkeys(filter_of(prefix) for prefix in change.prefixes))
    rules = {rule["scanFrequency"]: _filters(rule) for rule in configuration["rules"]}
    crowded = len({*rules, frequency}) > _MOST_RULES
    if "MANUAL" in rules and (kind == "ENHANCED" or crowded or _overlap(rules["MANUAL"], names)):
        # Enhanced scanning has no MANUAL, and what no other rule matches is manual anyway.
        del rules["MANUAL"]
    present = rules.get(frequency, [])
    rules[frequency] = _shortest([*present, *(name for name in names if not _matched(name, present))])
    if len(rules[frequency]) > _MOST_FILTERS:
        raise CannotApplyError(
            f"the scanning rule would have {len(rules[frequency])} filters, AWS allows {_MOST_FILTERS}; "
            f"{shorter_prefixes([text.rstrip('*') for text in rules[frequency]], _MOST_FILTERS)}, or * for all"
        )
    return {"scanType": kind, "rules": [_rule(name, filters) for name, filters in rules.items() if filters]}


def _wanted(configuration: Configuration, change: CoverScanning) -> tuple[str, str]:
    """The scan type and the frequency to have: never below the present type."""
    frequency = change.frequency
    enhanced = "ENHANCED" in (configuration["scanType"], change.type) or frequency == "CONTINUOUS_SCAN"
    kind = "ENHANCED" if enhanced else "BASIC"
    if not frequency:
        used = [rule["scanFrequency"] for rule in configuration["rules"] if rule["scanFrequency"] in _FREQUENCIES[kind]]
        frequency = used[0] if used else "SCAN_ON_PUSH"
    if frequency not in _FREQUENCIES[kind]:
        raise CannotApplyError(f"{kind} scanning has no frequency {frequency}")
    return kind, frequency


def _filters(rule: Mapping[str, Any]) -> list[str]:
    return [item["filter"] for item in rule.get("repositoryFilters") or ()]


def _rule(frequency: str, filters: Iterable[str]) -> dict[str, Any]:
    items = [{"filter": name, "filterType": "WILDCARD"} for name in filters]
    return {"scanFrequency": frequency, "repositoryFilters": items}


def _begins(text: str) -> str | None:
    """The prefix of a filter of the form `prefix*`, or None for any other filter."""
    return text[:-1] if text.endswith("*") and "*" not in text[:-1] else None


def _matched(name: str, filters: Iterable[str]) -> bool:
    """Whether a filter of the form `prefix*` matches everything that *name* matches."""
    return (
        any(
            (start := _begins(other)) is not None and (_begins(name) or "").startswith(start)
            for other in filters
            if other != name
        )
        or name in filters
    )


def _overlap(first: Iterable[str], second: Iterable[str]) -> bool:
    """Whether a name may match both; assumed where a filter is not of the form `prefix*`."""
    for one in first:
        for other in second:
            starts = (_begins(one), _begins(other))
            if None in starts or str(starts[0]).startswith(str(starts[1])) or str(starts[1]).startswith(str(starts[0])):
                return True
    return False


def _shortest(filters: list[str]) -> list[str]:
    """*filters* less those of the form `prefix*` that another of them covers."""
    starts = {start for name in filters if (start := _begins(name)) is not None}
    return [
        name
        for name in dict.fromkeys(filters)
        if (own := _begins(name)) is None or not any(own != start and own.startswith(start) for start in starts)
    ]
