"""Credentials of assumed roles, on a clock that the test turns."""

import pytest

from audit.aws.failures import CallError, Failure
from audit.aws.identities import Keys, RoleIdentity
from checks.model import GapKind


class Sts:
    """Hands out numbered credentials that live an hour."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.handed_out = 0
        self.fails = False

    def renew(self) -> Keys:
        if self.fails:
            raise CallError(Failure(GapKind.ROLE_MISSING, "AccessDenied", "no"))
        self.handed_out += 1
        return Keys(f"AKID{self.handed_out}", "secret", "token", self.now + 3600.0)


@pytest.fixture
def sts() -> Sts:
    return Sts()


@pytest.fixture
def identity(sts: Sts) -> RoleIdentity:
    return RoleIdentity(sts.renew, clock=lambda: sts.now)


def test_assumed_once_and_used_while_it_lives(sts: Sts, identity: RoleIdentity) -> None:
    for moment in (1000.0, 2000.0, 4299.0):
        sts.now = moment
        assert identity.get_frozen_credentials().access_key == "AKID1"


def test_renewed_before_its_end(sts: Sts, identity: RoleIdentity) -> None:
    identity.get_frozen_credentials()
    sts.now += 3600.0 - 299.0
    assert identity.get_frozen_credentials().access_key == "AKID2"


def test_a_short_life_is_not_renewed_at_every_use(sts: Sts) -> None:
    identity = RoleIdentity(sts.renew, Keys("SHORT", "secret", None, sts.now + 200.0), clock=lambda: sts.now)
    sts.now += 99.0
    assert identity.get_frozen_credentials().access_key == "SHORT"
    sts.now += 2.0
    assert identity.get_frozen_credentials().access_key == "AKID1"


def test_what_aws_calls_expired_is_renewed_whatever_its_stated_life(sts: Sts, identity: RoleIdentity) -> None:
    identity.get_frozen_credentials()
    identity.expire()
    assert identity.keys.access_key == "AKID2"


def test_a_failed_renewal_counts_only_when_nothing_is_left(sts: Sts, identity: RoleIdentity) -> None:
    identity.get_frozen_credentials()
    sts.fails = True
    sts.now += 3590.0
    assert identity.get_frozen_credentials().access_key == "AKID1"
    sts.now += 20.0
    with pytest.raises(CallError):
        identity.get_frozen_credentials()


def test_a_refusal_is_remembered_for_a_while(sts: Sts, identity: RoleIdentity) -> None:
    sts.fails = True
    with pytest.raises(CallError):
        identity.get_frozen_credentials()
    sts.fails = False
    with pytest.raises(CallError):
        identity.get_frozen_credentials()
    sts.now += 61.0
    assert identity.get_frozen_credentials().access_key == "AKID1"


def test_handed_over_credentials_come_first(sts: Sts) -> None:
    handed = Keys("HANDED", "secret", None, sts.now + 3600.0)
    identity = RoleIdentity(sts.renew, handed, clock=lambda: sts.now)
    assert identity.get_frozen_credentials().access_key == "HANDED"


def test_secrets_are_not_shown() -> None:
    shown = repr(Keys("AKID-SHOWN", "SECRET-SHOWN", "TOKEN-SHOWN", 1.0))
    assert "SHOWN" not in shown
