"""`ecr-audit send`: send findings to other systems. The only command that writes to AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import REGIONS, opened_store, store_option
from ecr_audit.cli.output import kept_view
from ecr_audit.cli.service_config import config_option, configured_store, opened_configuration, this_user

if TYPE_CHECKING:
    from schedules.configuration.service import Configuration
    from schedules.deliveries.settings import DeliverySettings


@click.group()
def send() -> None:
    """Send a stored run through a configured delivery, or to Security Hub."""


@send.command("test")
@click.argument("name", metavar="DELIVERY")
@config_option
def test_delivery(name: str, config_file: str) -> None:
    """Send a test message through the configured delivery DELIVERY."""
    from schedules.deliveries.manual import trial
    from schedules.notifications.model import DeliveryError

    settings = _delivery(opened_configuration(config_file), name, config_file)
    with explained(DeliveryError):
        _report(name, trial(settings, name))


@send.command("run")
@click.argument("run", metavar="RUN|latest")
@click.option("--delivery", "name", metavar="NAME", required=True, help="Delivery of the configuration.")
@config_option
@store_option
def send_run(run: str, name: str, config_file: str, store_url: str | None) -> None:
    """Send RUN through a configured delivery, regardless of its rules.

    The store records who did so.
    """
    from audit.store import StoreError
    from schedules.deliveries.manual import send_now
    from schedules.jobs.queue import utc_now
    from schedules.notifications.model import DeliveryError

    configuration = opened_configuration(config_file)
    settings = _delivery(configuration, name, config_file)
    with explained(StoreError, DeliveryError):
        store = configured_store(configuration, store_url)
        loaded = store.load(store.resolve(run))
        address = configuration.web.public_url.rstrip("/")
        link = f"{address}/runs/{loaded.id}" if address else ""
        by = this_user()
        detail = send_now(settings, name, loaded, kept_view(store, loaded), store=store, by=by, link=link)
        store.act(by, "sent", loaded.id, {"delivery": name}, utc_now())
    _report(name, detail)


def _delivery(configuration: Configuration, name: str, file: str) -> DeliverySettings:
    if name in configuration.deliveries:
        return configuration.deliveries[name]
    there = ", ".join(configuration.deliveries) or "none"
    raise UserError(f"{file} has no delivery {name!r}; configured: {there}")


def _report(name: str, detail: Mapping[str, Any]) -> None:
    from reports.sanitize import one_line

    click.echo(f"Sent through the delivery {name}.")
    for key, value in detail.items():
        if key != "without":
            click.echo(f"  {key}: {one_line(str(value))}")
    for sentence in detail.get("without", ()):
        click.echo(f"  {one_line(sentence)}")


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
    Exit code 0: all were accepted; 3: some were rejected.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from audit.store import StoreError
    from reports.sanitize import one_line
    from schedules.deliveries.securityhub import send as imported

    if len(region) != 1:
        raise UserError("--region accepts one Region only")
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
        raise UserError(f"The call to Security Hub failed: {one_line(str(error))}") from error
    where = f"Security Hub of {receipt.account} in {receipt.region}"
    click.echo(f"{receipt.taken} findings were imported into {where}, {receipt.refused} were rejected.")
    for refusal in receipt.refusals:
        click.echo(f"  {one_line(refusal)}")
    if receipt.refused:
        ctx.exit(3)
