"""The `replicas` table."""

from __future__ import annotations

from checks.tables.shapes import LINK_KEY, Table, count, flag, text, time

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
        flag("matched", "Whether a rule copies it there"),
        flag("expected", "Whether the baseline requires it"),
        text("required_by", "Names of the baseline's requirements, JSON array"),
        flag("delete_replication", "Whether a matching rule replicates deletions"),
        flag("source_has_images", "Whether the source repository holds active images"),
        count("source_images", "Active images at the source"),
        flag(
            "replication_due",
            "Whether a rule copies it there and the source holds images that are old enough to have arrived",
        ),
        flag("destination_present", "Whether the repository exists at the destination"),
        flag("images_comparable", "Whether a rule copies it there and it exists on both sides"),
        count(
            "images_missing", "Active source images that are not at the destination and are old enough to have arrived"
        ),
        count("images_missing_archived", "Archived source images that are not at the destination"),
        count("images_in_flight", "Source images pushed too recently to be judged"),
        text("images_missing_sample", "Digests and tags of some of the missing images, JSON array, at most 10"),
        time("oldest_missing_pushed_at", "Push time of the oldest missing image"),
        count(
            "referrers_missing",
            "Missing images that refer to an image which is at the destination: signatures, SBOMs and the like",
        ),
        flag(
            "statuses_asked",
            "Whether ECR was asked what became of the replication of images that are missing there; in bounds",
        ),
        count("statuses_refused", "Questions about them that were not answered"),
        flag(
            "replications_succeeded",
            "Whether no answer about them is FAILED; null: none is, and not all were answered",
        ),
        count("replications_failed", "Missing images whose replication ECR calls FAILED"),
        text("failure_codes", "AWS's failure codes of those, JSON array, most frequent first; an empty one is no code"),
        text("failure_meaning", "The codes, how many have each, and what is known of them, as a clause"),
        text("replications_failed_sample", "Digests and tags of some of them, oldest first, JSON array, at most 10"),
        flag(
            "orphans_judged",
            "Whether a rule copies it there, it exists there, and this is the first of the replicas that lead to that copy",
        ),
        count(
            "orphans",
            "Images of the copy that no repository replicated into it has, told with the first of its replicas; null: "
            "images were not read, or another source that was not read may have those that the others lack",
        ),
        text("orphans_sample", "Digests and tags of some of them, JSON array, at most 10"),
        # Settings of the destination repository, where it exists.
        text("source_tag_mutability", "Mutability at the source"),
        text("tag_mutability", "Mutability at the destination"),
        text("mutability_exclusions", "Exclusion filters at the destination, JSON array"),
        text("expected_tag_mutability", "Mutability that the baseline asks for; empty: nothing"),
        text("expected_exclusions", "Exclusion filters that the baseline allows, JSON array"),
        flag("mutability_declared", "Whether the repository exists there and the baseline asks for a mutability"),
        flag("mutability_as_declared", "Whether the destination has it"),
        flag("immutability_claimed", "Whether the destination has a mode with exclusions"),
        flag("immutability_effective", "Whether those exclusions leave immutability in force"),
        text("immutability_problem", "Why they do not, as a clause"),
        flag("moving_tags_safe", "Whether tags that move at the source can move at the destination too"),
        text("moving_tags_problem", "Why they cannot, as a clause"),
        flag("scanning_required", "Whether the repository exists there and the baseline asks that it be scanned"),
        text("scan_frequency", "Effective scan frequency at the destination"),
        flag("scanned", "Whether it is not MANUAL"),
        text("scan_type", "Scan type of the destination registry; empty: its Region has no scanning configuration"),
        text("source_scan_type", "Scan type of the source registry, likewise"),
        text(
            "expected_scan_type",
            "Scan type asked for, by the baseline or, where it names none, by an ENHANCED source; empty: none",
        ),
        flag(
            "scan_level_declared",
            "Whether the repository exists there and is scanned, and a scan type or frequency is asked for",
        ),
        flag("scan_level_reached", "Whether scan type and frequency are at least those"),
        text("scan_level_problem", "What falls short, as a clause"),
        flag("encryption_declared", "Whether the repository exists there and the baseline asks for an encryption"),
        text("encryption", "Encryption at the destination, in words"),
        text("expected_encryption", "Encryption asked for, in words"),
        text("expected_kms_key", "KMS key ARN asked for; empty: any customer key"),
        flag("encryption_as_declared", "Whether it is so"),
        flag("key_named", "Whether the destination repository names a KMS key"),
        text("kms_key", "That key; empty: none"),
        flag("key_usable", "Whether it exists, is enabled and lies in the destination's Region"),
        text("key_problem", "What is wrong with it, as a clause"),
        flag(
            "repository_policy_declared",
            "Whether the repository exists there and the baseline asks for a repository policy",
        ),
        flag("repository_policy_as_declared", "Whether it is so"),
        text("repository_policy_problem", "What differs, as a clause"),
        text("repository_policy", "Repository policy text at the destination; empty: none"),
        text("source_repository_policy", "Repository policy text at the source; empty: none"),
        text("expected_repository_policy", "Policy text to put, where the baseline determines one"),
        flag(
            "lifecycle_required",
            "Whether the repository exists there, deletions are not replicated, and the baseline asks for a lifecycle policy",
        ),
        flag("lifecycle_present", "Whether the destination has one"),
        text(
            "expected_lifecycle_policy",
            "Lifecycle policy text to put, where the baseline or the source determines one; empty: none",
        ),
        text("lifecycle_policy", "Lifecycle policy text at the destination; empty: none"),
        text("source_lifecycle_policy", "Lifecycle policy text at the source; empty: none"),
        flag("lifecycles_comparable", "Whether the repository has a lifecycle policy on both sides"),
        flag(
            "lifecycle_not_stricter",
            "Whether the destination keeps whatever the source keeps, or has what the baseline writes out; "
            "null: the texts do not decide it",
        ),
        text("lifecycle_problem", "What expires at the destination only, as a clause"),
        flag(
            "lifecycle_without_pull_time",
            "Whether no rule at the destination counts from the last pull, or the baseline writes the policy out",
        ),
        text("pull_time_priorities", "Priorities of the rules that do, JSON array"),
        # Resource tags of the destination repository.
        flag("tags_declared", "Whether the repository exists there and the baseline asks for resource tags"),
        flag("tags_present", "Whether it carries them with their values"),
        text("missing_tags", "Those that it lacks or that have another value, with the value asked for, JSON object"),
        count("tag_count", "Resource tags that it carries, where the baseline asks for some"),
        # The creation template in charge of the repository's name at the destination.
        flag(
            "template_in_charge", "Whether the repository exists there and a template for replication serves its name"
        ),
        text("template_prefix", "Prefix of that template; empty: none serves it"),
        flag(
            "matches_template",
            "Whether, in what the baseline leaves open, the repository has what that template would give it today, "
            "or what a source that feeds it has",
        ),
        text(
            "template_differences",
            "What differs, JSON array of tag_mutability, encryption, repository_policy, lifecycle_policy and tags",
        ),
        text("template_problem", "What differs, as a clause"),
        # What others than replication may do with the copy.
        flag(
            "closed_to_outsiders",
            "Whether the copy's own policy lets in nobody from outside the organization who is no declared partner",
        ),
        text("outsiders", "Whom it does: accounts, organizations, `everyone`; JSON array"),
        flag("readers_as_at_source", "Whether nobody may read the copy who may not read its source"),
        text("extra_readers", "Who may, JSON array; the policy that the baseline determines is taken into account"),
        flag("push_closed", "Whether nobody of another account may push to the copy, or open the way to it"),
        text("pushers", "Who may, JSON array"),
        flag("deletion_closed", "Whether nobody of another account may delete the copy or make it unusable"),
        text("deleters", "Who may, JSON array"),
        text(
            "exposing_registry_statements",
            "Numbers of the statements of the destination's registry policy that let others push or delete, JSON array",
        ),
        text(
            "closed_repository_policy",
            "Repository policy that exposes nothing; empty: a person must write it; null: it exposes nothing, or is not known",
        ),
        text("exposure_problem", "Why it is not known, as a clause"),
    ),
)
