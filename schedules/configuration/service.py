"""The service's configuration file: which audits run when, and who hears of them.

One YAML file, read like the baseline: every error at once, with line and column. Paths in it are meant from the file's
own folder.
"""

from __future__ import annotations

import zoneinfo
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from checks.baseline.check_names import similar
from checks.baseline.values import AccountId, Region, Strict, Text, document_schema, shape, wrong
from checks.model import Severity
from schedules.configuration.cron import CronError, parse
from schedules.deliveries.channels import AnyDelivery
from schedules.deliveries.settings import SecretPlace

SCHEMA_ID = "urn:ecr-audit:schema:service:1"
"""`$id` of the JSON Schema."""

_NAME = shape(
    "^[a-z0-9][a-z0-9-]{0,59}$",
    "cannot be a name",
    "lower case letters, digits and `-`, at most 60: it becomes part of folders, addresses and metrics",
)
_HEADER = shape(
    "^[A-Za-z][A-Za-z0-9-]{0,59}$", "is no name of a header", "letters, digits and `-`, as X-Forwarded-User"
)

Name = Annotated[str, _NAME]
"""Name of a schedule or a delivery: it becomes part of folders, addresses and metrics."""

HeaderName = Annotated[str, _HEADER]
"""Name of an HTTP header."""

PRESETS = {
    "hourly": "0 * * * *",
    "nightly": "30 2 * * *",
    "weekly": "30 2 * * 1",
    "monthly": "30 2 1 * *",
}
"""What `every` stands for, as `cron`."""


def _readable(cron: str) -> str:
    try:
        if cron:  # empty: `every` says it
            parse(cron)
    except CronError as error:
        raise wrong(str(error), error.hint) from error
    return cron


def _known_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        known = zoneinfo.available_timezones()
        if not known:
            raise wrong("this machine has no time zone database", "install the package tzdata") from error
        hint = similar(name, known, "") or "names look like Europe/Berlin"
        raise wrong(f"no time zone is called {name[:60]!r}", hint) from error
    return name


class ScopeSettings(Strict):
    """What is audited; without any key everything."""

    accounts: tuple[AccountId, ...] = Field(default=())
    ous: tuple[Text, ...] = Field(default=(), description="Ids, or paths of names, of organizational units.")
    regions: tuple[Region, ...] = Field(default=())
    all_repositories: bool = Field(default=False, description="Every repository in detail, not only replicated ones.")


class AwsSection(Strict):
    """How AWS is asked; as the options of `ecr-audit run`."""

    profile: str = Field(default="", description="Profile of the AWS configuration to begin with.")
    role_name: Text = Field(default="ecr-audit", description="Role to assume in every member account.")
    external_id: str = Field(default="", description="External id that the role's trust policy asks for.")
    endpoint_url: str = Field(default="", description="Send every AWS call there (a simulator, an emulator).")
    processes: int = Field(default=0, ge=0, le=64, description="Worker processes; 0: cores, at most 4.")


class Retention(Strict):
    """Which runs are kept. The last good run, and runs under legal hold, always are."""

    days: int = Field(default=0, ge=0, description="Runs older than this may go; 0: age alone lets none go.")
    runs: int = Field(
        default=0,
        ge=0,
        description="More runs of one question (organization and scope) than this may go; 0: any number.",
    )


