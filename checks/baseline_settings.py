"""What the baseline can require of the settings of destination repositories."""

from __future__ import annotations

import json
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from checks.baseline_shapes import KeyName, Prefix, Strict, TagFilter, Text, wrong

_DOCUMENTS = (("lifecycle_policy", "rules", 30_720), ("repository_policy", "Statement", 10_240))
"""Field, the key that such a document needs, and the characters that ECR accepts (ECR API reference,
PutLifecyclePolicy and SetRepositoryPolicy)."""


class Encryption(Strict):
    """How destination repositories must be encrypted."""

    type: Literal["AES256", "KMS", "KMS_DSSE"] = Field(description="ECR's encryption type.")
    key: KeyName = Field(
        default="",
        description="Key ARN, in which `{region}` and `{account}` stand for the replica's; "
        "`customer`: any customer managed key; empty: any key.",
    )

    @model_validator(mode="after")
    def _key_needs_kms(self) -> Self:
        if self.key and self.type == "AES256":
            raise wrong("AES256 uses no KMS key", "write `type: KMS`, or remove the key", "key")
        return self


class Scanning(Strict):
    """How destination repositories must be scanned."""

    required: bool = Field(default=True, description="Whether replicas must be scanned at all.")
    type: Literal["BASIC", "ENHANCED"] | None = Field(default=None, description="Scan type; null: either.")
    frequency: Literal["SCAN_ON_PUSH", "CONTINUOUS_SCAN"] | None = Field(default=None, description="null: either.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        # ECR user guide, image-scanning.html: continuous scanning belongs to enhanced scanning.
        if self.type == "BASIC" and self.frequency == "CONTINUOUS_SCAN":
            raise wrong("basic scanning has no CONTINUOUS_SCAN", "write `type: ENHANCED`", "frequency")
        return self


class Settings(Strict):
    """Settings of destination repositories. The entry with the longest matching prefix decides, field by field."""

    repositories: tuple[Prefix, ...] = Field(
        default=(), description="Beginnings of repository names; left out: every repository."
    )
    tag_mutability: (
        Literal["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION", "same-as-source"] | None
    ) = Field(default=None, description="Tag mutability of replicas; null: not evaluated.")
    mutability_exclusions: tuple[TagFilter, ...] = Field(
        default=(),
        max_length=5,
        description="Tag patterns exempted by the two modes WITH_EXCLUSION; `*` is a wildcard.",
    )
    scanning: Scanning | None = Field(default=None, description="How replicas are scanned; null: not evaluated.")
    encryption: Encryption | None = Field(default=None, description="How replicas are encrypted; null: not evaluated.")
    lifecycle_policy: Literal["required", "not-required", "same-as-source"] | dict[str, Any] | None = Field(
        default=None,
        description="Whether replicas need a lifecycle policy; a mapping is the policy itself; null: not evaluated.",
    )
    repository_policy: Literal["required", "none", "same-as-source"] | dict[str, Any] | None = Field(
        default=None,
        description="Whether replicas need a repository policy; a mapping is the policy itself; null: not evaluated.",
    )
    tags: dict[Text, str] = Field(default_factory=dict, description="Resource tags that replicas must have.")

    @model_validator(mode="after")
    def _exclusions_fit_the_mode(self) -> Self:
        with_exclusion = (self.tag_mutability or "").endswith("_WITH_EXCLUSION")
        if with_exclusion and not self.mutability_exclusions:
            raise wrong(
                f"{self.tag_mutability} needs `mutability_exclusions` in the same entry",
                "list the tag patterns that are exempt, such as `latest`",
                "tag_mutability",
            )
        if self.mutability_exclusions and not with_exclusion:
            raise wrong(
                "exclusions need a `tag_mutability` that has them, in the same entry",
                "write `tag_mutability: IMMUTABLE_WITH_EXCLUSION`, or remove them",
                "mutability_exclusions",
            )
        return self

    @model_validator(mode="after")
    def _documents_can_be_put(self) -> Self:
        for field, needed, maximum in _DOCUMENTS:
            document = getattr(self, field)
            if not isinstance(document, dict):
                continue
            if not document.get(needed):
                raise wrong(f"a policy document needs `{needed}`", "write the document as AWS spells it", field)
            length = len(json.dumps(document, separators=(",", ":")))
            if length > maximum:
                raise wrong(f"the document has {length:,} characters, ECR accepts {maximum:,}", "shorten it", field)
        return self


def no_rivals(entries: tuple[Settings, ...]) -> tuple[Settings, ...]:
    """*entries* as they are; an error where two of them set one field for one prefix."""
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(entries):
        for field in sorted(entry.model_fields_set - {"repositories", "mutability_exclusions"}):
            for prefix in dict.fromkeys(entry.repositories or ("",)):
                if (prefix, field) in seen:
                    whom = f"repositories that begin with {prefix!r}" if prefix else "every repository"
                    raise wrong(f"{field} of {whom} is already set above", "keep one of the two", number, field)
                seen.add((prefix, field))
    return entries
