"""How much of a long list a printed report shows. Nothing is cut without a sentence that says how much."""

from __future__ import annotations

from collections.abc import Sequence

from reports.words import be, counted, number


def fair_shares(counts: Sequence[int], *, each: int, total: int) -> tuple[int, ...]:
    """How many of each list to show: at most *each* of one and about *total* of all, short lists whole first.

    Every list that has entries shows at least one, so a long first list cannot push out the others; what equal shares
    leave over goes to the first lists that are not whole.
    """
    share = each
    while share > 1 and sum(min(share, count) for count in counts) > total:
        share -= 1
    shares = [min(share, count) for count in counts]
    left = total - sum(shares)
    for position, count in enumerate(counts):
        more = max(0, min(left, min(each, count) - shares[position]))
        shares[position] += more
        left -= more
    return tuple(shares)


def not_shown(hidden: int, whole: int, one: str, many: str, *, file: str) -> str:
    """The sentence about what is left out; empty where nothing is."""
    if hidden <= 0:
        return ""
    left_out = counted(hidden, f"further {one}", f"further {many}")
    return f"{left_out} {be(hidden)} not shown here; {file} holds all {number(whole)}."


def shortened(text: str, longest: int, *, file: str) -> str:
    """The text, or its beginning with a note of how many characters are left out and where they are."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]} … [{number(len(text) - longest)} more characters in {file}]"
