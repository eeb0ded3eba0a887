"""The service's configuration file: which audits run when, and which deliveries are notified.

One YAML file, loaded like the baseline: all errors at once, with line and column. Paths in it are relative to the
file's folder.
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
    "is not a valid name",
    "use lower case letters, digits and `-`, at most 60: it becomes part of folders, URLs and metrics",
)
_HEADER = shape(
    "^[A-Za-z][A-Za-z0-9-]{0,59}$", "is not a valid header name", "use letters, digits and `-`, as in X-Forwarded-User"
)

Name = Annotated[str, _NAME]
"""Name of a schedule or a delivery: it becomes part of folders, URLs and metrics."""

HeaderName = Annotated[str, _HEADER]
"""Name of an HTTP header."""

PRESETS = {
    "hourly": "0 * * * *",
    "nightly": "30 2 * * *",
    "weekly": "30 2 * * 1",
    "monthly": "30 2 1 * *",
}
"""The `cron` expression of each value of `every`."""


def _readable(cron: str) -> str:
    try:
        if cron:  # empty: `every` is used
            parse(cron)
    except CronError as error:
        raise wrong(str(error), error.hint) from error
    return cron


def _known_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        available = zoneinfo.available_timezones()
        if not available:
            raise wrong("this machine has no time zone database", "install the package tzdata") from error
        hint = similar(name, available, "") or "names look like Europe/Berlin"
        raise wrong(f"{name[:60]!r} is not a valid time zone", hint) from error
    return name


class ScopeSettings(Strict):
    """What is audited; without any key, everything."""

    accounts: tuple[AccountId, ...] = Field(default=())
    ous: tuple[Text, ...] = Field(
        default=(), description="Organizational units: IDs, or paths of names such as Workloads/Prod."
    )
    regions: tuple[Region, ...] = Field(default=())
    all_repositories: bool = Field(
        default=False, description="Evaluate every repository in detail, not only replicated ones."
    )


class AwsSection(Strict):
    """Access to AWS, as with the options of `ecr-audit run`."""

    profile: str = Field(default="", description="AWS profile; empty: default credentials.")
    role_name: Text = Field(default="ecr-audit", description="Role to assume in every member account.")
    external_id: str = Field(default="", description="External ID that the role's trust policy requires.")
    endpoint_url: str = Field(
        default="", description="Endpoint for every AWS call, such as a simulator or an emulator."
    )
    processes: int = Field(default=0, ge=0, le=64, description="Worker processes; 0: one per core, at most 4.")


class Retention(Strict):
    """Which runs are deleted. The last good run, and runs under legal hold, are never deleted."""

    days: int = Field(default=0, ge=0, description="Delete runs older than this; 0: no limit on age.")
    runs: int = Field(
        default=0,
        ge=0,
        description="Keep at most this many runs of the same organization and scope; 0: no limit on number.",
    )


class Schedule(Strict):
    """A scheduled audit."""

    cron: Annotated[str, AfterValidator(_readable)] = Field(
        default="", description="Minute, hour, day of month, month, day of week (0 and 7 are Sunday)."
    )
    every: Literal["hourly", "nightly", "weekly", "monthly", ""] = Field(
        default="",
        description="A preset instead of `cron`: on the hour; daily, Mondays, or on day 1 of the month, at 02:30.",
    )
    timezone: Annotated[Text, AfterValidator(_known_zone)] = Field(
        default="UTC", description="Time zone of `cron` and `every`, such as Europe/Berlin."
    )
    scope: ScopeSettings = Field(default=ScopeSettings())
    baseline: str = Field(default="", description="Baseline file; empty: AWS limits and working permissions.")
    waivers: str = Field(
        default="", description="File of waivers in addition to the baseline's; waivers of the web page go there."
    )
    custom_checks: str = Field(default="", description="Folder of your own Great Expectations suites.")
    deliveries: tuple[Name, ...] = Field(default=(), description="Deliveries that are notified, by name, in order.")
    fail_on: Severity = Field(
        default=Severity.HIGH,
        description="`ecr-audit schedule run` exits with 4 if failures of this severity or higher are open.",
    )
    catch_up_hours: int = Field(
        default=12,
        ge=0,
        le=168,
        description="Start a run that was missed while the service was down within this time; 0: never.",
    )
    time_limit_minutes: int = Field(default=240, ge=1, le=1440, description="A job that takes longer is stopped.")
    attempts: int = Field(default=3, ge=1, le=10, description="How often a job is attempted if its process dies.")
    paused: bool = Field(default=False, description="The schedule stays configured but is not run.")

    @property
    def expression(self) -> str:
        """Its cron expression, from `cron` or from `every`."""
        return self.cron or PRESETS[self.every]

    @model_validator(mode="after")
    def _one_expression(self) -> Schedule:
        if bool(self.cron) == bool(self.every):
            raise wrong("needs either `cron` or `every`", "`every: nightly` is at 02:30; use `cron` for other times")
        return self


class ProxySection(Strict):
    """The proxy that authenticates users. Its headers are trusted only together with its secret."""

    secret: SecretPlace = Field(description="Value of `secret_header`, which the proxy sends with every request.")
    secret_header: HeaderName = Field(default="X-Ecr-Audit-Proxy")
    user_header: HeaderName = Field(default="X-Forwarded-User", description="Header with the user's name.")
    groups_header: HeaderName = Field(
        default="X-Forwarded-Groups", description="Header with the user's groups, separated by commas."
    )
    read: tuple[Text, ...] = Field(default=(), description="Groups that may read. `*`: every authenticated user.")
    run: tuple[Text, ...] = Field(default=(), description="Groups that may also start and cancel audits.")
    admin: tuple[Text, ...] = Field(default=(), description="Groups that may also waive findings.")


class WebSection(Strict):
    """Where the service listens, and how users are authenticated."""

    host: Text = Field(default="127.0.0.1")
    port: int = Field(default=8180, ge=0, le=65_535, description="0: any free port.")
    public_url: str = Field(
        default="", description="Base URL of links in messages, such as https://audit.example.com; empty: no links."
    )
    names: tuple[Text, ...] = Field(
        default=(), description="Accepted host names besides localhost, `host` and that of `public_url`."
    )
    signin: Literal["none", "tokens", "proxy"] = Field(
        default="none",
        description="none: loopback only. tokens: made with `ecr-audit token`. proxy: an OIDC proxy's headers.",
    )
    proxy: ProxySection | None = Field(default=None, description="Required for `signin: proxy`.")
    session_idle_minutes: int = Field(
        default=60, ge=5, le=1440, description="Sign out after this time without activity."
    )
    session_hours: int = Field(default=12, ge=1, le=168, description="Sign out after this time in any case.")

    @model_validator(mode="after")
    def _proxy_is_described(self) -> WebSection:
        if self.signin == "proxy" and self.proxy is None:
            raise wrong("needs `proxy`", "configure the proxy's headers and the location of its secret", "signin")
        return self


class Configuration(Strict):
    """Configuration of `ecr-audit serve`. Every key is optional."""

    version: Literal[1] = Field(default=1, description="Version of this file format.")
    store: str = Field(default="", description="Folder or database URL of the run history.")
    evidence: str = Field(
        default="", description="Folder or s3:// URL of the runs' files; empty: in the store's folder."
    )
    aws: AwsSection = Field(default=AwsSection())
    retention: Retention = Field(default=Retention())
    schedules: dict[Name, Schedule] = Field(default_factory=dict, description="The scheduled audits, by name.")
    deliveries: dict[Name, AnyDelivery] = Field(
        default_factory=dict, description="Where reports and notifications are sent, by name."
    )
    web: WebSection = Field(default=WebSection())


def configuration_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the file, for editors.

    `load_configuration` also rejects what a schema cannot express: contradictory keys, a cron expression that is not
    valid, an unknown time zone or delivery, a file that does not exist.
    """
    return document_schema(Configuration, SCHEMA_ID, "ecr-audit service")


__all__ = [
    "PRESETS", "AwsSection", "Configuration", "Name", "ProxySection", "Retention", "Schedule",
    "ScopeSettings", "WebSection", "configuration_schema",
]  # fmt: skip
