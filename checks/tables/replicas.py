"""The `replicas` table."""

from __future__ import annotations

from checks.tables.schema import LINK_KEY, Table, count, flag, text, time

REPLICAS = Table(
    name="replicas",
    meaning="Source repository → destination registry, for every pair that a rule matches or the baseline requires.",
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
        flag("source_has_images", "Whether the source repository holds active images"),
        count("source_images", "Active images at the source"),
        flag(
            "replication_due",
            "Whether a rule replicates it there and the source holds images that are old enough to have arrived",
        ),
        flag("destination_present", "Whether the repository exists at the destination"),
        flag("images_comparable", "Whether a rule replicates it there and it exists on both sides"),
        count(
            "images_missing", "Active source images that are not at the destination and are old enough to have arrived"
        ),
        count("images_missing_archived", "Archived source images that are not at the destination"),
        count("images_in_flight", "Source images pushed too recently to have arrived"),
        text("images_missing_sample", "Digests and tags of some of the missing images, JSON array, at most 10"),
        time("oldest_missing_pushed_at", "Push time of the oldest missing image"),
        count(
            "referrers_missing",
            "Missing images that refer to an image which is at the destination: signatures, SBOMs and the like",
        ),
        flag(
            "statuses_asked",
            "Whether the replication status of images that are missing there was requested, within bounds",
        ),
        count("statuses_refused", "Requests for it that were denied"),
        count(
            "replications_failed",
            "Missing images whose replication status is FAILED; null: none is, and not all answers were given",
        ),
        text("failure_codes", "AWS's failure codes of those, JSON array, most frequent first; an empty one is no code"),
        text("failure_meaning", "The codes, how many have each, and what is known of them, as a clause"),
        text("replications_failed_sample", "Digests and tags of some of them, oldest first, JSON array, at most 10"),
        flag(
            "orphans_counted",
            "Whether a rule matches it, it exists there, and this is the first of the replicas of that destination repository",
        ),
        count(
            "orphans",
            "Images of the destination repository that no repository replicated into it has, counted with the first of "
            "its replicas; null: images were not read, or a source that was not read may have those that others lack",
        ),
        text("orphans_sample", "Digests and tags of some of them, JSON array, at most 10"),
        # Settings of the destination repository, where it exists.
        text("source_tag_mutability", "Mutability at the source"),
        text("tag_mutability", "Mutability at the destination"),
        text("mutability_exclusions", "Exclusion filters at the destination, JSON array"),
        text("expected_tag_mutability", "Mutability that the baseline requires; empty: none"),
        text("expected_exclusions", "Exclusion filters that the baseline allows, JSON array"),
        flag("tag_mutability_required", "Whether the repository exists there and the baseline requires a mutability"),
        text(
            "tag_mutability_setting",
            "Mutability and exclusion filters at the destination in one text, filters sorted: `MODE (filter, filter)`",
        ),
        text("expected_tag_mutability_setting", "The same of what the baseline requires; empty: nothing"),
        flag("exclusion_mode", "Whether the mutability at the destination is one that has exclusion filters"),
        text(
            "unprotected_tags",
            "Tags that those filters leave mutable although mode or baseline protect them, in words; empty: none",
        ),
        text(
            "frozen_tags",
            "Tags that can move at the source and cannot move at the destination, in words; empty: none",
        ),
        flag("scanning_required", "Whether the repository exists there and the baseline requires that it is scanned"),
        text("scan_frequency", "Effective scan frequency at the destination: SCAN_ON_PUSH, CONTINUOUS_SCAN or MANUAL"),
        text("scan_type", "Scan type of the destination registry; empty: its Region has no scanning configuration"),
        text("source_scan_type", "Scan type of the source registry, likewise"),
        text(
            "expected_scan_type",
            "Scan type asked for, by the baseline or, where it names none, by an ENHANCED source; empty: none",
        ),
        flag(
            "scan_level_required",
            "Whether the repository exists there and is scanned, and a scan type or frequency is required",
        ),
        text("scan_shortfalls", "In what scan type and frequency are less than those, in words, JSON array"),
        flag("encryption_required", "Whether the repository exists there and the baseline requires an encryption"),
        text("encryption", "Encryption at the destination, in words"),
        text(
            "encryption_in_baseline_terms",
            "The same, in as much detail as `expected_encryption` has and in its words; null: who manages the key is unknown",
        ),
        text("expected_encryption", "Encryption that the baseline requires, in words; empty: none"),
        text("expected_kms_key", "KMS key ARN that it requires; empty: any customer managed key"),
        flag("key_named", "Whether the destination repository names a KMS key"),
        text("kms_key", "That key; empty: none"),
        text(
            "key_state",
            "Its state in AWS KMS: Enabled, Disabled, PendingDeletion …; `NotFound`; `in <Region>`: it lies in that other Region",
        ),
        text("key_state_unknown", "Why the state is unknown, as a clause"),
        flag(
            "repository_policy_required",
            "Whether the repository exists there and the baseline requires something of its repository policy",
        ),
        text(
            "repository_policy_kind",
            "What the repository policy is, in the words of `expected_repository_policy_kind`: none, one, another, or that one",
        ),
        text(
            "expected_repository_policy_kind",
            "What the baseline requires: a repository policy, none, that of the source or that of the baseline; empty: nothing",
        ),
        text("repository_policy_unknown", "Why `repository_policy_kind` is unknown, as a clause"),
        text("repository_policy", "Repository policy text at the destination; empty: none"),
        text("source_repository_policy", "Repository policy text at the source; empty: none"),
        text("expected_repository_policy", "Policy text to put, where the baseline determines one"),
        flag(
            "lifecycle_policy_required",
            "Whether the repository exists there, deletions are not replicated, and the baseline requires a lifecycle policy",
        ),
        flag("lifecycle_policy_present", "Whether the destination has one"),
        count("lifecycle_rules", "Rules in it; 0: there is no policy; null: not read, or it could not be parsed"),
        text(
            "expected_lifecycle_policy",
            "Lifecycle policy text to put, where the baseline or the source determines one; empty: none",
        ),
        text("lifecycle_policy", "Lifecycle policy text at the destination; empty: none"),
        text("source_lifecycle_policy", "Lifecycle policy text at the source; empty: none"),
        flag("lifecycle_policy_on_both_sides", "Whether the repository has a lifecycle policy on both sides"),
        text(
            "earlier_expiry",
            "Images that the policy at the destination expires and the one at the source keeps, in words; empty: none, "
            "or the baseline writes that policy out; null: the texts do not determine it",
        ),
        text("earlier_expiry_unknown", "Why they do not, as a clause"),
        text(
            "undeclared_pull_time_rules",
            "Priorities of the rules at the destination that count from the last pull, JSON array; empty where the "
            "baseline writes that policy out",
        ),
        # Resource tags of the destination repository.
        flag("tags_required", "Whether the repository exists there and the baseline requires resource tags"),
        text("missing_tag_keys", "Keys of those that it lacks or that have another value, JSON array"),
        text("missing_tags", "The same with the values that the baseline requires, JSON object"),
        count("tag_count", "Resource tags that it carries, where the baseline requires some"),
        # The creation template in charge of the repository's name at the destination.
        flag(
            "template_in_charge", "Whether the repository exists there and a template for replication serves its name"
        ),
        text("template_prefix", "Prefix of that template; empty: none serves it"),
        text(
            "template_differences",
            "Settings that the baseline leaves open in which the repository has neither what that template would give "
            "it today nor what a source repository has, JSON array of tag_mutability, encryption, repository_policy, "
            "lifecycle_policy and tags",
        ),
        # What other principals than replication may do with the replica.
        text(
            "external_principals",
            "Principals from outside the organization, other than declared partners, to which its repository policy "
            "allows anything: accounts, organizations, `everyone`; JSON array; null: unknown",
        ),
        text(
            "extra_readers",
            "Principals that may read the replica and neither its source nor by the policy that the baseline "
            "determines, JSON array; null: unknown",
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
            "Numbers of the statements of the destination's registry policy that let others push or delete, JSON array",
        ),
        text(
            "closed_repository_policy",
            "Repository policy that allows none of this; empty: a person must write it; null: the present one allows "
            "none of it, or that is unknown",
        ),
        text("exposure_unknown", "Why what others may do is unknown, as a clause"),
    ),
)
