from __future__ import annotations

import pytest

from checks.model import Edit
from checks.remedies import EDITS, validate
from checks.remedies.edits import distinct, once
from tests.checks.remedies.words import adding, edit, granting


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (edit("replication.increase"), "replication.increase"),
        (edit("replication.add", destinations=[], prefixes=[], speed=1), "'speed'"),
        (edit("replication.add", prefixes=[""]), "'destinations'"),
        (edit("replication.add", destinations=["111/eu"], prefixes=[""]), "destinations must be"),
        (edit("policy.remove-statement", statement=0), "statement must be a number from 1"),
        (edit("replication.set-delete", rule=True, enabled=True), "rule must be"),
        (edit("repository.policy", repository="a", seen=None, policy="{}"), "seen must be text"),
        (Edit("account.service-linked-role", "12345", "eu-west-1"), "'12345'/'eu-west-1' is no registry"),
        (Edit("account.service-linked-role", "111111111111", "$(reboot)"), "is no registry"),
    ],
)
def test_what_nobody_can_mean_is_named(wrong: Edit, named: str) -> None:
    with pytest.raises(ValueError, match=r".*") as error:
        validate(wrong)
    assert named in str(error.value)


def test_every_kind_is_in_a_group_that_is_planned() -> None:
    from checks.remedies.merging import _GROUPS

    assert {name.partition(".")[0] for name in EDITS} == set(_GROUPS)


def test_the_same_edit_counts_once() -> None:
    one, two = adding("222222222222/eu-west-1"), granting("111111111111", "")
    assert once([two, one, adding("222222222222/eu-west-1")]) == (two, one)
    assert distinct([one, two, one]) == distinct([two, one])
    assert len(distinct([one, two, one])) == 2
