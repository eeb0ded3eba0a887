"""`ecr-audit iam-policy`: the least that the audit needs."""

from __future__ import annotations

import json

import click

from ecr_audit.cli.options import RoleName


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
    help="Name of the audit role, for the management side's right to assume it.",
)
def iam_policy(side: str, role_name: str) -> None:
    """Print the least-privilege IAM policy that the audit needs, generated from what it reads."""
    from audit.aws.operations import management_policy, member_policy

    policy = member_policy() if side == "member" else management_policy(role_name)
    click.echo(json.dumps(policy, indent=2))
