"""The same policies judged by moto, where both speak the same language.

moto knows no NotResource, no `?`, no principals but `*`, and takes a condition that is not met for a denial; the
policies here keep to the rest. What lies beyond is held against references written the long way, in
`test_properties.py` and `test_access.py`.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.iam import GrantVerdict, ReplicationRequest, explain
from tests.checks.iam.policies import HEAD, OWNER, REGION, SOURCE, policy

access_control = pytest.importorskip("moto.iam.access_control", reason="moto comes with the extra `demo`")

_ACTIONS = st.sampled_from(
    [
        "*",
        "ecr:*",
        "ecr:Replicate*",
        "ecr:ReplicateImage",
        "ecr:Create*y",
        "ecr:PutImage",
        "s3:*",
        "ecr:*Image",
        "*:ReplicateImage",
        "ecr:*i*a*",
        "ecr:CreateRepository",
        "ecr:Create",
    ]
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


def _one_or_more(draw, values):
    """A text, or a list of texts: both spellings mean the same."""
    found = draw(st.lists(values, min_size=1, max_size=3))
    return found[0] if len(found) == 1 and draw(st.booleans()) else found


@st.composite
def statements(draw):
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        "Principal": "*",
        draw(st.sampled_from(["Action", "Action", "NotAction"])): _one_or_more(draw, _ACTIONS),
        "Resource": _one_or_more(draw, _RESOURCES),
    }


_MEANING = {
    "PERMITTED": GrantVerdict.ALLOWED,
    "DENIED": GrantVerdict.DENIED_EXPLICIT,
    "NEUTRAL": GrantVerdict.DENIED_IMPLICIT,
}


@settings(deadline=None)
@given(st.lists(statements(), min_size=1, max_size=5), st.text("ab/-", min_size=1, max_size=6))
def test_moto_decides_alike(written, name):
    text = policy(*written)
    if len(written) == 1:
        text = json.dumps({"Version": "2012-10-17", "Statement": written[0]})
    ours = explain(text, ReplicationRequest(SOURCE, OWNER, REGION, name))
    theirs = access_control.IAMPolicy(text)
    for action, decision in (("ecr:ReplicateImage", ours.replicate), ("ecr:CreateRepository", ours.create)):
        assert decision is _MEANING[theirs.is_action_permitted(action, HEAD + name).name]
