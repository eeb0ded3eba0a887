"""The table of condition keys: each row says what the evaluation assumes, and where AWS says so."""

from __future__ import annotations

import pytest

from checks.iam.condition_keys import (
    ABSENT,
    KEY_RULES,
    MULTIVALUED,
    NETWORK,
    NEVER_SENT,
    TIME,
    Context,
    carried,
    certain,
    remark,
)
from checks.iam.request import REPLICATE, Caller
from tests.checks.iam.policies import ORGANIZATION, PATH, SOURCE

NOW = 1_795_435_200.0
REPLICATION = Context(Caller(SOURCE, "aws", ORGANIZATION, PATH), REPLICATE, {"team": "core"}, NOW)
DIRECT = Context(Caller(SOURCE, "aws", ORGANIZATION, PATH, unnamed=True), REPLICATE, {"team": "core"}, NOW)
RULES = {rule.key: rule for rule in KEY_RULES}


def _asked(key):
    return key.lower() + ("team" if key.endswith("/") else "")


@pytest.mark.parametrize("rule", KEY_RULES, ids=lambda rule: rule.key)
def test_a_row_says_what_is_assumed(rule):
    given = carried(_asked(rule.key), REPLICATION)
    first = rule.assumed.partition(":")[0]
    if first == "absent":
        assert given == (ABSENT,)
    elif first.startswith("`"):
        values = tuple((word.strip("`"),) for word in first.split(" or "))
        assert given == values
    elif first == "absent or `false`":
        assert given == (ABSENT, ("false",))
    elif first == "absent or any value":
        assert given is not None
        assert given[0] == ABSENT
        assert len(given) == 2
    elif first.startswith("present"):
        assert given is not None
        assert ABSENT not in given
        assert certain(given) is None
    elif first == "unknown":
        assert given is None
    else:
        assert given is not None
        assert ABSENT not in given


def test_each_key_has_one_row():
    assert len({rule.key.lower() for rule in KEY_RULES}) == len(KEY_RULES)
    listed = {rule.key.lower() for rule in KEY_RULES}
    assert listed >= {*NEVER_SENT, *NETWORK, *TIME}
    assert MULTIVALUED - listed == {"aws:resourceorgpaths"}


@pytest.mark.parametrize("rule", KEY_RULES, ids=lambda rule: rule.key)
def test_a_row_cites_the_user_guide(rule):
    page, _, section = rule.source.partition("#")
    assert page.startswith("reference_")
    assert page.endswith(".html")
    assert section or page == "reference_policies_condition-keys.html"


@pytest.mark.parametrize(
    "key", ["aws:PrincipalAccount", "aws:CurrentTime", "aws:SourceAccount", "aws:PrincipalIsAWSService"]
)
def test_some_keys_are_the_same_for_every_caller(key):
    assert carried(key.lower(), DIRECT) == carried(key.lower(), REPLICATION)


@pytest.mark.parametrize(
    "key", ["aws:username", "aws:userid", "aws:MultiFactorAuthPresent", "aws:ViaAWSService", "aws:CalledVia"]
)
def test_a_principal_that_calls_itself_chooses_its_credentials(key):
    assert certain(carried(key.lower(), DIRECT)) is None


def test_a_key_of_the_network_says_why_it_is_unknown():
    assert all("service-linked role" in remark(key) for key in NETWORK)
