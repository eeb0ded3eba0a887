"""The list of ECR's actions, and what is meant by a name that is not in it."""

from __future__ import annotations

import botocore.session
import pytest

from checks.iam.actions import ACTIONS, meant_action, unknown_action_problem
from checks.iam.request import DELETE, ON_REPOSITORIES, PULL_AND_LOOK, PUSH, V1_ACTIONS

WITHOUT_OPERATION = {"ecr:BatchImportUpstreamImage", "ecr:GetImageCopyStatus", "ecr:ReplicateImage"}
"""Actions of the service authorization reference that no operation has."""


def test_the_list_has_every_operation_of_the_service_model():
    model = botocore.session.get_session().get_service_model("ecr")
    assert set(ACTIONS) == {f"ecr:{name}" for name in model.operation_names} | WITHOUT_OPERATION
    assert list(ACTIONS) == sorted(ACTIONS)


def test_every_action_that_an_evaluation_names_is_in_the_list():
    assert {*V1_ACTIONS, *ON_REPOSITORIES, *PULL_AND_LOOK, *PUSH, *DELETE} <= set(ACTIONS)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ecr:ReplicaiteImage", "ecr:ReplicateImage"),
        ("ecr:ReplicateImages", "ecr:ReplicateImage"),
        ("ECR:createrepositry", "ecr:CreateRepository"),
        ("PutImage", "ecr:PutImage"),
        ("erc:TagResource", "ecr:TagResource"),
        ("ecr-public:PutImage", ""),
        ("s3:GetObject", ""),
        ("ecr:", ""),
        ("", ""),
        ("ecr:Replicaite*", "ecr:ReplicateImage"),
        ("kms:*", ""),
    ],
)
def test_what_is_meant(text, meant):
    assert meant_action(text) == meant


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_with_two_letters_changed_places_is_recognized(action):
    swapped = action[:8] + action[9] + action[8] + action[10:]
    assert swapped == action or unknown_action_problem(swapped).endswith(f"did you mean {action}?")
