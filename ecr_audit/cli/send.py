"""`ecr-audit send`: hand the findings of a kept run to another service. The one command that writes into AWS."""

from __future__ import annotations

import click

from ecr_audit.cli.failure import UserError, explained
from ecr_audit.cli.options import REGIONS, opened_store, store_option
from ecr_audit.cli.output import kept_view


@click.group()
def send() -> None:
    """Hand the findings of a kept run to another service."""


@send.command()
@click.argument("run", metavar="RUN|latest")
@click.option("--profile", metavar="NAME", help="AWS profile.  [default: the usual credentials chain]")
@click.option("--region", type=REGIONS, metavar="REGION", required=True, help="Region of the Security Hub.")
@click.option("--endpoint-url", metavar="URL", hidden=True, help="Another endpoint than AWS's, for trials.")
@store_option
@click.pass_context
def securityhub(
    ctx: click.Context, run: str, profile: str | None, region: tuple[str, ...], endpoint_url: str | None,
    store_url: str | None,
) -> None:  # fmt: skip
    """Import the findings of RUN into AWS Security Hub.

    They are filed under the account of the credentials, because Security Hub takes findings of a custom integration
    for the calling account only; each names the account and Region that it is about. Needs
    securityhub:BatchImportFindings, which the audit itself never has. Sending a run again updates its findings.
    Exit code 0: all were taken; 3: some were refused.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from audit.store import StoreError
    from reports.visible import one_line
    from schedules.deliveries.securityhub import send as imported

    if len(region) != 1:
        raise UserError("--region takes one Region here")
    store = opened_store(store_url)
    with explained(StoreError):
        loaded = store.load(store.resolve(run))
        view = kept_view(store, loaded)
    try:
        session = boto3.Session(profile_name=profile, region_name=region[0])
        account = session.client("sts", endpoint_url=endpoint_url).get_caller_identity()["Account"]
        client = session.client("securityhub", endpoint_url=endpoint_url)
        receipt = imported(loaded, view, client, account=account, region=region[0])
    except (ClientError, BotoCoreError) as error:
        raise UserError(f"Security Hub could not be asked: {one_line(str(error))}") from error
    where = f"Security Hub of {receipt.account} in {receipt.region}"
    click.echo(f"{receipt.taken} findings were taken by the {where}, {receipt.refused} were refused.")
    for refusal in receipt.refusals:
        click.echo(f"  {one_line(refusal)}")
    if receipt.refused:
        ctx.exit(3)
