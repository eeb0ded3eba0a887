"""Documents that no specification foresees: never an exception, always a reason."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.tables.documents import parse_object, parse_rules, parse_templates
from checks.baseline.sections import Settings
from tests.audit.tables.worlds import BACKUP, baseline, build, replica_of, rule

NAMES = [
    "rules", "destinations", "registryId", "region", "repositoryFilters", "filter", "filterType", "deleteReplication",
    "enabled", "prefix", "appliedFor", "encryptionConfiguration", "encryptionType", "kmsKey", "customRoleArn",
    "Statement", "Effect", "Principal", "Service", "Action", "Condition", "exists", "trust", "scanType", "state",
]  # fmt: skip
words = st.sampled_from(["PREFIX_MATCH", "ROOT", "Allow"])
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | words
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
)
texts = documents.map(json.dumps) | st.text(max_size=20)


@given(texts)
def test_a_document_is_understood_or_there_is_a_reason(text):
    for parsed in (parse_rules(text), parse_templates(text), parse_object(text, "it")):
        assert (parsed.value is None) is bool(parsed.problem)


@settings(max_examples=30, deadline=None)
@given(texts, texts, texts)
def test_nothing_that_was_read_breaks_the_tables(one, two, three):
    asked = Settings(repository_policy="same-as-source")
    template = [{"prefix": "a", "customRoleArn": f"arn:aws:iam::{BACKUP}:role/r"}]
    world = replica_of(
        hub={"replication_configuration": one, "registry_policy": two, "templates": three, "keys": one, "roles": two},
        backup={"templates": json.dumps(template), "roles": three, "keys": three, "scanning_configuration": two},
        source={"repository_policy": one},
        here={"repository_policy": two, "encryption_type": "KMS", "kms_key": one},
    )
    row = build(world, baseline(settings=[asked.model_dump(exclude_unset=True)])).row("registries", account=BACKUP)
    assert row["evidence_complete"] is True


def test_a_filter_of_another_language_is_not_guessed_at():
    other = rule(f"{BACKUP}/eu-west-1", prefixes=["prod"])
    other["repositoryFilters"][0]["filterType"] = "WILDCARD"
    parsed = parse_rules(json.dumps({"rules": [other]}))
    assert parsed.value is None
    assert "WILDCARD" in parsed.problem
