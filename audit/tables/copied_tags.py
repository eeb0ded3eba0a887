"""Resource tags of destination repositories against the baseline: replication copies none."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from audit.tables.frames import compact
from checks.baseline import Settings


@dataclass(frozen=True, slots=True)
class TagsAnswer:
    """Columns of `replicas` about resource tags, by the columns' names."""

    tags_required: bool | None
    missing_tag_keys: str | None = None
    missing_tags: str | None = None
    tag_count: int | None = None


def judge_tags(present: bool | None, wanted: Settings, tags: str | None) -> TagsAnswer:
    """Facts of the resource *tags* (JSON object) of a repository; tags that the baseline does not list do not count."""
    if not wanted.tags:
        return TagsAnswer(tags_required=False)
    answer = TagsAnswer(tags_required=present)
    if not present or tags is None:
        return answer
    held = json.loads(tags or "{}")
    missing = {key: value for key, value in sorted(wanted.tags.items()) if held.get(key) != value}
    return replace(answer, missing_tag_keys=compact(list(missing)), missing_tags=compact(missing), tag_count=len(held))
