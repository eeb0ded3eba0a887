"""What the baseline can ask of registries that take part in replication, besides rules and policies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from checks.baseline_shapes import Strict, Text


def _role_arns(principals: tuple[str, ...]) -> tuple[str, ...]:
    for principal in principals:
        if not principal.startswith("arn:"):
            raise ValueError(f"{principal!r} is no ARN: write arn:aws:iam::{{account}}:role/NAME")
    return principals


class Registries(Strict):
    """Registry-level settings of sources and destinations. null: not judged."""

    blob_mounting: Literal["ENABLED", "DISABLED"] | None = Field(
        default=None, description="Account setting BLOB_MOUNTING, on both sides of a link."
    )
    signing: Literal["same-as-source"] | None = Field(
        default=None, description="same-as-source: a destination of a registry with managed signing signs too."
    )
    failure_events: Literal["required"] | None = Field(
        default=None,
        description="required: destinations have an EventBridge rule for failed replication. "
        "Reads events:ListRules, which is called for this alone.",
    )
    pull_time_exclusions: Annotated[tuple[Text, ...], AfterValidator(_role_arns)] = Field(
        default=(),
        description="ARNs of scanners whose pulls must not renew `sinceImagePulled`; `{account}` is the registry's.",
    )
