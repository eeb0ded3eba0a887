"""Failure codes of ECR image replication: meaning and next steps.

The ECR API reference lists no values of the code (API_ImageReplicationStatus). The meaning of one is known from
practice: aws/containers-roadmap issue 2675.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.engine.text import counted
from checks.model import RegistryId

ACCESS_DENIED = "DESTINATION_REGISTRY_ACCESS_DENIED"


def meaning(code: str | None) -> str | None:
    """The meaning of *code*, as a clause; None where no status was read, empty where there is no code."""
    if not code:
        return code
    if code == ACCESS_DENIED:
        return "the destination's registry policy does not allow replication from the source account"
    return "AWS does not document what this code means"


def failures_text(codes: Mapping[str, int]) -> str:
    """*codes* → number of images, as a clause: each code, its count if there are several, and its meaning."""
    if not any(codes):
        return ""
    parts = []
    for code, images in codes.items():
        often = f" for {counted(images, 'image')}" if len(codes) > 1 else ""
        known = meaning(code)
        parts.append(f"{code or 'no code'}{often}{f', {known}' if known else ''}")
    return "; ".join(parts)


def what_to_do(code: str, source: RegistryId, destination: RegistryId) -> tuple[str, ...]:
    """Steps before another attempt to replicate from *source* to *destination*."""
    same_account = source.account == destination.account
    if code == ACCESS_DENIED and not same_account:
        return (
            f"Fix the registry policy first: see the findings of the group `grants` about {destination}. "
            "Otherwise the next attempt fails in the same way.",
        )
    named = f"the code {code}" if code else "a failure without a code"
    return (
        f"Find the cause of {named} first: check {'' if same_account else 'the registry policy, '}the Region and the "
        f"state of the account at {destination}, its creation templates with their roles and keys, and failed "
        "CreateRepository and ReplicateImage calls in its CloudTrail.",
    )
