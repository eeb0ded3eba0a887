"""The same policies judged by moto, where both speak the same language.

moto knows no NotResource, no `?`, no principals but `*`, and takes a condition that is not met for a denial; the
policies here keep to the rest.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.iam import ReplicationRequest, Verdict, explain
from tests.checks.iam.policies import HEAD, OWNER, REGION, SOURCE, policy

access_control = pytest.importorskip("moto.iam.access_control", reason="moto comes with the extra `demo`")

_ACTIONS = st.sampled_from(
    ["*", "ecr:*", "ecr:Replicate*", "ecr:ReplicateImage", "ecr:Create*y", "ecr:PutImage", "s3:*", "ecr:*Image"]
)
_RESOURCES = st.one_of(
    st.just("*"),
    st.text("ab/-*", max_size=6).map(lambda text: HEAD + text),
    st.sampled_from(
        [
            "arn:aws:ecr:*:222222222222:repository/a*",
            "arn:aws:ecr:eu-*:*:repository/*b",
            "arn:aws:ecr:us-east-1:222222222222:repository/*",
            "arn:aws:s3:::bucket/*",
        ]
    ),
)


@st.composite
def statements(draw):
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        "Principal": "*",
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(st.lists(_ACTIONS, min_size=1, max_size=3)),
        "Resource": draw(st.lists(_RESOURCES, min_size=1, max_size=3)),
    }


_MEANING = {
    "PERMITTED": Verdict.ALLOWED,
    "DENIED": Verdict.DENIED_EXPLICIT,
    "NEUTRAL": Verdict.DENIED_IMPLICIT,
}


@settings(deadline=None)
@given(st.lists(statements(), min_size=1, max_size=5), st.text("ab/-", min_size=1, max_size=6))
def test_moto_decides_alike(written, name):
    text = policy(*written)
    ours = explain(text, ReplicationRequest(SOURCE, OWNER, REGION, name))
    theirs = access_control.IAMPolicy(text)
    for action, decision in (("ecr:ReplicateImage", ours.replicate), ("ecr:CreateRepository", ours.create)):
        assert decision is _MEANING[theirs.is_action_permitted(action, HEAD + name).name]
