"""What a failure code of ECR's image replication means, and where to look.

ECR's API reference calls the code a text and lists no values (API_ImageReplicationStatus). One is known from the field
well enough to say more than that: aws/containers-roadmap issue 2675.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.engine.text import counted

ACCESS_DENIED = "DESTINATION_REGISTRY_ACCESS_DENIED"


def meaning(code: str | None) -> str | None:
    """What *code* says, as a clause; None where no status was read, empty where there is no code."""
    if not code:
        return code
    if code == ACCESS_DENIED:
        return "the destination's registry policy does not allow the source account to replicate there"
    return "AWS does not document what this code means"


def failures_text(codes: Mapping[str, int]) -> str:
    """*codes* → number of images, as a clause: which codes, how often if there are several, and what they mean."""
    if not any(codes):
        return ""
    parts = []
    for code, images in codes.items():
        often = f" for {counted(images, 'image')}" if len(codes) > 1 else ""
        known = meaning(code)
        parts.append(f"{code or 'no code'}{often}{f', {known}' if known else ''}")
    return "; ".join(parts)


def what_to_do(code: str, destination: str) -> tuple[str, ...]:
    """Steps that come before another attempt to replicate to *destination*."""
    if code == ACCESS_DENIED:
        return (
            f"Fix the registry policy first: findings of the group `grants` about {destination} name what it lacks. "
            "Otherwise the next attempt fails the same way.",
        )
    named = f"the code {code}" if code else "a failure without a code"
    return (
        f"Look for the cause of {named} first: the registry policy, the Region and the state of the account at "
        f"{destination}, its creation templates with their roles and keys, and failed CreateRepository and "
        "ReplicateImage calls in its CloudTrail.",
    )
