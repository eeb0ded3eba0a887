"""AWS Organizations, reading side: the frame, accounts and units. Sources: the service model's own texts."""

from __future__ import annotations

import hashlib

from ecr_audit.simulator.build import LONG_AGO, epoch
from ecr_audit.simulator.calls import Call, Handler, Operations, Result, not_modelled
from ecr_audit.simulator.pages import offset, page, token
from ecr_audit.simulator.state import Account, Organization, Unit
from ecr_audit.simulator.wire.errors import AwsError

PAGE = 20
"""Largest and default page."""


def _frame(call: Call) -> Organization:
    frame = call.world.organization_of(call.account)
    if frame is None:
        raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return frame


def _readable(call: Call) -> Organization:
    """The organization, for callers that may read it: the management account and delegated administrators."""
    frame = _frame(call)
    if not call.world.reads_organization(call.account):
        raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")
    return frame


def _arn(frame: Organization, kind: str, rest: str) -> str:
    return f"arn:aws:organizations::{frame.management_account}:{kind}/{frame.id}/{rest}"


def _describe_organization(call: Call) -> Result:
    frame = _frame(call)
    return {
        "Organization": {
            "Id": frame.id,
            "Arn": f"arn:aws:organizations::{frame.management_account}:organization/{frame.id}",
            "FeatureSet": "ALL",
            "MasterAccountArn": _arn(frame, "account", frame.management_account),
            "MasterAccountId": frame.management_account,
            "MasterAccountEmail": f"aws+{frame.management_account}@example.com",
        }
    }


def _account(call: Call, frame: Organization, account: Account) -> Result:
    """`Status` beside `State`, as long as it knows the state: the old member is still sent."""
    result = {
        "Id": account.id,
        "Arn": _arn(frame, "account", account.id),
        "Email": f"aws+{account.id}@example.com",
        "Name": account.name,
        "State": account.state,
        "Paths": [f"{call.world.organization_path(account.id)}{account.id}/"],
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": epoch(LONG_AGO),
    }
    if account.state in ("ACTIVE", "SUSPENDED", "PENDING_CLOSURE"):
        result["Status"] = account.state
    return result


def _members(call: Call) -> list[Account]:
    return [account for account in call.world.accounts.values() if account.member]


def _list_accounts(call: Call) -> Result:
    """The second page is empty and carries a token: callers must go on until there is none."""
    frame = _readable(call)
    accounts = _members(call)
    size = int(call.parameters.get("MaxResults", PAGE))
    start = offset(call, "NextToken")
    # Positions count from one past the empty page: 0, then 1 (empty), then `size` + 1, and so on.
    if start == 1:
        return {"Accounts": [], "NextToken": token(call, size + 1)} if len(accounts) > size else {"Accounts": []}
    first = 0 if start == 0 else start - 1
    chosen = accounts[first : first + size]
    result: Result = {"Accounts": [_account(call, frame, account) for account in chosen]}
    following = 1 if start == 0 else first + size + 1
    if start == 0 or first + size < len(accounts):
        result["NextToken"] = token(call, following)
    return result


def _describe_account(call: Call) -> Result:
    frame = _readable(call)
    account = call.world.accounts.get(call.parameters["AccountId"])
    if account is None or not account.member:
        raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return {"Account": _account(call, frame, account)}


def _list_roots(call: Call) -> Result:
    frame = _readable(call)
    return {"Roots": [{"Id": frame.root, "Arn": _arn(frame, "root", frame.root), "Name": "Root", "PolicyTypes": []}]}


def _unit(frame: Organization, unit: Unit) -> Result:
    return {"Id": unit.id, "Arn": _arn(frame, "ou", unit.id), "Name": unit.name, "Path": unit.path}


def _parent(call: Call, frame: Organization) -> str:
    parent: str = call.parameters["ParentId"]
    if parent != frame.root and parent not in frame.units:
        raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")
    return parent


def _list_units(call: Call) -> Result:
    frame = _readable(call)
    parent = _parent(call, frame)
    units = [_unit(frame, unit) for unit in frame.units.values() if unit.parent == parent]
    chosen, following = page(call, units, size=PAGE, spelling="NextToken")
    return {"OrganizationalUnits": chosen, "NextToken": following}


