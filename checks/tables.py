"""The declared tables: what a check may look at, with the meaning of every column.

Conventions that hold in every table:

- **Null means not known**: it could not be read, parsed or decided; the `gaps` table says why. A judged null is UNKNOWN.
- **Empty text means known and none**: an empty `registry_policy` was read, and there is no policy.
- AWS documents (policies, rules, templates) stay JSON text exactly as AWS gave them; lists of ours are compact JSON text.
- Account ids are text of twelve digits. Times are UTC and end in `_at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """How a column is held in pandas and Parquet."""

    TEXT = "text"
    """pandas string or category; null is missing."""
    BOOLEAN = "boolean"
    """pandas nullable boolean: three-valued."""
    INTEGER = "integer"
    """pandas nullable Int64."""
    TIME = "time"
    """datetime64[us, UTC]."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type and meaning."""

    name: str
    type: Type
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One declared table. `key` is its grain: one row for each distinct key."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    label: str
    """Format string over the columns: how a row is called in a report."""
    two_sided: bool = False
    """Whether rows have a source and a destination; a check then says on which side its finding lies."""
    identity: tuple[str, ...] = ()
    """Columns whose values name a row over runs, where the key counts positions that move; empty: the key.

    Rows that agree in all of them are told apart by their order in the table.
    """

    def column(self, name: str) -> Column:
        """The column called *name*; KeyError if the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)


def _text(name: str, meaning: str) -> Column:
    return Column(name, Type.TEXT, meaning)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, Type.BOOLEAN, meaning)


def _count(name: str, meaning: str) -> Column:
    return Column(name, Type.INTEGER, meaning)


def _time(name: str, meaning: str) -> Column:
    return Column(name, Type.TIME, meaning)


_ACCOUNT = _text("account", "Account id, twelve digits")
_REGION = _text("region", "Region name")
_LINK_KEY = (
    _text("source_account", "Account whose registry replicates"),
    _text("source_region", "Region whose registry replicates"),
    _text("destination_account", "Account that receives the copies"),
    _text("destination_region", "Region that receives the copies"),
)

ACCOUNTS = Table(
    name="accounts",
    meaning="Every account of the organization, of any state; in single-account mode the one account.",
    key=("account",),
    label="{account}",
    columns=(
        _ACCOUNT,
        _text("name", "Account name"),
        _text(
            "state",
            "PENDING_ACTIVATION, ACTIVE, SUSPENDED, PENDING_CLOSURE or CLOSED; null: Organizations was not readable",
        ),
        _text("ou_path", "Names of the organizational units from the root, joined by `/` (`Root/Workloads/Prod`)"),
        _text("organization_path", "Ids as `aws:PrincipalOrgPaths` spells them (`o-a/r-b/ou-c/`)"),
        _flag("management", "Whether it is the management account"),
        _flag("in_scope", "Whether this run was asked to audit it"),
    ),
)

REGIONS = Table(
    name="regions",
    meaning="Every Region of every account in scope, with whether it is enabled there.",
    key=("account", "region"),
    label="{account}/{region}",
    columns=(
        _ACCOUNT,
        _REGION,
        _text("status", "ENABLED, ENABLED_BY_DEFAULT, ENABLING, DISABLING, DISABLED; null: not known"),
        _flag("enabled", "Whether ECR can be used there by this account"),
        _flag("in_scope", "Whether this run was asked to audit it"),
    ),
)

REGISTRIES = Table(
    name="registries",
    meaning="One account in one enabled Region, in scope: its registry-level configuration, as read, and the limits it is held to.",
    key=("account", "region"),
    label="{account}/{region}",
    columns=(
        _ACCOUNT,
        _REGION,
        _text("account_name", "Account name"),
        _text("ou_path", "Organizational unit path by names"),
        _text("partition", "`aws`, `aws-cn`, `aws-us-gov` …"),
        _text(
            "depth",
            "`full`, or `outline` where an empty registry that takes no part in replication needed no deeper reads",
        ),
        _flag("evidence_complete", "Whether every wanted read of this registry succeeded"),
        _text("evidence_missing", "What could not be read and why, as one sentence"),
        _text("missing_permissions", "IAM actions that would close the gaps, comma-separated"),
        _text("replication_configuration", "`replicationConfiguration` of DescribeRegistry, JSON"),
        _text("registry_policy", "Registry policy text; empty: none"),
        _text("scanning_configuration", "`scanningConfiguration`, JSON; empty: this Region has no such feature"),
        _text("templates", "Creation templates, JSON array"),
        _text("policy_scope", "Account setting REGISTRY_POLICY_SCOPE"),
        _text("blob_mounting", "Account setting BLOB_MOUNTING"),
        _text("basic_scan_version", "Account setting BASIC_SCAN_TYPE_VERSION"),
        _text("signing_configuration", "Managed signing configuration, JSON; empty: none"),
        _text("pull_through_cache_rules", "Pull-through cache rules, JSON array"),
        _text("pull_time_exclusions", "Principals excluded from pull-time updates, JSON array"),
        _text("backfills", "Replication backfills, JSON array"),
        _count("repository_count", "Repositories in the registry"),
        _flag("is_source", "Whether it has replication rules"),
        _flag("is_destination", "Whether a rule of any registry read, or the baseline, names it as destination"),
        _flag("service_linked_role_present", "Whether AWSServiceRoleForECRReplication exists in the account"),
        _count("rule_count", "Rules in the replication configuration"),
        _count("rules_limit", "Allowed rules"),
        _flag(
            "rules_comfortable",
            "Whether the rules stay below the warning threshold and below what older tools can express",
        ),
        _text("rules_grade", "Severity if they do not"),
        _text("rules_problem", "Which threshold was reached, as a clause"),
        _count("destinations_present", "Unique (account, Region) destinations over all rules"),
        _count("destinations_needed", "Unique destinations once the baseline is applied too"),
        _count("destinations_limit", "Allowed unique destinations"),
        _count("destination_headroom", "`destinations_limit` less `destinations_needed`"),
        _flag("destinations_within_limit", "Whether `destination_headroom` is not negative"),
        _flag("destinations_below_warning", "Whether the warning threshold is not reached"),
        _count("policy_characters", "Length of the registry policy"),
        _count("policy_characters_limit", "Allowed length"),
        _flag("policy_size_comfortable", "Whether it is below the warning threshold"),
        _text("policy_size_grade", "Severity if it is not"),
        _text("limits_source", "Where the limits were read: Service Quotas, or the baseline's dated default"),
    ),
)

RULES = Table(
    name="rules",
    meaning="One replication rule of one registry, numbered from 1 in AWS's order.",
    key=("account", "region", "rule"),
    label="rule {rule} of {account}/{region}",
    # Without deleteReplication: a rule whose switch was set otherwise is the same rule.
    identity=("account", "region", "destinations", "prefixes"),
    columns=(
        _ACCOUNT,
        _REGION,
        _count("rule", "Position in the configuration, from 1"),
        _text("destinations", "JSON array of `account/region`"),
        _text(
            "prefixes", 'JSON array of filter prefixes; `[""]` where the rule has no filter and takes every repository'
        ),
        _flag("delete_replication", "Whether deletions are replicated"),
        _count("filter_count", "Filters in the rule"),
        _count("filters_limit", "Allowed filters"),
        _flag("filters_comfortable", "Whether they stay below the warning threshold"),
        _text("filters_grade", "Severity if they do not"),
        _flag("delete_declared", "Whether the baseline says what deleteReplication must be for what this rule copies"),
        _flag("delete_as_declared", "Whether it is so"),
        _text(
            "delete_expected", "`on`, `off`, or `on and off` where the rule mixes copies that the baseline tells apart"
        ),
        _text(
            "delete_grade", "Severity if it is not so: high where a backup would follow deletions, low the other way"
        ),
        _text("delete_required_by", "Names of the baseline's requirements that say so, comma-separated"),
    ),
)

LINKS = Table(
    name="links",
    meaning="Source registry → destination registry, for every pair that a rule has or the baseline requires.",
    key=("source_account", "source_region", "destination_account", "destination_region"),
    label="{source_account}/{source_region} → {destination_account}/{destination_region}",
    two_sided=True,
    columns=(
        *_LINK_KEY,
        _text("source_account_name", "Name of the source account"),
        _text("destination_account_name", "Name of the destination account; null where it is not in the organization"),
        _text("partition", "Partition of the source registry"),
        _flag("present", "Whether a rule has this destination; null: the source's rules were not read"),
        _flag("expected", "Whether the baseline requires it"),
        _text("required_by", "Names of the baseline's requirements, comma-separated"),
        _text("rules", "Numbers of the rules that have it, JSON array"),
        _text("prefixes", 'Prefixes that those rules copy, JSON array; `[""]` is everything'),
        _text("expected_prefixes", 'Prefixes that the baseline requires, JSON array; `[""]` is everything'),
        _text("missing_prefixes", "Required prefixes that no rule to this destination covers, JSON array"),
        _flag("requirement_met", "Whether a rule to this destination covers every required prefix"),
        _text("expected_delete_replication", "`on`, `off` or empty: what the baseline says for this link"),
        _flag("declaration_applies", "Whether the link is present and the baseline forbids undeclared links"),
        _flag("declared", "Whether the baseline requires or allows it"),
        _flag("destination_region_valid", "Whether the Region is known and of the source's partition"),
        _text("destination_region_problem", "What is wrong with it, as a clause"),
        _flag("destination_in_organization", "Whether the destination account belongs to the organization"),
        _flag(
            "destination_known", "Whether it belongs to the organization or the baseline names it as external partner"
        ),
        _flag("accounts_active", "Whether source and destination account are ACTIVE"),
        _text("account_problem", "Which is not, and its state, as a clause"),
        _flag("cross_account", "Whether it crosses accounts, so that the destination must grant it"),
        _text(
            "grant_verdict",
            "ALLOWED, ALLOWED_IF_REPOSITORY_EXISTS, DENIED_EXPLICIT or DENIED_IMPLICIT, the best over the names that the link copies; null: indeterminate or policy not read",
        ),
        _text("grant_reason", "Why, in a sentence that an engineer can act on"),
        _flag("grant_given", "Whether `grant_verdict` allows at least some names"),
        _flag("grant_covers_rule", "Whether every name that the rules can copy is allowed"),
        _text("grant_uncovered", "Prefixes or repositories that are not, JSON array"),
        _flag(
            "create_covered",
            "Whether ecr:CreateRepository is granted, or every matching repository exists at the destination",
        ),
        _text("absent_repositories", "Matching repositories that do not exist there, JSON array, at most 20"),
        _count("absent_repository_count", "How many do not"),
        _flag(
            "template_covers_rule",
            "Whether creation templates with REPLICATION cover every name that the rules can create",
        ),
        _text("template_uncovered", "Prefixes that they do not cover, JSON array"),
    ),
)

GRANTS = Table(
    name="grants",
    meaning="One statement of one registry policy, numbered from 1; number 0 stands for a policy that could not be parsed.",
    key=("account", "region", "statement"),
    label="statement {statement} of the registry policy of {account}/{region}",
    identity=("account", "region", "statement_json"),
    columns=(
        _ACCOUNT,
        _REGION,
        _count("statement", "Position in the policy, from 1"),
        _text("sid", "Statement id; empty: none"),
        _text("effect", "Allow or Deny"),
        _text("statement_json", "The statement as written, JSON"),
        _flag("concerns_replication", "Whether it allows ecr:ReplicateImage or ecr:CreateRepository to somebody"),
        _flag("allows_others", "Whether it allows anything to a principal outside the account itself"),
        _flag("arn_valid", "Whether every Resource could name a repository of this registry"),
        _text("arn_problem", "Which could not and why"),
        _flag("conditions_satisfiable", "Whether replication can satisfy the conditions; null: undecidable"),
        _text("condition_problem", "Which key cannot be satisfied and why"),
        _flag("principal_possible", "Whether the principals include one that replication can act as"),
        _text("principal_problem", "Why none can"),
        _flag("actions_narrow", "Whether it allows others nothing beyond replication and tagging at creation"),
        _text("broad_actions", "Actions beyond that, JSON array"),
        _text("broad_grade", "Severity: critical where an outsider is allowed, high inside the organization"),
        _flag("grantees_internal", "Whether every granted account belongs to the organization"),
        _text("outside_accounts", "Accounts that do not, JSON array"),
        _text("outside_grade", "Severity: critical if undeclared, informational for partners of the baseline"),
        _flag("bounded", "Whether it is not open to everyone"),
        _text("problem", "Why the statement could not be judged, where it could not"),
    ),
)

TEMPLATES = Table(
    name="templates",
    meaning="One repository creation template of one registry.",
    key=("account", "region", "prefix"),
    label="template {prefix} of {account}/{region}",
    columns=(
        _ACCOUNT,
        _REGION,
        _text("prefix", "Prefix without its implied trailing `/`, or ROOT"),
        _text("template_json", "The template as read, JSON"),
        _flag("for_replication", "Whether it applies to repositories that replication creates"),
        _text("custom_role", "customRoleArn; empty: none"),
        _flag("role_needed", "Whether KMS or resource tags make a custom role necessary"),
        _flag("role_valid", "Whether the role exists, is in this account and trusts ecr.amazonaws.com"),
        _text("role_problem", "What is wrong with it, as a clause"),
        _text("kms_key", "Customer KMS key ARN; empty: none"),
        _flag("key_named", "Whether it names a customer key"),
        _flag("key_usable", "Whether that key exists, is enabled and lies in this Region"),
        _text("key_problem", "What is wrong with it, as a clause"),
    ),
)

REPOSITORIES = Table(
    name="repositories",
    meaning="One repository of one registry in scope.",
    key=("account", "region", "repository"),
    label="{repository} in {account}/{region}",
    columns=(
        _ACCOUNT,
        _REGION,
        _text("repository", "Repository name"),
        _time("created_at", "When it was created"),
        _text("tag_mutability", "MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION or MUTABLE_WITH_EXCLUSION"),
        _text("mutability_exclusions", "Exclusion filters, JSON array of text"),
        _text("encryption_type", "AES256, KMS or KMS_DSSE"),
        _text("kms_key", "KMS key; empty: none, or the AWS managed key"),
        _flag("detailed", "Whether the per-repository reads were wanted"),
        _text("repository_policy", "Repository policy text; empty: none; null: not read"),
        _text("lifecycle_policy", "Lifecycle policy text; empty: none; null: not read"),
        _text("tags", "Resource tags, JSON object"),
        _text("scan_frequency", "Effective frequency: SCAN_ON_PUSH, CONTINUOUS_SCAN or MANUAL"),
        _text("scan_type", "Registry's scan type: BASIC or ENHANCED"),
        _count("image_count", "Active images; null: not counted"),
    ),
)

REPLICAS = Table(
    name="replicas",
    meaning="Source repository → destination registry, for every pair that a rule matches or the baseline requires.",
    key=("source_account", "source_region", "repository", "destination_account", "destination_region"),
    label="{repository}: {source_account}/{source_region} → {destination_account}/{destination_region}",
    two_sided=True,
    columns=(
        *_LINK_KEY[:2],
        _text("repository", "Repository name, the same on both sides"),
        *_LINK_KEY[2:],
        _text("partition", "Partition of both"),
        _flag("matched", "Whether a rule copies it there"),
        _flag("expected", "Whether the baseline requires it"),
        _text("required_by", "Names of the baseline's requirements, comma-separated"),
        _flag("delete_replication", "Whether a matching rule replicates deletions"),
        _flag("source_has_images", "Whether the source repository holds active images"),
        _count("source_images", "Active images at the source"),
        _flag(
            "replication_due",
            "Whether a rule copies it there and the source holds images that are old enough to have arrived",
        ),
        _flag("destination_present", "Whether the repository exists at the destination"),
        _flag("images_comparable", "Whether a rule copies it there and it exists on both sides"),
        _count(
            "images_missing", "Active source images that are not at the destination and are old enough to have arrived"
        ),
        _count("images_missing_archived", "Archived source images that are not at the destination"),
        _count("images_in_flight", "Source images pushed too recently to be judged"),
        _text("images_missing_sample", "Digests and tags of some of the missing images, JSON array, at most 10"),
        _time("oldest_missing_pushed_at", "Push time of the oldest missing image"),
        # Settings of the destination repository, where it exists.
        _text("source_tag_mutability", "Mutability at the source"),
        _text("tag_mutability", "Mutability at the destination"),
        _text("mutability_exclusions", "Exclusion filters at the destination, JSON array"),
        _text("expected_tag_mutability", "Mutability that the baseline asks for; empty: nothing"),
        _text("expected_exclusions", "Exclusion filters that the baseline allows, JSON array"),
        _flag("mutability_declared", "Whether the repository exists there and the baseline asks for a mutability"),
        _flag("mutability_as_declared", "Whether the destination has it"),
        _flag("immutability_claimed", "Whether the destination has a mode with exclusions"),
        _flag("immutability_effective", "Whether those exclusions leave immutability in force"),
        _text("immutability_problem", "Why they do not, as a clause"),
        _flag("moving_tags_safe", "Whether tags that move at the source can move at the destination too"),
        _text("moving_tags_problem", "Why they cannot, as a clause"),
        _flag("scanning_required", "Whether the repository exists there and the baseline asks that it be scanned"),
        _text("scan_frequency", "Effective scan frequency at the destination"),
        _flag("scanned", "Whether it is not MANUAL"),
        _flag("encryption_declared", "Whether the repository exists there and the baseline asks for an encryption"),
        _text("encryption", "Encryption at the destination, in words"),
        _text("expected_encryption", "Encryption asked for, in words"),
        _text("expected_kms_key", "KMS key ARN asked for; empty: any customer key"),
        _flag("encryption_as_declared", "Whether it is so"),
        _flag("key_named", "Whether the destination repository names a KMS key"),
        _text("kms_key", "That key; empty: none"),
        _flag("key_usable", "Whether it exists, is enabled and lies in the destination's Region"),
        _text("key_problem", "What is wrong with it, as a clause"),
        _flag(
            "repository_policy_declared",
            "Whether the repository exists there and the baseline asks for a repository policy",
        ),
        _flag("repository_policy_as_declared", "Whether it is so"),
        _text("repository_policy_problem", "What differs, as a clause"),
        _text("repository_policy", "Repository policy text at the destination; empty: none"),
        _text("expected_repository_policy", "Policy text to put, where the baseline determines one"),
        _flag(
            "lifecycle_required",
            "Whether the repository exists there, deletions are not replicated, and the baseline asks for a lifecycle policy",
        ),
        _flag("lifecycle_present", "Whether the destination has one"),
        _text(
            "expected_lifecycle_policy",
            "Lifecycle policy text to put, where the baseline or the source determines one; empty: none",
        ),
    ),
)

IMAGES = Table(
    name="images",
    meaning="Differences only: an image that differs between the two sides of a replica.",
    key=("source_account", "source_region", "repository", "destination_account", "destination_region", "digest"),
    label="{repository}@{digest}",
    two_sided=True,
    columns=(
        *_LINK_KEY[:2],
        _text("repository", "Repository name"),
        *_LINK_KEY[2:],
        _text("digest", "Image digest"),
        _text("difference", "`missing`, `missing-archived`, `in-flight`, `tag-differs`, `untagged` or `orphan`"),
        _text("source_tags", "Tags at the source, JSON array"),
        _text("destination_tags", "Tags at the destination, JSON array"),
        _time("pushed_at", "Push time at the side that has it"),
        _text("subject_digest", "Digest that this image refers to (signature, SBOM); empty: none"),
        _text(
            "replication_status",
            "IN_PROGRESS, COMPLETE, FAILED; `NEVER_ATTEMPTED` where AWS has no entry; null: not asked",
        ),
        _text("failure_code", "AWS's failure code; empty: none"),
    ),
)

GAPS = Table(
    name="gaps",
    meaning="What the audit wanted to read and could not.",
    key=("gap",),
    label="gap {gap}",
    columns=(
        _count("gap", "Running number"),
        _ACCOUNT,
        _REGION,
        _text("operation", "`service:Operation`"),
        _text("kind", "Kind of the gap"),
        _text("code", "Error code as AWS gave it"),
        _text("message", "Error message as AWS gave it"),
        _text("tables", "Tables that it spoils, comma-separated"),
        _text("resource", "What was asked about, where it was one thing"),
        _text("permission", "IAM action that would close it"),
    ),
)

TABLES: tuple[Table, ...] = (
    ACCOUNTS, REGIONS, REGISTRIES, RULES, LINKS, GRANTS, TEMPLATES, REPOSITORIES, REPLICAS, IMAGES, GAPS,
)  # fmt: skip
"""Every declared table, in reading order."""
