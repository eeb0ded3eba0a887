"""What a replication request carries under each condition key, as far as AWS documents it.

Replication acts as a service-linked role, so that the IAM user guide's page on global condition keys determines most of
them. A key that AWS does not document for such a call is *unknown*, even where its value seems obvious.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from checks.iam.request import CREATE, Caller


@dataclass(frozen=True, slots=True)
class AnyValue:
    """A value that is present and not known, and what is certain about it."""

    form: str = ""
    """Regular expression that it matches as a whole; empty: any text."""
    begins: str = ""
    """Its first characters."""
    outside: str = ""
    """Organization that it certainly does not name; for a path, it is not below that organization."""


Value = str | AnyValue
Request = tuple[Value, ...]
"""The values of a key in one request: one value, or several where the key holds a set; empty: the key is absent."""

Carried = tuple[Request, ...] | None
"""The possible requests, of which one is the real one; None: nothing is known about the key."""

ABSENT: Request = ()
_ANY: Request = (AnyValue(),)
_PERHAPS: Carried = (ABSENT, _ANY)
_TRUE, _FALSE = ("true",), ("false",)

_ORGANIZATION_FORM = r"o-[a-z0-9]{1,32}"
_ACCOUNT_FORM = r"[0-9]{12}"

NEVER_SENT = frozenset(("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"))
"""Sent only where a service *principal* calls; replication calls as a role. A plain comparison fails every replication
with DESTINATION_REGISTRY_ACCESS_DENIED."""

NETWORK = frozenset(("aws:sourceip", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceorgid",
                     "aws:vpceaccount", "aws:vpceorgpaths", "aws:vpcsourceip"))  # fmt: skip
"""Keys of a customer's network path, which replication is unlikely to use; not documented."""

MULTIVALUED = frozenset(("aws:principalorgpaths", "aws:principalservicenameslist", "aws:calledvia", "aws:tagkeys",
                         "aws:sourceorgpaths", "aws:resourceorgpaths", "aws:vpceorgpaths"))  # fmt: skip
"""Keys that hold a set, and are meant for ForAnyValue and ForAllValues."""

TIME = frozenset(("aws:currenttime", "aws:epochtime"))


@dataclass(frozen=True, slots=True)
class Context:
    """One request, as the conditions see it."""

    caller: Caller
    action: str
    """`ecr:ReplicateImage` or `ecr:CreateRepository`."""
    resource_tags: Mapping[str, str] | None = None
    """Tags of the destination repository; None: not known."""
    time: float | None = None
    """Epoch seconds of the request, for evaluations the time of the audit; None: not known."""


@dataclass(frozen=True, slots=True)
class KeyRule:
    """What is assumed about one condition key, or about all keys with one prefix."""

    key: str
    """As AWS writes it; a final `/` stands for every tag."""
    assumed: str
    """What a replication request carries, in words."""
    source: str
    """Page and section of the IAM user guide that says so."""
    carried: Callable[[Context], Carried]


PAGE = "reference_policies_condition-keys.html"
_PRINCIPALS = "reference_policies_variables.html#principaltable"
_IDENTIFIERS = "reference_identifiers.html#identifiers-prefixes"
USER_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"


def _always(*requests: Request) -> Callable[[Context], Carried]:
    """The same for every principal of IAM."""
    return lambda _: requests


def _replication(*requests: Request, direct: Carried = _PERHAPS) -> Callable[[Context], Carried]:
    """*requests* for replication, *direct* for a principal that calls ECR itself and chooses its credentials."""
    return lambda context: direct if context.caller.direct else requests


def _account(context: Context) -> Carried:
    account = context.caller.account
    return ((AnyValue(_ACCOUNT_FORM),),) if account is None else ((account,),)


def _arn(context: Context) -> Carried:
    arn = context.caller.arn
    return (_ANY,) if arn is None else ((arn,),)


def _organization(context: Context) -> Carried:
    return _known_or_not(context.caller.organization_id, AnyValue(_ORGANIZATION_FORM, "o-", context.caller.outside))


def _path(context: Context) -> Carried:
    caller = context.caller
    if caller.organization_path is None and caller.organization_id:
        return ((AnyValue(begins=f"{caller.organization_id}/"),),)
    return _known_or_not(caller.organization_path, AnyValue(begins="o-", outside=caller.outside))


def _known_or_not(value: str | None, unknown: AnyValue) -> Carried:
    if value is None:
        return (ABSENT, (unknown,))
    return ((value,),) if value else (ABSENT,)