def _list_accounts_for_parent(call: Call) -> Result:
    frame = _readable(call)
    parent = _parent(call, frame)
    accounts = [account for account in _members(call) if (account.unit or frame.root) == parent]
    chosen, following = page(call, accounts, size=PAGE, spelling="NextToken")
    return {"Accounts": [_account(call, frame, account) for account in chosen], "NextToken": following}


def _list_parents(call: Call) -> Result:
    frame = _readable(call)
    child = call.parameters["ChildId"]
    account = call.world.accounts.get(child)
    if child in frame.units:
        parent = frame.units[child].parent
    elif account is not None and account.member:
        parent = account.unit or frame.root
    else:
        raise AwsError("ChildNotFoundException", "You specified child that doesn't exist.")
    return {"Parents": [{"Id": parent, "Type": "ROOT" if parent == frame.root else "ORGANIZATIONAL_UNIT"}]}


def _describe_unit(call: Call) -> Result:
    frame = _readable(call)
    unit = frame.units.get(call.parameters["OrganizationalUnitId"])
    if unit is None:
        raise AwsError(
            "OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist."
        )
    return {"OrganizationalUnit": _unit(frame, unit)}


def _list_delegated_administrators(call: Call) -> Result:
    frame = _readable(call)
    accounts = [call.world.accounts[account] for account in frame.delegated_administrators]
    rows = [{**_account(call, frame, account), "DelegationEnabledDate": epoch(LONG_AGO)} for account in accounts]
    for row in rows:
        del row["Paths"]
    chosen, following = page(call, rows, size=PAGE, spelling="NextToken")
    return {"DelegatedAdministrators": chosen, "NextToken": following}


def _describe_effective_policy(call: Call) -> Result:
    """Inspector policies alone. A member may ask about itself, who reads the organization about every account."""
    if call.parameters["PolicyType"] != "INSPECTOR_POLICY":
        raise not_modelled(call, f"policies of type {call.parameters['PolicyType']}")
    target = call.parameters.get("TargetId", call.account)
    if target == call.account:
        _frame(call)
    else:
        _readable(call)
    account = call.world.accounts.get(target)
    if account is None or not account.member:
        raise AwsError("TargetNotFoundException", "You specified a target that doesn't exist.")
    if not account.inspector_policy:
        raise AwsError("EffectivePolicyNotFoundException", "The effective policy could not be found.")
    return {
        "EffectivePolicy": {
            "PolicyContent": account.inspector_policy,
            "LastUpdatedTimestamp": epoch(LONG_AGO),
            "TargetId": target,
            "PolicyType": "INSPECTOR_POLICY",
        }
    }


def _list_policies(call: Call) -> Result:
    """Inspector policies alone: the simulator knows only what each account's effective one is, and lists those."""
    if call.parameters["Filter"] != "INSPECTOR_POLICY":
        raise not_modelled(call, f"policies of type {call.parameters['Filter']}")
    frame = _readable(call)
    texts = dict.fromkeys(account.inspector_policy for account in _members(call) if account.inspector_policy)
    rows = []
    for text in texts:
        number = hashlib.md5(text.encode()).hexdigest()[:10]
        arn = f"arn:aws:organizations::{frame.management_account}:policy/{frame.id}/inspector_policy/p-{number}"
        summary = {"Id": f"p-{number}", "Arn": arn, "Name": f"inspector-{number}", "AwsManaged": False}
        rows.append({**summary, "Description": "", "Type": "INSPECTOR_POLICY"})
    chosen, following = page(call, rows, size=PAGE, spelling="NextToken")
    return {"Policies": chosen, "NextToken": following}


_HANDLERS: dict[str, Handler] = {
    "DescribeOrganization": _describe_organization,
    "ListAccounts": _list_accounts,
    "DescribeAccount": _describe_account,
    "ListRoots": _list_roots,
    "ListOrganizationalUnitsForParent": _list_units,
    "ListAccountsForParent": _list_accounts_for_parent,
    "ListParents": _list_parents,
    "DescribeOrganizationalUnit": _describe_unit,
    "ListDelegatedAdministrators": _list_delegated_administrators,
    "DescribeEffectivePolicy": _describe_effective_policy,
    "ListPolicies": _list_policies,
}
OPERATIONS: Operations = _HANDLERS
