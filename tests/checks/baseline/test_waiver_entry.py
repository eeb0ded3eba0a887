"""A waiver more in a file of waivers: read back as meant, and nothing else changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.baseline.loading import load_baseline, load_waivers
from checks.baseline.waiver_entry import NEW_FILE, CannotAppendError, with_waiver

FIELDS = {
    "checks": ("rules.link-declared",),
    "fingerprint": "0123456789012345",
    "reason": "why",
    "owner": "x",
    "until": "2027-01-31",
}
ONE = "- checks: [rules.*]\n{0}reason: old # not new\n{0}owner: me\n{0}until: 2027-01-01\n"
FILES = {
    "nothing in it": "",
    "comments alone": "# ours",
    "new": NEW_FILE,
    "no list yet": "version: 1   # one\n",
    "no last line feed": "version: 1",
    "an empty list": "waivers: []   # none so far\nversion: 1\n",
    "an indented list": f"waivers:\n  {ONE.format('    ')}",
    "text after the list": f"waivers:\n  {ONE.format('    ')}  # the last one is old\n\nversion: 1 # end\n",
    "a text over lines": "waivers:\n  - checks: ['r*']\n    owner: me\n    until: 2027-01-01\n"
    "    reason: |\n      one\n\n      two\n\nversion: 1\n",
    "values that other readers take for numbers": "waivers:\n  - checks: [rules.*]\n    accounts: [012345678901]\n"
    "    reason: 'null' # quoted\n    owner: \"1_000\"\n    until: 2027-01-01\n",
    "an anchor": "waivers:\n  - checks: &all ['r*']\n    reason: r\n    owner: o\n    until: 2027-01-01\n"
    "  - checks: *all\n    reason: s\n    owner: o\n    until: 2027-01-01\n",
    "Windows": f"version: 1\nwaivers:\n  {ONE.format('    ')}".replace("\n", "\r\n"),
}
OTHER_LAYOUTS = {
    "a list that is not indented": f"waivers:\n{ONE.format('  ')}\n# the format\nversion: 1\n",
    "a list that is indented more": f"waivers:\n    {ONE.format('      ')}    # old\n\nversion: 1 # end\n",
    "a list in brackets": 'waivers: [{checks: ["r*"], reason: r, owner: o, until: 2027-01-01}]  # short\nversion: 1\n',
    "a list in brackets over lines": "waivers: [\n  {checks: [a*], reason: r, owner: o, until: 2027-01-01}  # one\n]\n",
    "braces around all": "{version: 1}  # short\n",
    "an end of the document": "version: 1  # one\n...\n",
}


@pytest.mark.parametrize("name", [*FILES, *OTHER_LAYOUTS])
def test_values_and_comments_of_the_file_stay(name: str) -> None:
    old = (FILES | OTHER_LAYOUTS)[name]
    new = with_waiver(old, FIELDS, "waivers.yaml")
    before, after = load_baseline(old, "f"), load_baseline(new, "f")
    assert after.waivers[:-1] == before.waivers
    assert after.waivers[-1].fingerprint == FIELDS["fingerprint"]
    assert after.model_copy(update={"waivers": ()}) == before.model_copy(update={"waivers": ()})
    comments = [line.partition("#")[2] for line in old.splitlines() if "#" in line]
    assert [line.partition("#")[2] for line in new.splitlines() if "#" in line] == comments
    assert new.count("\r\n") in (0, new.count("\n"))


@pytest.mark.parametrize("name", FILES)
def test_lines_in_the_layout_of_the_tool_stay_as_they_are(name: str) -> None:
    new = with_waiver(FILES[name], FIELDS, "waivers.yaml")
    kept = [line for line in FILES[name].splitlines() if "waivers" not in line]
    assert [line for line in new.splitlines() if line in kept][: len(kept)] == kept


def test_what_cannot_be_added_to_is_refused_with_the_lines() -> None:
    with pytest.raises(CannotAppendError, match=r'fingerprint: "0123456789012345"'):
        with_waiver("other: &w [{reason: r}]\nwaivers: *w\n", FIELDS, "waivers.yaml")


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), st.sampled_from(sorted(FILES)))
def test_any_text_is_read_back(reason: str, name: str) -> None:
    new = with_waiver(FILES[name], {**FIELDS, "reason": reason}, "waivers.yaml")
    assert load_baseline(new, "f").waivers[-1].reason == reason


def test_a_second_one_goes_after_the_first() -> None:
    once = with_waiver(NEW_FILE, FIELDS, "f")
    twice = with_waiver(once, {**FIELDS, "reason": "again"}, "f")
    assert twice.startswith(once)
    assert [one.reason for one in load_waivers(twice, "f")] == ["why", "again"]
