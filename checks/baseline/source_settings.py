"""The section of a baseline about repositories that are replicated: their settings at the source."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from checks.baseline.sections import Settings
from checks.baseline.values import Mutability


class SourceSettings(Settings):
    """Settings of source repositories: those that a rule replicates, or that `replication` requires to be replicated.

    Precedence is that of `settings`; accounts and Regions are those of the source registry.
    """

    tag_mutability: Mutability | None = Field(
        default=None, description="Tag mutability of source repositories; null: not evaluated."
    )
    lifecycle_policy: Literal["required", "not-required"] | dict[str, Any] | None = Field(
        default=None,
        description="Whether source repositories need a lifecycle policy; a mapping is the policy itself; null: not "
        "evaluated.",
    )
    repository_policy: Literal["required", "none"] | dict[str, Any] | None = Field(
        default=None,
        description="Whether source repositories need a repository policy; a mapping is the policy itself; null: not "
        "evaluated.",
    )
