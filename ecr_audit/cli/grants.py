"""`ecr-audit grants explain`: why a registry policy allows or denies a replication. Does not call AWS."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import click

from ecr_audit.cli.options import ACCOUNTS, REGIONS, existing_file

if TYPE_CHECKING:
    from checks.iam import Explanation


@click.group()
def grants() -> None:
    """Explain a registry policy."""


REPOSITORY = r"(?=.{2,256}\Z)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
"""Pattern of a valid repository name (ECR API reference, CreateRepository)."""


def _repository(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(REPOSITORY, value):
        raise click.BadParameter(f"{value!r} is not a valid repository name such as team/app")
    return value


def _one(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> str:
    if len(values) != 1:
        raise click.BadParameter("give exactly one value")
    return values[0]


@grants.command()
@click.option(
    "--policy",
    required=True,
    metavar="FILE",
    help="Registry policy of the destination; an empty file if it has none.",
)
@click.option("--source-account", required=True, type=ACCOUNTS, callback=_one, help="Source account.")
@click.option("--destination-account", required=True, type=ACCOUNTS, callback=_one, help="Destination account.")
@click.option("--region", required=True, type=REGIONS, callback=_one, help="Destination Region.")
@click.option(
    "--repository", required=True, metavar="NAME", callback=_repository, help="Repository name, the same on both sides."
)
@click.option(
    "--repository-policy",
    metavar="FILE",
    help="Repository policy at the destination, whose explicit denies may apply.",
)
@click.option("--repository-exists", is_flag=True, help="The repository exists at the destination.")
@click.option("--organization-id", metavar="o-…", help="Organization of the source account, for its conditions.")
@click.option("--organization-path", metavar="o-…/r-…/ou-…/", help="Organization path of the source account.")
@click.option("--partition", default="aws", show_default=True, help="AWS partition.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(
    policy: str, source_account: str, destination_account: str, region: str, repository: str,
    repository_policy: str | None, organization_id: str | None, organization_path: str | None, partition: str, *,
    repository_exists: bool, as_json: bool,
) -> None:  # fmt: skip
    """Explain, statement by statement, why a registry policy allows or denies a replication."""
    from checks.iam import ReplicationRequest
    from checks.iam import explain as explain_policy

    request = ReplicationRequest(
        source_account=source_account,
        destination_account=destination_account,
        region=region,
        repository=repository,
        partition=partition,
        repository_exists=repository_exists,
        organization_id=organization_id,
        organization_path=organization_path,
        repository_policy=_text(repository_policy) if repository_policy else "",
        time=time.time(),
    )
    explanation = explain_policy(_text(policy), request)
    document = explanation.as_document()
    click.echo(json.dumps(document, indent=2) if as_json else _prose(explanation, document))


def _text(path: str) -> str:
    return existing_file(path).decode("utf-8-sig", errors="replace").strip()


_MATCHES = {"yes": "matches", "no": "does not match", "unknown": "may match"}


def _prose(explanation: Explanation, document: dict[str, Any]) -> str:
    from reports.sanitize import one_line

    lines = [explanation.verdict.value, one_line(f"Because {explanation.reason}.")]
    for action, decision in document["actions"].items():
        lines.append(f"  {action:<21} {decision}")
    for statement in document["statements"]:
        name = f" ({one_line(statement['sid'])})" if statement["sid"] else ""
        effect = statement["effect"] or "neither Allow nor Deny"
        lines.append(f"\nStatement {statement['number']}{name}: {effect}, {_MATCHES[statement['matched']]}")
        parts = [(name, statement[name]) for name in ("principal", "action", "resource")]
        # One line per condition: all of them must match.
        parts += [("condition", one) for one in statement["conditions"] or [statement["condition"]]]
        lines += [f"  {name:<10} {part['matched']:<8} {one_line(part['why'])}" for name, part in parts]
    if document["problems"]:
        lines += ["", "Problems:", *(f"  - {one_line(problem)}" for problem in document["problems"])]
    return "\n".join(lines)