class Schedule(Strict):
    """One audit that recurs."""

    cron: Annotated[str, AfterValidator(_readable)] = Field(
        default="", description="Minute, hour, day of month, month, day of week (0 and 7 are Sunday)."
    )
    every: Literal["hourly", "nightly", "weekly", "monthly", ""] = Field(
        default="", description="A preset instead of `cron`: on the hour; at 02:30; Mondays; on the first, at 02:30."
    )
    timezone: Annotated[Text, AfterValidator(_known_zone)] = Field(
        default="UTC", description="Time zone of `cron` and `every`, such as Europe/Berlin."
    )
    scope: ScopeSettings = Field(default=ScopeSettings())
    baseline: str = Field(default="", description="File; without it, AWS's limits and grants that work.")
    waivers: str = Field(default="", description="File of waivers besides the baseline's own; the web page adds to it.")
    custom_checks: str = Field(default="", description="Folder of your own Great Expectations suites.")
    deliveries: tuple[Name, ...] = Field(default=(), description="Who hears of it, by name, in order.")
    fail_on: Severity = Field(default=Severity.HIGH, description="From this severity on, the run counts as bad.")
    catch_up_hours: int = Field(
        default=12,
        ge=0,
        le=168,
        description="A run missed while the service was down is made up for within so long; 0: never.",
    )
    time_limit_minutes: int = Field(default=240, ge=1, le=1440, description="A job that takes longer is ended.")
    attempts: int = Field(default=3, ge=1, le=10, description="How often a job is begun whose process dies.")
    paused: bool = Field(default=False, description="Keep it, do not run it.")

    @property
    def expression(self) -> str:
        """Its cron expression, whichever way it was given."""
        return self.cron or PRESETS[self.every]

    @model_validator(mode="after")
    def _one_rhythm(self) -> Schedule:
        if bool(self.cron) == bool(self.every):
            raise wrong("needs either `cron` or `every`", "`every: nightly` is at 02:30, `cron` says any other time")
        return self


class ProxySection(Strict):
    """The proxy that signs people in, and what it says of them. Without its secret nothing that it says is believed."""

    secret: SecretPlace = Field(description="What the proxy sends in `secret_header` with every request.")
    secret_header: HeaderName = Field(default="X-Ecr-Audit-Proxy")
    user_header: HeaderName = Field(default="X-Forwarded-User", description="Header that names who signed in.")
    groups_header: HeaderName = Field(default="X-Forwarded-Groups", description="Header with their groups, by commas.")
    read: tuple[Text, ...] = Field(default=(), description="Groups that may look. `*`: everybody who signed in.")
    run: tuple[Text, ...] = Field(default=(), description="Groups that may also start and cancel audits.")
    admin: tuple[Text, ...] = Field(default=(), description="Groups that may also waive findings.")


class WebSection(Strict):
    """Where the service listens, and how people are known."""

    host: Text = Field(default="127.0.0.1")
    port: int = Field(default=8180, ge=0, le=65_535, description="0: any free one.")
    public_url: str = Field(default="", description="Address in messages, such as https://audit.example.com.")
    names: tuple[Text, ...] = Field(
        default=(), description="Host names to answer to besides localhost, `host` and that of `public_url`."
    )
    signin: Literal["none", "tokens", "proxy"] = Field(
        default="none", description="none: loopback only. tokens: `ecr-audit token`. proxy: an OIDC proxy's headers."
    )
    proxy: ProxySection | None = Field(default=None, description="Needed for `signin: proxy`.")
    session_idle_minutes: int = Field(default=60, ge=5, le=1440, description="A browser left alone is signed out.")
    session_hours: int = Field(default=12, ge=1, le=168, description="So long after signing in, it is in any case.")

    @model_validator(mode="after")
    def _proxy_is_described(self) -> WebSection:
        if self.signin == "proxy" and self.proxy is None:
            raise wrong("needs `proxy`", "say which headers the proxy sets, and where its secret is", "signin")
        return self


class Configuration(Strict):
    """Everything that `ecr-audit serve` needs to know. Every key may be left out."""

    version: Literal[1] = Field(default=1, description="Version of this format.")
    store: str = Field(default="", description="Folder or database URL of the run history.")
    evidence: str = Field(
        default="", description="Folder or s3:// address of the runs' files, where the store is a database server."
    )
    aws: AwsSection = Field(default=AwsSection())
    retention: Retention = Field(default=Retention())
    schedules: dict[Name, Schedule] = Field(default_factory=dict, description="The audits that recur, by name.")
    deliveries: dict[Name, AnyDelivery] = Field(
        default_factory=dict, description="Where reports and messages go, by name."
    )
    web: WebSection = Field(default=WebSection())


def configuration_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the file, for editors.

    Of what it accepts, `load_configuration` refuses what contradicts itself, and what is not there: a cron expression
    that cannot be read, an unknown time zone or delivery, a file that does not exist.
    """
    return document_schema(Configuration, SCHEMA_ID, "ecr-audit service")


__all__ = [
    "PRESETS", "AwsSection", "Configuration", "Name", "ProxySection", "Retention", "Schedule",
    "ScopeSettings", "WebSection", "configuration_schema",
]  # fmt: skip