def _time(context: Context) -> Carried:
    return (_ANY,) if context.time is None else ((moment_text(context.time),),)


def _seconds(context: Context) -> Carried:
    return (_ANY,) if context.time is None else ((str(int(context.time)),),)


def moment_text(seconds: float) -> str:
    """Epoch *seconds* as ISO 8601 in UTC, without fractions."""
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unknown(_: Context) -> Carried:
    return None


_SERVICE = "absent: it exists where a service principal calls, and replication calls as a role"
_INSTANCE = "absent: it exists in sessions that the named service creates for a workload"
_ON_BEHALF = "absent: documented for calls by a service-linked role"
_NETWORK_TEXT = "unknown: a service-linked role does not use your network, and AWS does not document what it sends"
_LATER = "unknown: it depends on what replication requests"


def _page(key: str) -> str:
    return f"{PAGE}#condition-keys-{key.partition(':')[2].rstrip('/').lower()}"


def _rows() -> tuple[KeyRule, ...]:
    def rule(key: str, assumed: str, carried: Callable[[Context], Carried], source: str = "") -> KeyRule:
        return KeyRule(key, assumed, source or _page(key), carried)

    absent, perhaps = _replication(ABSENT), _always(ABSENT, _ANY)
    service = [f"aws:{name}" for name in ("SourceAccount", "SourceArn", "SourceOrgID", "SourceOrgPaths",
                                          "PrincipalServiceName", "PrincipalServiceNamesList")]  # fmt: skip
    sessions = ("aws:AssumedRoot", "aws:ChatbotSourceArn", "aws:Ec2InstanceSourceVpc",
                "aws:Ec2InstanceSourcePrivateIPv4", "aws:FederatedProvider", "ec2:RoleDelivery",
                "ec2:SourceInstanceArn", "glue:RoleAssumedBy", "glue:CredentialIssuingService",
                "identitystore:UserId", "lambda:SourceFunctionArn", "ssm:SourceInstanceArn")  # fmt: skip
    network = [f"aws:{name}" for name in ("SourceIp", "SourceVpc", "SourceVpcArn", "SourceVpce", "VpcSourceIp",
                                          "VpceAccount", "VpceOrgID", "VpceOrgPaths")]  # fmt: skip
    return (
        rule("aws:PrincipalAccount", "the source account", _account),
        rule("aws:PrincipalArn", "the ARN of the replication service-linked role of the source account", _arn),
        rule("aws:PrincipalOrgID", "the organization of the source account; absent where it has none", _organization),
        rule("aws:PrincipalOrgPaths", "the path of the source account; absent where it has no organization", _path),
        rule("aws:PrincipalType", "`AssumedRole`", _replication(("AssumedRole",)), _PRINCIPALS),
        rule("aws:userid", "the role's unique id, which begins with `AROA`, and an unknown session name",
             _replication((AnyValue(begins="AROA"),), direct=(_ANY,)), _IDENTIFIERS),
        rule("aws:username", "absent: sessions of roles have none", absent),
        rule("aws:PrincipalIsAWSService", "`false`: documented for calls by a service-linked role", _always(_FALSE)),
        rule("aws:ViaAWSService", "`false`: documented for calls by a service-linked role", _replication(_FALSE)),
        *(rule(key, _SERVICE, _always(ABSENT)) for key in service),
        *(rule(f"aws:{key}", _ON_BEHALF, absent) for key in ("CalledVia", "CalledViaFirst", "CalledViaLast")),
        rule("aws:MultiFactorAuthPresent", "absent or `false`: evaluated where both give the same result",
             _replication(ABSENT, _FALSE)),
        rule("aws:MultiFactorAuthAge", "absent: the session was not authenticated with MFA", absent),
        *(rule(key, _INSTANCE, absent, PAGE) for key in sessions),
        rule("aws:referer", "absent: browsers send it, programmatic requests do not", absent),
        rule("aws:CurrentTime", "the time of the audit", _time),
        rule("aws:EpochTime", "the time of the audit", _seconds),
        rule("aws:TokenIssueTime", "present with an unknown value: a role has temporary credentials",
             _replication(_ANY)),
        rule("aws:PrincipalTag/", "absent or any value: evaluated where both give the same result", perhaps),
        rule("aws:SourceIdentity", "absent or any value: evaluated where both give the same result", perhaps),
        # Every client can call ECR over TLS.
        rule("aws:SecureTransport", "`true` or `false`: evaluated where both give the same result",
             _replication(_TRUE, _FALSE, direct=(_TRUE,))),
        rule("aws:RequestedRegion", "present with an unknown value: the Region of the call is not documented",
             _always(_ANY)),
        rule("aws:UserAgent", "present with an unknown value", _always(_ANY)),
        rule("aws:ResourceTag/", "the tags of the destination repository; absent for ecr:CreateRepository", _unknown),
        rule("ecr:ResourceTag/", "the same as `aws:ResourceTag/`", _unknown, _page("aws:ResourceTag/")),
        rule("aws:RequestTag/", _LATER, _unknown),
        rule("aws:TagKeys", _LATER, _unknown),
        *(rule(key, _NETWORK_TEXT, _unknown) for key in network),
    )  # fmt: skip


