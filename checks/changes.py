"""The kinds of change that a remediation may request, one class each.

A change is data, stored with the run. Several changes of one document are merged into a single put, so each has only
the difference, never the whole document. Numbers of rules and statements count from 1 in the document as audited.
Plain dataclasses, because worker processes load them without pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A destination registry."""

    account: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    account: str
    """The account in which the command runs."""
    region: str
    """The Region in which the command runs."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments by name: every field but the kind, account and Region."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _NOT_ARGUMENTS}


_NOT_ARGUMENTS = ("kind", "account", "region")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReplication(_Change):
    """Replicate these prefixes (`""` is everything) to these destinations."""

    kind: Literal["replication.add"] = "replication.add"
    destinations: tuple[Destination, ...]
    prefixes: tuple[str, ...]
    delete_replication: bool | None = None
    """None: not specified, so off for new rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDestination(_Change):
    """Remove this destination from every rule, and rules that are then without one."""

    kind: Literal["replication.remove-destination"] = "replication.remove-destination"
    destination_account: str
    destination_region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDeleteReplication(_Change):
    """Set `deleteReplication` of one rule."""

    kind: Literal["replication.set-delete"] = "replication.set-delete"
    rule: int
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRule(_Change):
    """Remove one rule."""

    kind: Literal["replication.remove-rule"] = "replication.remove-rule"
    rule: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacePrefix(_Change):
    """Replace a prefix of one rule (`""` is a rule without filter); a rule without prefixes is then removed."""

    kind: Literal["replication.replace-prefix"] = "replication.replace-prefix"
    rule: int
    prefix: str
    replacements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveDuplicates(_Change):
    """Remove duplicate destinations and prefixes from one rule."""

    kind: Literal["replication.remove-duplicates"] = "replication.remove-duplicates"
    rule: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddStatement(_Change):
    """Allow an account these actions on repositories with these prefixes."""

    kind: Literal["policy.add-statement"] = "policy.add-statement"
    source_account: str
    prefixes: tuple[str, ...]
    actions: tuple[str, ...]
    organization: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveStatement(_Change):
    """Remove one statement of the registry policy."""

    kind: Literal["policy.remove-statement"] = "policy.remove-statement"
    statement: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceStatement(_Change):
    """Replace one statement of the registry policy."""

    kind: Literal["policy.replace-statement"] = "policy.replace-statement"
    statement: int
    replacement: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrowDeny(_Change):
    """Exempt replication from one account from a Deny statement."""

    kind: Literal["policy.narrow-deny"] = "policy.narrow-deny"
    statement: int
    source_account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTemplate(_Change):
    """Create a repository creation template; its prefix is `ROOT` or has no trailing `/`."""

    kind: Literal["template.create"] = "template.create"
    prefix: str
    template: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTemplate(_Change):
    """Change fields of a creation template; the others are sent again as they are."""

    kind: Literal["template.update"] = "template.update"
    prefix: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverScanning(_Change):
    """Have repositories with these prefixes scanned; an empty type or frequency keeps the present one."""

    kind: Literal["scanning.cover"] = "scanning.cover"
    prefixes: tuple[str, ...]
    type: str = ""
    frequency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTagMutability(_Change):
    """Set tag mutability and its exclusions; `seen` is the mode that the audit read."""

    kind: Literal["repository.tag-mutability"] = "repository.tag-mutability"
    repository: str
    seen: str
    mutability: str
    exclusions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PutLifecyclePolicy(_Change):
    """Put a lifecycle policy; `seen` is the text that the audit read, empty for none."""

    kind: Literal["repository.lifecycle"] = "repository.lifecycle"
    repository: str
    seen: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutRepositoryPolicy(_Change):
    """Put a repository policy; `seen` is the text that the audit read, empty for none."""

    kind: Literal["repository.policy"] = "repository.policy"
    repository: str
    seen: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRepository(_Change):
    """Create a repository."""

    kind: Literal["repository.create"] = "repository.create"
    repository: str
    tag_mutability: str = ""
    exclusions: tuple[str, ...] = ()
    encryption: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRepository(_Change):
    """Add resource tags to a repository, or set their values; other tags stay."""

    kind: Literal["repository.tags"] = "repository.tags"
    repository: str
    tags: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetagImage(_Change):
    """Set a tag on an existing image; `seen` is the digest that the tag names now, empty for none."""

    kind: Literal["repository.retag"] = "repository.retag"
    repository: str
    digest: str
    tag: str
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAccountSetting(_Change):
    """Set an ECR account setting that is `seen` now."""

    kind: Literal["account.setting"] = "account.setting"
    name: str
    seen: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludePullTime(_Change):
    """Keep pulls of one principal (an ARN) from renewing the pull time of images."""

    kind: Literal["account.pull-time-exclusion"] = "account.pull-time-exclusion"
    principal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutFailureRule(_Change):
    """Put an EventBridge rule for failed replication."""

    kind: Literal["account.failure-rule"] = "account.failure-rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateServiceLinkedRole(_Change):
    """Create the service-linked role that replication acts as."""

    kind: Literal["account.service-linked-role"] = "account.service-linked-role"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBackfill(_Change):
    """Replicate existing images to one destination, under the current rules."""

    kind: Literal["backfill.start"] = "backfill.start"
    destination_account: str
    destination_region: str


class _ByKind:
    """Metadata for pydantic, loaded only where runs are stored: `kind` selects the class of a stored change."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import Field

        return handler(Annotated[source, Field(discriminator="kind")])


NumberedChange = SetDeleteReplication | RemoveRule | ReplacePrefix | RemoveDuplicates
"""Changes of one rule, by its number."""
RepositoryChange = (
    SetTagMutability | PutLifecyclePolicy | PutRepositoryPolicy | CreateRepository | TagRepository | RetagImage
)
AccountChange = SetAccountSetting | ExcludePullTime | PutFailureRule | CreateServiceLinkedRole
AnyChange = (
    AddReplication
    | RemoveDestination
    | NumberedChange
    | AddStatement
    | RemoveStatement
    | ReplaceStatement
    | NarrowDeny
    | CreateTemplate
    | UpdateTemplate
    | CoverScanning
    | RepositoryChange
    | AccountChange
    | StartBackfill
)
Change = Annotated[AnyChange, _ByKind()]
"""One requested change."""
