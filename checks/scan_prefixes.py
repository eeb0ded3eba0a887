"""Under which prefix the baseline asks for scanning: what a scanning rule is to name."""

from __future__ import annotations

from checks.model import RemedyContext


def prefix_asking(repository: str, context: RemedyContext) -> str:
    """The longest prefix under which the baseline asks for scanning of *repository*; else its own name."""
    matching = [
        prefix
        for entry in context.baseline.settings
        if entry.scanning
        for prefix in entry.repositories or ("",)
        if repository.startswith(prefix)
    ]
    return max(matching, key=len, default=repository)
