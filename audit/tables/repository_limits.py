"""Columns of the `repositories` table about how many images one may hold."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from audit.tables.coded import Coded, code, judge
from audit.tables.frames import compact, integers
from audit.tables.image_stock import ImageStock
from audit.tables.known import Known
from audit.tables.stock import Stock
from audit.tables.thresholds import severity_of_count, warning_threshold
from checks.requirements import merged_settings


def image_limit_columns(known: Known, stock: Stock, images: ImageStock) -> dict[str, Any]:
    """Images of every state against the limit of one repository (ECR user guide, service-quotas.html)."""
    limit = known.baseline.limits.images_per_repository
    counted = np.where(images.read, images.counts, -1)
    counts = code(None if number < 0 else number for number in counted.tolist())
    severities = judge(lambda count: severity_of_count(count, limit, limit.maximum), counts)
    warning = warning_threshold(limit, limit.maximum)
    return {
        "image_total": integers(counted.astype(np.float64), counted >= 0),
        "images_limit": np.full(len(counted), limit.maximum, dtype=np.int64),
        "images_warning_threshold": np.full(len(counted), warning, dtype=np.int64),
        "images_severity": code(severities.answers).take(severities.case).texts(),
        "expected_lifecycle_policy": _lifecycle(known, stock, np.flatnonzero(counted >= warning).tolist()).texts(),
    }


def _lifecycle(known: Known, stock: Stock, rows: list[int]) -> Coded:
    """The policy that the baseline writes out for the repositories at *rows*, where they have another one or none."""
    found = [""] * len(stock.name)
    present = stock.columns["lifecycle_policy"]
    for row in rows:
        policy = merged_settings(known.baseline, stock.names[stock.name[row]]).lifecycle_policy
        seen = present.values[present.codes[row]] if present.codes[row] >= 0 else None
        if isinstance(policy, dict) and seen is not None and not _same(seen, policy):
            found[row] = compact(policy)
    return code(found)


def _same(text: str, policy: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(text or "{}") == policy)
    except ValueError:
        return False
