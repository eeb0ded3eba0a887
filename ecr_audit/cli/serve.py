"""`ecr-audit serve`: run the schedules, send notifications, serve the web page."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import click

from ecr_audit.cli.errors import UserError, explained
from ecr_audit.cli.options import store_option
from ecr_audit.cli.service_config import config_option, configured_store, opened_configuration

if TYPE_CHECKING:
    from audit.store import Store
    from ecr_audit.web.serving import WebServer
    from schedules.configuration.service import Configuration
    from schedules.service.main import Service

WORKER = ("-m", "ecr_audit.worker")


@click.command()
@config_option
@store_option
@click.option("--host", metavar="ADDRESS", help="Listen on this address instead of the configured one.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Listen on this port instead of the configured one; 0: any free port.",
)
@click.option("--web/--no-web", "web", default=True, show_default=True, help="Serve the web page and the API too.")
@click.option(
    "--schedules/--no-schedules",
    "schedules",
    default=True,
    show_default=True,
    help="Run the schedules. Without them, jobs requested manually still run.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    envvar="ECR_AUDIT_LOG_FORMAT",
    help="Format of the log on standard error.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    envvar="ECR_AUDIT_LOG_LEVEL",
    help="Minimum level of logged events.",
)
@click.option(
    "--grace",
    type=click.IntRange(0, 3600),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Time that running audits get on a stop to save what they have read; they resume at the next start.",
)
def serve(
    config_file: str, store_url: str | None, host: str | None, port: int | None, log_format: str, log_level: str,
    grace: int, *, web: bool, schedules: bool,
) -> None:  # fmt: skip
    """Run the service: scheduled audits, deliveries, the web page and the API.

    Stop it with Ctrl-C or SIGTERM. Several services may share a store on PostgreSQL: each audit runs once.
    """
    from ecr_audit import logs
    from schedules.service.main import Service
    from schedules.service.processes import WorkerProcess

    os.environ["ECR_AUDIT_LOG_FORMAT"], os.environ["ECR_AUDIT_LOG_LEVEL"] = log_format, log_level
    logs.configure(json=log_format == "json", level=log_level, stream=sys.stderr)
    configuration = opened_configuration(config_file)
    section = configuration.web.model_copy(
        update={name: value for name, value in (("host", host), ("port", port)) if value is not None}
    )
    configuration = configuration.model_copy(update={"web": section})
    store = configured_store(configuration, store_url)
    service = Service(
        configuration, store, _now, launch=partial(WorkerProcess, command=WORKER), follow_schedules=schedules
    )
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server = _web(configuration, store, service) if web else None
    service.start()
    stopped.wait()
    click.echo("Stopping: running audits save the data that they have collected.", err=True)
    if server is not None:
        server.stop()
    service.stop(grace)


def _web(configuration: Configuration, store: Store, service: Service) -> WebServer:
    """The listening web server. Raises UserError if it must not or cannot listen."""
    try:
        from ecr_audit.web.app import create_app
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is not installed; run `pip install 'ecr-audit[web]'`, or use --no-web"
        ) from error
    from ecr_audit.web.security.proxy import SecretError
    from ecr_audit.web.services import Services
    from ecr_audit.web.serving import ListenError, UnsafeError, refuse_unsafe, serve_web

    section = configuration.web
    with explained(UnsafeError, ListenError, SecretError):
        refuse_unsafe(section.host, section.signin)
        app = create_app(Services(configuration, store, _now))
        app.state.service = service
        server = serve_web(app, section.host, section.port)
    click.echo(f"Listening on {server.url}", err=True)
    return server


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
