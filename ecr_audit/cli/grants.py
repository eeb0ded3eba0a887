"""`ecr-audit grants explain`: why a registry policy allows or denies a replication. Does not call AWS."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import click

from ecr_audit.cli.errors import explained
from ecr_audit.cli.options import ACCOUNTS, REGIONS, existing_file

if TYPE_CHECKING:
    from checks.iam import Explanation
    from checks.iam.policy_sources import PolicySource


@click.group()
def grants() -> None:
    """Explain a registry policy."""


REPOSITORY = r"(?=.{2,256}\Z)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
"""Pattern of a valid repository name (ECR API reference, CreateRepository)."""


def _repository(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(REPOSITORY, value):
        raise click.BadParameter(f"{value!r} is not a valid repository name such as team/app")
    return value


ORGANIZATION = r"o-[a-z0-9]{10,32}"
PATH = rf"({ORGANIZATION})/r-[a-z0-9]{{4,32}}(/ou-[a-z0-9]{{4,32}}-[a-z0-9]{{8,32}})*/?"
"""Patterns of an organization's id and of a path (Organizations API reference, Organization, Root and
OrganizationalUnit; IAM user guide, the entity path)."""


def _organization(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(ORGANIZATION, value):
        raise click.BadParameter(f"{value!r} is not an organization id such as o-abcde12345")
    return value


def _path(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """The path as a request carries it, with its final slash; `--organization-id` is its first part."""
    if value is None:
        return None
    match = re.fullmatch(PATH, value)
    if not match:
        raise click.BadParameter(f"{value!r} is not a path such as o-abcde12345/r-ab12/ou-ab12-11111111/")
    # Eager: `--organization-id` was read before.
    if ctx.params.get("organization_id") not in (None, match[1]):
        raise click.BadParameter(f"{value!r} does not lie in {ctx.params['organization_id']}, the --organization-id")
    return f"{value.rstrip('/')}/"


def _partition(region: str, given: str | None) -> str:
    """The partition of *region*; *given* is for Regions that the SDK does not list."""
    from audit.aws.sessions import partition_of_region

    known = partition_of_region(region)
    if given and known and given != known:
        raise click.BadParameter(f"{region} lies in {known}", param_hint="'--partition'")
    return given or known or "aws"


def _one(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> str:
    if len(values) != 1:
        raise click.BadParameter("give exactly one value")
    return values[0]


ALLOWED, UNDETERMINED, DENIED = 0, 3, 4
"""Exit codes, by whether replication into an existing repository is allowed."""


@grants.command()
@click.option(
    "--policy",
    required=True,
    metavar="FILE",
    help="Registry policy of the destination: the policy, one statement, the answer of get-registry-policy, a "
    "CloudFormation template, or the output of `terraform show -json`; an empty file if there is none.",
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
@click.option(
    "--organization-id",
    metavar="o-…",
    is_eager=True,
    callback=_organization,
    help="Organization of the source account, for its conditions.",
)
@click.option(
    "--organization-path",
    metavar="o-…/r-…/ou-…/",
    callback=_path,
    help="Organization path of the source account; it implies --organization-id.",
)
@click.option("--partition", help="AWS partition, of a Region that the SDK does not list. [default: the Region's]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def explain(
    ctx: click.Context, policy: str, source_account: str, destination_account: str, region: str, repository: str,
    repository_policy: str | None, organization_id: str | None, organization_path: str | None, partition: str | None,
    *,
    repository_exists: bool, as_json: bool,
) -> None:  # fmt: skip
    """Explain, statement by statement, why a registry policy allows or denies a replication.

    Exit codes: 0 allowed, perhaps only where the repository exists; 3 it cannot be determined; 4 denied.
    """
    from checks.baseline.schema import Grants
    from checks.iam import ReplicationRequest
    from checks.iam import explain as explain_policy
    from checks.iam.advice import breadth_warnings, hints
    from checks.iam.policy_sources import NotARegistryPolicyError, registry_policy_in

    partition = _partition(region, partition)
    if organization_path:
        organization_id = organization_path.partition("/")[0]
    with explained(NotARegistryPolicyError):
        source = registry_policy_in(_text(policy), destination_account, region, partition)
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
    explanation = explain_policy(source.text, request)
    document = explanation.as_document() | {
        "read_as": source.read_as,
        "warnings": [
            *_other_registry(source, destination_account, region),
            *breadth_warnings(source.text, request, Grants().allowed_actions),
        ],
        "hints": list(hints(source.text, request)),
    }
    click.echo(json.dumps(document, indent=2) if as_json else _prose(explanation, document))
    ctx.exit({True: ALLOWED, False: DENIED, None: UNDETERMINED}[explanation.verdict.gives])


def _other_registry(source: PolicySource, account: str, region: str) -> list[str]:
    """A warning where the file names another registry than the destination."""
    there = (source.account or account, source.region or region)
    if there == (account, region):
        return []
    return [f"the file is the policy of {'/'.join(there)}, and the destination is {account}/{region}"]


def _text(path: str) -> str:
    return existing_file(path).decode("utf-8-sig", errors="replace").strip()


_MATCHES = {"yes": "matches", "no": "does not match", "unknown": "may match"}


def _prose(explanation: Explanation, document: dict[str, Any]) -> str:
    from reports.sanitize import one_line

    lines = [explanation.verdict.value, one_line(f"Because {explanation.reason}.")]
    if document["read_as"] != "a policy":
        lines.append(one_line(f"Read as {document['read_as']}."))
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
    for title in ("problems", "warnings", "hints"):
        if document[title]:
            lines += ["", f"{title.capitalize()}:", *(f"  - {one_line(text)}" for text in document[title])]
    return "\n".join(lines)
