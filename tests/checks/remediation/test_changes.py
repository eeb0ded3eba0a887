from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from checks.changes import AnyChange
from checks.remediation import STAGES, validate
from checks.remediation.changes import distinct, once
from tests.checks.remediation.words import adding, change, change_from_json, granting


@pytest.mark.parametrize(
    ("kind", "arguments", "named"),
    [
        ("replication.increase", {}, "replication.increase"),
        ("replication.add", {"prefixes": [""]}, "`replication.add`.destinations"),
        ("replication.add", {"destinations": ["111/eu"], "prefixes": [""]}, "`replication.add`.destinations.0"),
        ("repository.policy", {"repository": "a", "seen": None, "policy": "{}"}, "`repository.policy`.seen"),
    ],
)
def test_what_is_stored_is_read_as_the_kind_that_it_names(kind: str, arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as error:
        change_from_json(kind, "111111111111", "eu-west-1", arguments)
    assert named in str(error.value)


_SLR = change("account.service-linked-role")
_PUT = change("repository.policy", repository="a", seen="", policy="{}")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (replace(adding("222222222222/eu-west-1"), destinations=None), "`replication.add`.destinations"),
        (replace(adding("222222222222/eu-west-1"), prefixes="prod"), "`replication.add`.prefixes"),
        (change("policy.remove-statement", statement=0), "statement must be a number from 1"),
        (replace(change("replication.set-delete", rule=1, enabled=True), rule=True), "`replication.set-delete`.rule"),
        (
            replace(change("repository.policy", repository="a", seen="", policy="{}"), seen=None),
            "`repository.policy`.seen",
        ),
        (replace(_SLR, account="12345"), "'12345'/'eu-west-1' is not a valid registry"),
        (replace(_SLR, region="$(reboot)"), "is not a valid registry"),
    ],
)
def test_what_nobody_can_mean_is_named(wrong: Any, named: str) -> None:
    with pytest.raises(ValueError, match=r".*") as error:
        validate(wrong)
    assert named in str(error.value)


def test_half_a_surrogate_pair_in_a_policy_is_no_misshapen_change() -> None:
    validate(replace(_PUT, seen='{"Sid": "\ud800"}'))


def test_every_kind_has_its_own_name_and_a_stage_and_is_in_a_group_that_is_planned() -> None:
    from checks.remediation.merging import _GROUPS

    kinds = [one.__dataclass_fields__["kind"].default for one in get_args(AnyChange)]
    assert sorted(kinds) == sorted(STAGES)
    assert {name.partition(".")[0] for name in STAGES} == set(_GROUPS)


def test_the_same_edit_counts_once() -> None:
    one, two = adding("222222222222/eu-west-1"), granting("111111111111", "")
    assert once([two, one, adding("222222222222/eu-west-1")]) == (two, one)
    assert distinct([one, two, one]) == distinct([two, one])
    assert len(distinct([one, two, one])) == 2
