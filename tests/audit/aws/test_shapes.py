"""Valid JSON of the wrong shape is no answer."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from audit.aws.responses import MisshapenAnswerError, require_shape

SESSION = botocore.session.Session()


def shape_of(service: str, operation: str) -> Any:
    return SESSION.get_service_model(service).operation_model(operation).output_shape


@pytest.mark.parametrize(
    ("service", "operation", "answer", "said"),
    [
        ("ecr", "DescribeRegistry", {"replicationConfiguration": 7}, "`replicationConfiguration` is not an object"),
        ("ecr", "DescribeRegistry", {"replicationConfiguration": {"rules": {}}}, "`rules` is not a list"),
        ("ecr", "DescribeRegistry", {"replicationConfiguration": {"rules": [None]}}, "not an object"),
        ("ecr", "DescribeRepositories", {"repositories": [{"repositoryName": None}]}, "no `repositoryName`"),
        ("ecr", "DescribeRepositories", {"repositories": [{"repositoryName": 7}]}, "not a string"),
        ("ecr", "GetRegistryPolicy", {"policyText": {"Version": "2012-10-17"}}, "not a string"),
        ("organizations", "ListRoots", {"Roots": [None]}, "not an object"),
        ("organizations", "ListAccounts", [], "not an object"),
    ],
)
def test_what_does_not_fit_is_refused(service: str, operation: str, answer: Any, said: str):
    with pytest.raises(MisshapenAnswerError, match=said):
        require_shape(shape_of(service, operation), answer)


def test_what_fits_passes_and_null_members_count_as_absent():
    answer = {"repositories": [{"repositoryName": "a", "createdAt": 1.5, "unheard-of": 7}], "nextToken": None}
    require_shape(shape_of("ecr", "DescribeRepositories"), answer)
    assert "nextToken" not in answer
