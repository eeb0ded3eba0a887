"""`ecr-audit simulate`: the simulated organization, for a shell's AWS CLI or any SDK."""

from __future__ import annotations

import time

import click

from ecr_audit.cli.errors import UserError


@click.command()
@click.option(
    "--world", metavar="FILE", envvar="ECR_AUDIT_WORLD", help="World to serve.  [default: the demo organization]"
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1.  [default: a free one]")
def simulate(world: str | None, port: int) -> None:
    """Serve a simulated AWS Organization on loopback until Ctrl-C.

    Prints the exports that point a shell's AWS CLI and SDKs at it. Nothing reaches AWS.
    """
    from ecr_audit.simulator import DEMO_WORLD, PortInUseError, WorldError, exports, load_world, serve
    from ecr_audit.simulator.identity import access_key

    try:
        loaded = load_world(world or DEMO_WORLD)
    except (WorldError, OSError) as error:
        raise UserError(f"{error}") from error
    try:
        with serve(loaded, port=port) as simulation:
            click.echo("# The simulated organization is running. In another shell, run:")
            click.echo(exports(simulation.endpoint, loaded.first_account()), nl=False)
            click.echo(
                "# These keys are for the account that starts audits. To use another account, as scripts require:"
            )
            click.echo(f"#   export AWS_ACCESS_KEY_ID={access_key('')}<account id>")
            click.echo("# Press Ctrl-C to stop.")
            while True:
                time.sleep(3600)
    except PortInUseError as error:
        raise UserError(f"{error} with --port") from error
    except KeyboardInterrupt:
        click.echo("\nStopped.", err=True)