KEY_RULES: tuple[KeyRule, ...] = _rows()
"""Every key that IAM's page of global condition keys determines for replication, or that is unknown for a reason.

Any other key is unknown. The documentation's table of keys is made from it.
"""

_BY_KEY = {rule.key.lower(): rule.carried for rule in KEY_RULES if not rule.key.endswith("/")}
_TAG_KEYS = ("aws:resourcetag/", "ecr:resourcetag/")
_NAMESPACED = re.compile(r"[^:]+:.+")


def carried(key: str, context: Context) -> Carried:
    """What the request may carry under the condition key *key* (lower case)."""
    rule = _BY_KEY.get(key)
    if rule is not None:
        return rule(context)
    if key.startswith("aws:principaltag/"):
        return _PERHAPS
    for prefix in _TAG_KEYS:
        if key.startswith(prefix):
            return _tag(key.removeprefix(prefix), context)
    return None


def certain(given: Carried) -> tuple[str, ...] | None:
    """The values of the only possible request; None: they are not known."""
    if given is None or len(given) != 1:
        return None
    values = tuple(value for value in given[0] if isinstance(value, str))
    return values if len(values) == len(given[0]) else None


def is_key(name: str) -> bool:
    """Whether *name* has the form of a condition key: a service prefix, a colon and a name."""
    return _NAMESPACED.fullmatch(name) is not None


def remark(key: str) -> str:
    """Why the condition key *key* (lower case) is not known, or never sent, as a clause."""
    if key in NEVER_SENT:
        return "replication does not send this key; use aws:PrincipalOrgID or aws:PrincipalAccount"
    if key in NETWORK:
        return ("replication does not use your network, so this condition probably fails; AWS does not document what a "
                "service-linked role sends under this key")  # fmt: skip
    if key.startswith("aws:principaltag/"):
        return "replication acts as a service-linked role, which probably has no tags; AWS does not document it"
    if key.startswith("aws:multifactorauth"):
        return "AWS does not document whether this key is absent or false for a service-linked role"
    if key == "aws:principalaccount":
        return "the source account is not known"
    if key == "aws:principalorgid":
        return "the organization of the source account is not known"
    if key == "aws:principalorgpaths":
        return "the organization path of the source account is not known"
    if key in TIME:
        return "the time of the request is not known"
    if key.startswith(_TAG_KEYS):
        return "the tags of the destination repository are not known"
    return "AWS does not document what replication sends under this key"


def _tag(name: str, context: Context) -> Carried:
    if context.action == CREATE:
        # The repository does not exist yet, so it has no tags.
        return (ABSENT,)
    if context.resource_tags is None:
        return _PERHAPS
    # Condition keys ignore case and tag keys do not: two tags may answer to one condition key.
    values = {value for key, value in context.resource_tags.items() if key.lower() == name}
    if len(values) > 1:
        return tuple((value,) for value in sorted(values))
    return (tuple(values),)


@lru_cache(maxsize=256)
def _compiled(form: str) -> re.Pattern[str]:
    return re.compile(form, re.ASCII | re.DOTALL)


def may_be(value: AnyValue, text: str, *, ignore_case: bool = False) -> bool:
    """Whether the unknown *value* can be exactly *text*."""
    wanted = text.lower() if ignore_case and value.form == _ORGANIZATION_FORM else text
    if value.outside and (wanted == value.outside or wanted.startswith(f"{value.outside}/")):
        return False
    if value.form and not _compiled(value.form).fullmatch(wanted):
        return False
    return _folded(wanted, fold=ignore_case).startswith(_folded(value.begins, fold=ignore_case))


def may_begin(value: AnyValue, head: str) -> bool:
    """Whether the unknown *value* can begin with *head*."""
    if value.outside and head.startswith(f"{value.outside}/"):
        return False
    return head.startswith(value.begins) or value.begins.startswith(head)


def _folded(text: str, *, fold: bool) -> str:
    return text.lower() if fold else text
