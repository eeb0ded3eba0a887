"""The `replicas` table."""

from __future__ import annotations

from checks.tables.schema import LINK_KEY, Table, count, flag, text, time

REPLICAS = Table(
    name="replicas",
    meaning="Source repository → destination registry, for every pair that a rule replicates or the baseline requires.",
    key=("source_account", "source_region", "repository", "destination_account", "destination_region"),
    label="{repository}: {source_account}/{source_region} → {destination_account}/{destination_region}",
    two_sided=True,
    columns=(
        *LINK_KEY[:2],
        text("repository", "Repository name, the same on both sides"),
        *LINK_KEY[2:],
        text("partition", "Partition of both"),
        flag("matched", "Whether a rule replicates it there"),
        count("matching_rules", "Rules that replicate it there; null: the source's rules were not read"),
        flag("expected", "Whether the baseline requires it"),
        text("required_by", "Names of the baseline's requirements, JSON array"),
        flag("delete_replication", "Whether a matching rule replicates deletions"),
        flag("source_has_images", "Whether the source repository has active images"),
        count("source_images", "Active images at the source"),
        flag(
            "replication_due",
            "Whether a rule replicates it there and the source has images older than `replication_delay_minutes`",
        ),
        flag("destination_present", "Whether the repository exists at the destination"),
        flag(
            "destination_can_receive",
            "False where nothing arrives whatever the rules and grants: the destination's account is not active, or its "
            "Region is not enabled there or not in the source's partition; true also where a state was not read",
        ),
        flag("images_comparable", "Whether a rule replicates it there and it exists on both sides"),
        count(
            "images_missing",
            "Active source images, older than `replication_delay_minutes`, that are not at the destination",
        ),
        count("images_missing_archived", "Archived source images that are not at the destination"),
        count("images_in_flight", "Source images pushed within the last `replication_delay_minutes` and not yet there"),
        text("images_missing_sample", "Digests and tags of some of the missing images, JSON array, at most 10"),
        time("oldest_missing_pushed_at", "Push time of the oldest missing image"),
        count(
            "images_missing_expired",
            "Missing images that the lifecycle policy of the replica repository itself expires, by their tags and push "
            "times at the source and the images that are there; null: images or policy were not read, or the policy could "
            "not be parsed",
        ),
        count(
            "images_missing_perhaps_expired",
            "Missing images that it may expire: it counts from the last pull, a manifest list may keep the image, or "
            "other images that it counts are missing too",
        ),
        text(
            "images_missing_expired_sample", "Digests and tags of some images that it expires, JSON array, at most 10"
        ),
        text("images_missing_expiry", "Both numbers as a clause; empty: it expires none"),
        count(
            "referrers_missing",
            "Missing images that refer to an image at the destination: signatures, SBOMs and the like",
        ),
        flag(
            "statuses_asked",
            "Whether the replication status of missing images was requested, for a limited number of them",
        ),
        count("statuses_refused", "Status requests that AWS denied"),
        count(
            "replications_failed",
            "Missing images whose replication status is FAILED; null: none is, and some statuses were not read",
        ),
        text("failure_codes", "Failure codes of those images, JSON array, most frequent first; an empty one: no code"),
        text("failure_meaning", "Those codes with their counts and meanings, as a clause"),
        text("replications_failed_sample", "Digests and tags of some of them, oldest first, JSON array, at most 10"),
        flag(
            "orphans_counted",
            "Whether a rule matches it, it exists there, and this is the first of the replicas of that destination repository",
        ),
        count(
            "orphans",
            "Images of the destination repository that none of its source repositories has, counted with the first of "
            "its replicas; null: images were not read, or a source that was not read may have them",
        ),
        text("orphans_sample", "Digests and tags of some of them, JSON array, at most 10"),
        # Settings of the destination repository, where it exists.
        text("source_tag_mutability", "Mutability at the source"),
        text("source_mutability_exclusions", "Exclusion filters at the source, JSON array"),
        text("tag_mutability", "Mutability at the destination"),
        text("mutability_exclusions", "Exclusion filters at the destination, JSON array"),
        text("expected_tag_mutability", "Mutability that the baseline requires; empty: none"),
        text("expected_exclusions", "Exclusion filters that the baseline requires, JSON array"),
        flag("tag_mutability_required", "Whether the repository exists there and the baseline requires a mutability"),
        text(
            "tag_mutability_setting",
            "Mutability and exclusion filters at the destination as one text, filters sorted: `MODE (filter, filter)`",
        ),
        text("expected_tag_mutability_setting", "The same text as the baseline requires it; empty: not required"),
        flag("exclusion_mode", "Whether the mutability at the destination is one that has exclusion filters"),
        text(
            "unprotected_tags",
            "Tags that those filters leave mutable although the mode or the baseline protects them, in words; empty: none",
        ),
        text(
            "frozen_tags",
            "Tags that can move at the source and cannot move at the destination, in words; empty: none",
        ),
        flag("scanning_required", "Whether the repository exists there and the baseline requires that it is scanned"),
        text("scan_frequency", "Effective scan frequency at the destination: SCAN_ON_PUSH, CONTINUOUS_SCAN or MANUAL"),
        text("scan_type", "Scan type of the destination registry; empty: its Region has no scanning configuration"),
        text("source_scan_type", "Scan type of the source registry; empty: its Region has no scanning configuration"),
        text(
            "expected_scan_type",
            "Required scan type: that of the baseline or, where it has none, ENHANCED of the source; empty: none",
        ),
        flag(
            "scan_level_required",
            "Whether the repository exists there and is scanned, and a scan type or frequency is required",
        ),
        text("scan_shortfalls", "Where scan type and frequency are below those, in words, JSON array"),
        flag("encryption_required", "Whether the repository exists there and the baseline requires an encryption"),
        text("encryption", "Encryption at the destination, in words"),
        text(
            "encryption_in_baseline_terms",
            "The same, in the form of `expected_encryption`; null: it is unknown who manages the key",
        ),
        text("expected_encryption", "Encryption that the baseline requires, in words; empty: none"),
        text("expected_kms_key", "KMS key ARN that the baseline requires; empty: any customer managed key"),
        flag("key_named", "Whether the destination repository names a KMS key"),
        text("kms_key", "That key; empty: none"),
        text(
            "key_state",
            "Its state in AWS KMS: Enabled, Disabled, PendingDeletion …; `NotFound`; `in <Region>`: it is in that other Region",
        ),
        text("key_state_unknown", "Why the state is unknown, as a clause"),
        flag(
            "repository_policy_required",
            "Whether the repository exists there and the baseline has a requirement for its repository policy",
        ),
        text(
            "repository_policy_kind",
            "Kind of the repository policy, in the terms of `expected_repository_policy_kind`: none, one, another, or that one",
        ),
        text(
            "expected_repository_policy_kind",
            "Kind that the baseline requires: a repository policy, none, that of the source or of the baseline; empty: any",
        ),
        text("repository_policy_unknown", "Why `repository_policy_kind` is unknown, as a clause"),
        text("repository_policy", "Repository policy text at the destination; empty: none"),
        text("source_repository_policy", "Repository policy text at the source; empty: none"),
        text("expected_repository_policy", "Policy text to put, where the baseline determines one"),
        flag(
            "lifecycle_policy_required",
            "Whether the repository exists there, deletions are not replicated, and the baseline requires a lifecycle policy",
        ),
        flag(
            "lifecycle_policy_determined",
            "Whether the baseline determines which lifecycle policy the repository has, and it exists there with one, or "
            "must have one although deletions are replicated",
        ),
        text(
            "lifecycle_policy_kind",
            "Kind of that policy, in the terms of `expected_lifecycle_policy_kind`: none, one, another, or that one",
        ),
        text(
            "expected_lifecycle_policy_kind",
            "Kind that the baseline determines: the lifecycle policy of the baseline or of the source, or none; empty: any",
        ),
        text("lifecycle_policy_unknown", "Why `lifecycle_policy_kind` is unknown, as a clause"),
        flag("lifecycle_policy_present", "Whether the destination has a lifecycle policy"),
        count(
            "lifecycle_rules", "Rules in that policy; 0: there is no policy; null: not read, or it could not be parsed"
        ),
        text(
            "expected_lifecycle_policy",
            "Lifecycle policy text to put, where the baseline or the source determines one; empty: none",
        ),
        text("lifecycle_policy", "Lifecycle policy text at the destination; empty: none"),
        text("source_lifecycle_policy", "Lifecycle policy text at the source; empty: none"),
        text(
            "earlier_expiry",
            "Images that the policy at the destination expires and the source keeps, in words; a side without a policy "
            "expires nothing; empty: none, or the baseline contains that policy; null: the texts do not determine it",
        ),
        text("earlier_expiry_unknown", "Why that is unknown, as a clause"),
        text(
            "undeclared_pull_time_rules",
            "Priorities of the rules at the destination that count from the last pull, JSON array; empty where the "
            "baseline contains that policy",
        ),
        # Resource tags of the destination repository.
        flag("tags_required", "Whether the repository exists there and the baseline requires resource tags"),
        text("missing_tag_keys", "Keys of required tags that are missing or have another value, JSON array"),
        text("missing_tags", "Those tags with the values that the baseline requires, JSON object"),
        count("tag_count", "Resource tags of the repository, where the baseline requires some"),
        # The creation template that applies to the repository's name at the destination.
        flag(
            "template_in_charge",
            "Whether the repository exists there and a template for replication applies to its name",
        ),
        text("template_prefix", "Prefix of that template; empty: there is none"),
        text(
            "template_differences",
            "Settings without a requirement of the baseline where the repository has neither the value of that template nor "
            "that of a source repository, JSON array of tag_mutability, encryption, repository_policy, lifecycle_policy "
            "and tags",
        ),
        # Access of principals other than replication.
        text(
            "external_principals",
            "Principals outside the organization, other than external accounts of the baseline, to which its repository "
            "policy allows any action: accounts, organizations, `everyone`; JSON array; null: unknown",
        ),
        text(
            "extra_readers",
            "Principals that may read the replica, but may not read its source and are not allowed by the policy that the "
            "baseline determines, JSON array; null: unknown",
        ),
        text(
            "cross_account_push_principals",
            "Principals of other accounts that may push to the replica, or give themselves the permission, JSON array; "
            "null: unknown",
        ),
        text(
            "cross_account_delete_principals",
            "Principals of other accounts that may delete the replica or make it unusable, JSON array; null: unknown",
        ),
        text(
            "exposing_registry_statements",
            "Numbers of the statements of the destination's registry policy that allow others to push or delete, JSON array",
        ),
        text(
            "closed_repository_policy",
            "Repository policy without this access; empty: it must be written manually; null: the present policy allows "
            "none of it, or that is unknown",
        ),
        text("exposure_unknown", "Why the access of others is unknown, as a clause"),
    ),
)
