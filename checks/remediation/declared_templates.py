"""The repository creation template that results from the baseline's settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.baseline.merged_settings import merged_settings
from checks.model import Place, RegistryId

if TYPE_CHECKING:
    from checks.baseline.schema import Baseline
    from checks.baseline.sections import Encryption, Settings

Template = Mapping[str, Any]

ROOT = "ROOT"
"""Prefix of the template for names without another one (ECR user guide, repository-creation-templates.html)."""

REPLICATION = "REPLICATION"


@dataclass(frozen=True, slots=True)
class DeclaredTemplate:
    """A template, or why it cannot be written."""

    template: Template
    """Fields as AWS spells them, without the prefix."""
    blocker: str = ""
    """Why it must be completed manually, as a clause; then the template must not be created as it is."""
    undetermined: str = ""
    """What a new template must also have and the baseline does not determine, as a clause."""

    @property
    def incomplete(self) -> str:
        """Why a template must not be created from it; empty where it may."""
        return self.blocker or self.undetermined

    @property
    def harmless(self) -> bool:
        """Whether repositories that it creates grant no access and expire no images."""
        return not {"repositoryPolicy", "lifecyclePolicy"} & set(self.template)


def prefix_covering(rule_prefix: str) -> str:
    """The prefix of the narrowest template that applies to every name that begins with *rule_prefix*.

    A template's prefix has an implied `/` at its end, and a rule's has not: `prod` of a rule also matches `prod-x`, to
    which only ROOT applies, while the template `prod` applies to `prod/`.
    """
    return rule_prefix.rpartition("/")[0] or ROOT


def templates_of(registry: Mapping[str, Any]) -> dict[str, Template]:
    """The templates of a row of `registries` by prefix, without its trailing slash."""
    return {template["prefix"].rstrip("/"): template for template in json.loads(registry.get("templates") or "[]")}


UNDETERMINED = "what the baseline requires there depends on the account's name or organizational unit, which is unknown"
"""Why a template cannot be written, as a clause."""


def declared_template(baseline: Baseline, prefix: str, at: Place, present: Mapping[str, Template]) -> DeclaredTemplate:
    """The settings that the baseline requires of repositories under the template *prefix* at *at*.

    *present*: the registry's templates; the role of one of them is used where KMS or tags need one (ECR user guide,
    repository-creation-templates.html).
    """
    place = RegistryId(at.account, at.region)
    settings = merged_settings(baseline, "" if prefix == ROOT else f"{prefix}/", at)
    template = {"appliedFor": [REPLICATION], **_mutability(settings), **_documents(settings)}
    if settings.undetermined:
        return DeclaredTemplate(template, UNDETERMINED)
    undetermined = ""
    if settings.repository_policy == "required":
        undetermined = "the baseline requires a repository policy, and does not specify it"
    encryption = _encryption(settings.encryption, place)
    if encryption is None:
        blocker = "the baseline requires a customer managed key, and does not specify its ARN"
        return DeclaredTemplate(template, blocker, undetermined)
    if encryption:
        template["encryptionConfiguration"] = encryption
    if settings.tags:
        template["resourceTags"] = [{"Key": key, "Value": value} for key, value in sorted(settings.tags.items())]
    if "kms" not in str(encryption.get("encryptionType", "")).lower() and not settings.tags:
        return DeclaredTemplate(template, undetermined=undetermined)
    roles = {str(other["customRoleArn"]) for other in present.values() if other.get("customRoleArn")}
    own = sorted(role for role in roles if f"::{place[0]}:" in role)
    if not own:
        blocker = "KMS or resource tags need a custom role, and no existing template has one"
        return DeclaredTemplate(template, blocker, undetermined)
    return DeclaredTemplate({**template, "customRoleArn": own[0]}, undetermined=undetermined)


def _mutability(settings: Settings) -> dict[str, Any]:
    mode = settings.tag_mutability
    if mode is None or mode == "same-as-source":
        # A template applies to replicas of many sources; AWS's default allows all of them.
        return {"imageTagMutability": "MUTABLE"}
    filters = [{"filterType": "WILDCARD", "filter": each} for each in settings.mutability_exclusions]
    return {"imageTagMutability": mode, **({"imageTagMutabilityExclusionFilters": filters} if filters else {})}


def _documents(settings: Settings) -> dict[str, str]:
    documents = {"lifecyclePolicy": settings.lifecycle_policy, "repositoryPolicy": settings.repository_policy}
    return {
        name: json.dumps(document, separators=(",", ":"))
        for name, document in documents.items()
        if isinstance(document, dict)
    }


def _encryption(wanted: Encryption | None, place: RegistryId) -> dict[str, str] | None:
    """AWS's encryptionConfiguration; empty where none is required; None where the key is not determined."""
    if wanted is None:
        return {}
    if wanted.key == "customer":
        return None
    key = wanted.key.replace("{region}", place[1]).replace("{account}", place[0])
    return {"encryptionType": wanted.type, **({"kmsKey": key} if key else {})}
