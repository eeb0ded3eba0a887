"""No command freezes, in a copy, what moves at its source: the remedies against the judge of moving tags."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.tables.replicas.mutability import compare_mutability
from checks.baseline.merged_settings import merged_settings
from checks.baseline.schema import Baseline
from checks.model import Place, RemediationContext
from checks.remediation.repository_settings import would_freeze
from checks.settings import immutability_effective, moving_tags, tag_mutability

MODES = ("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
FILTERS = st.lists(st.sampled_from(["*", "lat*", "latest", "v*", "dev-*"]), min_size=1, max_size=2, unique=True)


@st.composite
def modes(draw):
    mode = draw(st.sampled_from(MODES))
    return mode, draw(FILTERS) if mode.endswith("EXCLUSION") else []


def judged(source, copy, settings):
    (source_mode, source_filters), (mode, filters) = source, copy
    return compare_mutability(True, settings, source_mode, json.dumps(source_filters), mode, json.dumps(filters))


def context_of(mode, exclusions):
    settings = {"tag_mutability": mode}
    if exclusions:
        settings["mutability_exclusions"] = exclusions
    return RemediationContext(Baseline.model_validate({"settings": [settings] if mode else []}))


def row_of(source, copy, answer):
    names = ("expected_tag_mutability", "expected_exclusions", "frozen_tags", "unprotected_tags")
    return {
        "source_account": "111111111111",
        "source_region": "eu-west-1",
        "destination_account": "222222222222",
        "destination_region": "eu-west-1",
        "repository": "app",
        "source_tag_mutability": source[0],
        "source_mutability_exclusions": json.dumps(source[1]),
        "tag_mutability": copy[0],
        "mutability_exclusions": json.dumps(copy[1]),
        **{name: getattr(answer, name) for name in names},
    }


@given(source=modes(), copy=modes(), asked=st.one_of(st.just(("", [])), st.just(("same-as-source", [])), modes()))
@example(source=("MUTABLE", []), copy=("MUTABLE", []), asked=("IMMUTABLE", []))
@example(source=("MUTABLE", []), copy=("IMMUTABLE_WITH_EXCLUSION", ["*"]), asked=("IMMUTABLE", []))
def test_after_any_command_for_a_copy_the_tags_that_move_at_the_source_can_move_in_it(source, copy, asked):
    context = context_of(*asked)
    settings = merged_settings(context.baseline, "app", Place("222222222222", "eu-west-1"))
    answer = judged(source, copy, settings)
    failing = {
        tag_mutability: answer.tag_mutability_required
        and answer.tag_mutability_setting != answer.expected_tag_mutability_setting,
        immutability_effective: bool(answer.unprotected_tags),
        moving_tags: bool(answer.frozen_tags),
    }
    for module, fails in failing.items():
        if not fails:
            continue
        remediation = module.CHECK.remediation(row_of(source, copy, answer), context)
        assert remediation.changes or remediation.manual
        for change in remediation.changes:
            after = judged(source, (change.mutability, change.exclusions), settings)
            assert after.frozen_tags == "", (module.__name__, change)


@given(source=modes(), target=modes())
def test_what_is_said_to_freeze_does_freeze(source, target):
    row = row_of(
        source,
        ("MUTABLE", []),
        judged(source, target, merged_settings(Baseline(), "app", Place("222222222222", "eu-west-1"))),
    )
    answer = would_freeze(row, context_of("", []), *target)
    frozen = judged(source, target, merged_settings(Baseline(), "app", Place("222222222222", "eu-west-1"))).frozen_tags
    assert frozen is not None
    assert answer is None or bool(frozen) is answer


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "MUTABLE"])
def test_a_source_that_was_not_read_is_not_taken_for_one_that_stands_still(mode):
    row = {"source_tag_mutability": None, "source_mutability_exclusions": None, "repository": "app"}
    assert would_freeze(row, context_of("", []), mode, ["v*"]) is None
