"""Resource tags of destination repositories against the baseline: replication copies none."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from audit.tables.frames import compact
from checks.baseline import Settings


@dataclass(frozen=True, slots=True)
class TagsAnswer:
    """Columns of `replicas` about resource tags, by the columns' names."""

    tags_declared: bool | None
    tags_present: bool | None = None
    missing_tags: str | None = None
    tag_count: int | None = None


def judge_tags(present: bool | None, wanted: Settings, tags: str | None) -> TagsAnswer:
    """Judge the resource *tags* (JSON object) of a repository; tags that nobody asks for are nobody's business."""
    if not wanted.tags:
        return TagsAnswer(tags_declared=False)
    answer = TagsAnswer(tags_declared=present)
    if not present or tags is None:
        return answer
    held = json.loads(tags or "{}")
    missing = {key: value for key, value in sorted(wanted.tags.items()) if held.get(key) != value}
    return replace(answer, tags_present=not missing, missing_tags=compact(missing), tag_count=len(held))
