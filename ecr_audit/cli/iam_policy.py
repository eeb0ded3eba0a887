"""`ecr-audit iam-policy`: the least-privilege policy of the audit, and a comparison with other policies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import RoleName, utf8_file

if TYPE_CHECKING:
    from audit.iam_policies import PolicyComparison, PolicySource, RoleRequest


def _matching(name: str, what: str) -> Callable[[click.Context, click.Parameter, str], str]:
    """A callback that checks an option against the pattern *name*; empty text is accepted."""

    def check(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
        from audit.iam_policies import role

        if value and not re.fullmatch(getattr(role, name), value):
            raise click.BadParameter(f"{value!r} is not {what}")
        return value

    return check


@click.command("iam-policy")
@click.option(
    "--side",
    type=click.Choice(["member", "management"]),
    default="member",
    show_default=True,
    help="For the role in every account, or for the account that the audit starts from.",
)
@click.option(
    "--role-name",
    metavar="NAME",
    type=RoleName(),
    default="ecr-audit",
    show_default=True,
    help="Name of the audit role; for the management side, of the role that it may assume.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "cloudformation", "terraform"]),
    default="json",
    show_default=True,
    help="A policy document alone, or the whole role with its trust policy.",
)
@click.option(
    "--trusted-principal",
    metavar="ACCOUNT|ARN",
    default="",
    callback=_matching("PRINCIPAL", "a 12-digit account ID or the ARN of a principal"),
    help="Principal that may assume the role.",
)
@click.option(
    "--external-id",
    metavar="TEXT",
    default="",
    callback=_matching("EXTERNAL_ID", "a valid external ID: two or more letters, digits and any of _+=,.@:/-"),
    help="External id that the trust policy requires.",
)
@click.option(
    "--organization-id",
    metavar="o-…",
    default="",
    callback=_matching("ORGANIZATION", "a valid organization ID"),
    help="Organization that the trust policy requires of the caller.",
)
@click.option("--trust", is_flag=True, help="With --format json: the trust policy instead of the permissions.")
@click.option("--baseline", metavar="FILE", help="Leave out permissions that an audit with this baseline does not use.")
@click.option(
    "--compare",
    metavar="NAME|FILE",
    help="Show what an audit could not read with an AWS managed policy (SecurityAudit, ViewOnlyAccess, ReadOnlyAccess, "
    "AmazonEC2ContainerRegistryReadOnly), or with the policy document in a file.",
)
@click.option("--json", "as_json", is_flag=True, help="With --compare: as JSON.")
def iam_policy(
    side: str, role_name: str, form: str, trusted_principal: str, external_id: str, organization_id: str,
    baseline: str | None, compare: str | None, *, trust: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print the least-privilege IAM policy that the audit needs, generated from what it reads.

    As CloudFormation it is the whole role, for a service-managed StackSet; as Terraform, the same for one account.
    """
    from audit.iam_policies import RoleRequest

    without = _unused(baseline) if baseline else frozenset()
    request = RoleRequest(side, role_name, trusted_principal, external_id, organization_id, without)
    if compare is not None:
        click.echo(_compared(compare, request, as_json=as_json))
    else:
        click.echo(_printed(request, form, trust=trust), nl=form == "json")


def _unused(name: str) -> frozenset[str]:
    from audit.iam_policies import needless_actions
    from checks.baseline.loading import load_baseline
    from checks.baseline.yaml_reader import BaselineError

    with explained(BaselineError):
        return needless_actions(load_baseline(utf8_file(name), name))


def _printed(request: RoleRequest, form: str, *, trust: bool) -> str:
    from audit.aws.operations import management_policy, member_policy
    from audit.iam_policies import cloudformation, terraform, trust_policy

    if form == "cloudformation":
        return cloudformation(request)
    if form == "terraform":
        return terraform(request)
    if trust and not request.trusted_principal:
        raise UserError("--trust requires --trusted-principal")
    if trust:
        document = trust_policy(request)
    elif request.side == "member":
        document = member_policy(request.without)
    else:
        document = management_policy(request.role_name)
    return json.dumps(document, indent=2)


def _compared(name: str, request: RoleRequest, *, as_json: bool) -> str:
    from audit.iam_policies import compare
    from checks.catalog import CHECKS

    comparison = compare(_policy(name), CHECKS, request.side, request.without)
    return json.dumps(comparison.as_document(), indent=2) if as_json else _prose(comparison, len(CHECKS))


def _policy(name: str) -> PolicySource:
    from audit.iam_policies import MANAGED, NotAPolicyError, managed_policy, read_policy

    if name in MANAGED:
        return managed_policy(name)
    if "/" not in name and "." not in name:
        raise UserError(
            f"no built-in copy of the policy {name!r}, only of {', '.join(MANAGED)}; download it with `aws iam "
            f"get-policy-version --policy-arn arn:aws:iam::aws:policy/{name} --version-id VERSION > {name}.json` "
            f"and compare with ./{name}.json"
        )
    with explained(NotAPolicyError):
        return read_policy(name, utf8_file(name))


def _prose(found: PolicyComparison, checks: int) -> str:
    from reports.sanitize import one_line
    from reports.text import counted

    role = "the role in every account" if found.side == "member" else "the role that starts a run"
    wanted = len(found.allowed) + len(found.missing) + len(found.undetermined)
    lines = [f"{one_line(found.policy)}: {one_line(found.origin)}"]
    lines += ["", f"Of {counted(wanted, 'action', 'actions')} that {role} uses, it allows {len(found.allowed)}."]
    for title, operations in (
        ("Not allowed", found.missing),
        ("Allowed for some resources or under conditions only, which cannot be evaluated here", found.undetermined),
    ):
        lines += ["", f"{title}:"] if operations else []
        lines += [f"  {one.action}" + (f" (instead: {one.instead})" if one.instead else "") for one in operations]
    for title, blind in (
        (f"{len(found.unknown)} of {checks} checks would be UNKNOWN, completely or in part", found.unknown),
        ("UNKNOWN if those conditions do not match", found.conditional),
        ("Evaluated with a substitute for a denied read", found.substituted),
    ):
        lines += ["", f"{title}:" if blind else f"{title}."] if blind or blind is found.unknown else []
        lines += [f"  {one.check}: {', '.join(one.actions)}" for one in blind]
    if found.only_own_account:
        lines += ["", "Only the caller's own account would be read: results of all other accounts would be UNKNOWN."]
    if found.pulls:
        lines += [
            "",
            f"The policy also allows pulling images, which the audit does not need: {', '.join(found.pulls)}.",
        ]
    return "\n".join(lines)
