"""What the pages of the checks say, held to the code: numbers, lists, names of checks and of baseline keys."""

from __future__ import annotations

import re
from math import ceil

import pytest

from audit.inventory.phases import STATUS_BOUND
from audit.inventory.registry import REPLICATION_ROLE
from audit.tables.registries.frame import EXPRESSIBLE_RULES
from audit.tables.registries.surroundings import FAILED_REPLICATION
from audit.tables.replicas.mutability import VERSION_TAGS, compare_mutability
from checks.baseline.schema import Baseline, LimitSettings
from checks.baseline.sections import Settings
from checks.catalog import CHECKS, GROUPS
from checks.iam.request import DELETE, PULL, PUSH
from checks.mutability import MOVING_TAGS
from checks.remediation.account import MOST_EXCLUSIONS
from checks.texts import text_of

LIMITS = LimitSettings()
WARNING = LIMITS.rules.warn_at_percent
SAID = {
    "coverage.progress-bounded": [f"At most {STATUS_BOUND} missing images", "`IN_PROGRESS`"],
    "coverage.replication-succeeded": [f"at most {STATUS_BOUND} missing images", "`FAILED`"],
    "limits.destinations-below-warning": [
        f"{LIMITS.unique_destinations.warn_at_percent} %",
        f"{ceil(LIMITS.unique_destinations.maximum * WARNING / 100)} of {LIMITS.unique_destinations.maximum}",
    ],
    "limits.rules-within-limit": [
        f"{LIMITS.rules.maximum} since", f"{WARNING} %", f"more than {EXPRESSIBLE_RULES} (informational)",
    ],
    "limits.filters-within-limit": [f"have {LIMITS.filters_per_rule.maximum} repository filters", f"{WARNING} %"],
    "limits.policy-size-within-limit": [
        f"at most {LIMITS.registry_policy_characters.maximum:,} characters", f"{WARNING} %",
    ],
    "limits.images-within-limit": [f"{LIMITS.images_per_repository.maximum:,}", f"{WARNING} %"],
    "waivers.in-force": [f"({Baseline().longest_waiver_days}, unless"],
    "settings.pull-time-exclusions": [f"{MOST_EXCLUSIONS} in a registry"],
    "settings.immutability-effective": [f"`{tag}`" for family in VERSION_TAGS for tag in family],
    "settings.moving-tags": [f"`{tag}`" for tag in MOVING_TAGS],
    "rules.service-linked-role-present": [f"`{REPLICATION_ROLE}`"],
    "organization.failure-events": [
        f"source `{FAILED_REPLICATION['source']}`",
        f"`{FAILED_REPLICATION['detail-type']}`",
        f"result `{FAILED_REPLICATION['detail']['result']}`",
    ],
    "exposure.not-writable": [f"`{action}`" for action in PUSH],
    "exposure.not-deletable": [f"`{action}`" for action in DELETE],
    "exposure.not-wider-than-source": [f"`{action}`" for action in PULL],
    "grants.actions-narrow": [f"`{action}`" for action in Baseline().grants.allowed_actions],
}  # fmt: skip
"""Check → what its page must say, made from the constants that the code uses."""
FACTS = {
    "coverage.backfill-succeeded": {"90"},  # ECR user guide, replication-backfill.html
    "grants.actions-exist": {"27", "2026"},  # date of AWS's service authorization reference
    "limits.rules-within-limit": {"2026"},
    "rules.delete-replication-as-declared": {"2026"},
    "settings.immutability-effective": {"2"},  # Security Hub's ECR.2
}
"""Numbers that are AWS's facts and dates, which no code holds."""
BASELINE_KEY = re.compile(r"[a-z_]+(\.[a-z_]+)*(: [a-z-]+)?")

every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)


BY_ID = {check.id: check for check in CHECKS}


def page_of(check) -> str:
    text = text_of(check)
    return " ".join("\n".join((text.what, text.limits)).split())


@pytest.mark.parametrize("check", SAID)
def test_a_page_says_what_the_code_holds(check):
    page = page_of(BY_ID[check])
    assert [part for part in SAID[check] if part not in page] == []


@every_check
def test_every_number_on_a_page_is_held_by_a_test(check):
    said = " ".join(SAID.get(check.id, ()))
    prose = re.sub(r"`[^`]*`|V1|V2|EC2|S3", "", page_of(check))
    numbers = set(re.findall(r"\d[\d,]*(?<!,)", prose))
    known = set(re.findall(r"\d[\d,]*(?<!,)", said)) | FACTS.get(check.id, set())
    assert numbers <= known


@every_check
def test_a_page_names_the_values_that_pass(check):
    passing = check.expect.arguments.get("value_set", ())
    words = [one for one in passing if isinstance(one, str) and re.fullmatch("[A-Z][A-Z_0-9]+", one)]
    text = text_of(check)
    if check.id != "grants.replication-allowed":  # verdicts of the evaluation, which the page says in words
        assert [one for one in words if f"`{one}`" not in text.what] == []


@every_check
def test_names_of_checks_and_of_baseline_keys_on_a_page_exist(check):
    text = text_of(check)
    tokens = re.findall("`([^`]+)`", " ".join((text.what, text.why, text.fix, text.limits)))
    ids = {one.id for one in CHECKS}
    dotted = [one for one in tokens if one.partition(".")[0] in GROUPS and "." in one]
    unknown = [one for one in dotted if one not in ids and not is_baseline_key(one)]
    keyed = [one for one in tokens if re.search("[a-z]_[a-z]", one) and BASELINE_KEY.fullmatch(one) and "." not in one]
    unknown += [one for one in keyed if one.partition(":")[0] not in {*field_names(Baseline), "ecr_scanning"}]
    assert unknown == []


def is_baseline_key(token: str) -> bool:
    name, _, value = token.partition(": ")
    here = [Baseline.model_json_schema()]
    definitions = here[0]["$defs"]
    for part in name.split("."):
        here = [deeper for one in here for deeper in properties(one, definitions).get(part, ())]
    return bool(here) and (not value or value in str(here))


def properties(schema: dict, definitions: dict) -> dict[str, list[dict]]:
    """Key → schemas of the object or of the objects in the list that *schema* is."""
    found: dict[str, list[dict]] = {}
    for one in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        target = definitions[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        for key, value in target.get("properties", {}).items():
            found.setdefault(key, []).append(value)
    return found


def field_names(model) -> set[str]:
    schema = model.model_json_schema()
    every = [schema, *schema["$defs"].values()]
    return {key for one in every for key in one.get("properties", {})}


@pytest.mark.parametrize(
    ("filters", "undone"),
    [(["*"], True), (["v*"], True), (["*.*.*"], True), (["v1*"], False), (["dev-*"], False), (["latest"], False)],
)
def test_the_exclusion_filters_that_the_page_of_immutability_names(filters, undone):
    mode = "IMMUTABLE_WITH_EXCLUSION"
    text = str(filters).replace("'", '"')
    answer = compare_mutability(True, Settings(), mode, text, mode, text)
    assert bool(answer.unprotected_tags) is undone
