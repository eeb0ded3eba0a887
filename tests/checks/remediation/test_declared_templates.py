"""Templates that the baseline's settings amount to, and the two kinds of prefix."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.baseline.schema import Baseline
from checks.model import Place
from checks.remediation.declared_templates import ROOT, declared_template, prefix_covering

PLACE = ("222222222222", "eu-central-1")
NAMES = st.text(alphabet="ab/-", max_size=8)


@given(prefix=NAMES, rest=NAMES)
def test_the_template_serves_every_name_that_the_rule_can_copy(prefix, rest):
    template = prefix_covering(prefix)
    assert template == ROOT or (prefix + rest).startswith(f"{template}/")


@pytest.mark.parametrize(
    ("rule", "template"),
    [("", ROOT), ("prod", ROOT), ("prod/", "prod"), ("prod/web", "prod"), ("a/b/", "a/b"), ("a/b/c-", "a/b")],
)
def test_it_is_the_narrowest_one(rule, template):
    assert prefix_covering(rule) == template


SELECTION = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50}
LIFECYCLE = {"rules": [{"rulePriority": 1, "selection": SELECTION, "action": {"type": "expire"}}]}
POLICY = {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}]}


def _declared(settings, prefix="prod", present=None):
    return declared_template(Baseline.model_validate({"settings": settings}), prefix, Place(*PLACE), present or {})


def test_the_settings_of_the_prefix_decide():
    settings = [{"tag_mutability": "MUTABLE"}, {"repositories": ["prod/"], "tag_mutability": "IMMUTABLE"}]
    assert _declared(settings).template["imageTagMutability"] == "IMMUTABLE"
    assert _declared(settings, ROOT).template["imageTagMutability"] == "MUTABLE"


def test_what_a_template_cannot_say_is_left_at_the_default_of_aws():
    settings = [
        {"tag_mutability": "same-as-source", "lifecycle_policy": "same-as-source", "repository_policy": "required"}
    ]
    declared = _declared(settings)
    assert declared.template == {"appliedFor": ["REPLICATION"], "imageTagMutability": "MUTABLE"}
    assert (declared.blocker, declared.incomplete) == ("", declared.undetermined)
    assert "does not specify it" in declared.undetermined


def test_a_role_of_another_account_does_not_serve():
    settings = [{"tags": {"owner": "platform"}}]
    foreign = {"x": {"prefix": "x", "customRoleArn": "arn:aws:iam::999999999999:role/t"}}
    own = {"x": {"prefix": "x", "customRoleArn": "arn:aws:iam::222222222222:role/t"}}
    assert "custom role" in _declared(settings, present=foreign).blocker
    assert _declared(settings, present=own).blocker == ""
    assert _declared(settings, present=own).template["customRoleArn"] == "arn:aws:iam::222222222222:role/t"


@pytest.mark.parametrize(
    ("field", "document", "harmless"),
    [
        ("lifecycle_policy", LIFECYCLE, False),
        ("repository_policy", POLICY, False),
        ("lifecycle_policy", "required", True),
    ],
)
def test_documents_that_permit_or_expire_are_not_harmless(field, document, harmless):
    assert _declared([{field: document}]).harmless is harmless
