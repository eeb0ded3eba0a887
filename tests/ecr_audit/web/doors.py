"""The real application on a real socket, over a store of made-up runs, with a clock that tests turn."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
from fastapi import FastAPI

from audit.model import Run
from audit.store import Store, open_store
from audit.store.access import AccessRows
from checks.tables import REGISTRIES, REPLICAS
from ecr_audit.web.api.events import Followers
from ecr_audit.web.app import create_app
from ecr_audit.web.security.rate_limits import Cost, RateLimits
from ecr_audit.web.security.roles import Role
from ecr_audit.web.security.tokens import Tokens
from ecr_audit.web.services import Services
from ecr_audit.web.serving import WebServer, serve_web
from schedules.configuration.service import Configuration, Schedule, WebSection
from tests.reports.runs import mixed_run

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
RUN = "20261123T020000Z-4f9a1c"
API = "/api/v1"
GENEROUS = RateLimits(dict.fromkeys(Cost, ("1000000/second", "1000000/second")))


def kept(run: Run, day: int = 23, **changes: Any) -> Run:
    """*run* as a store takes it, of a day of November."""
    documents = {
        (account, region): {**row, "account": account, "region": region}
        for (account, region), row in run.documents.items()
    }
    moment = run.started_at.replace(day=day)
    identifier = f"202611{day:02d}T020000Z-4f9a1c"
    return replace(run, id=identifier, started_at=moment, documents=documents, **changes)


def tables(name: str = "payments") -> dict[str, pd.DataFrame]:
    """Evidence tables of two registries and the link between them."""
    registries = [
        {"account": "100000000003", "region": "eu-central-1", "account_name": name, "is_source": True,
         "is_destination": False, "rule_count": 2, "destinations_needed": 3, "destinations_limit": 25,
         "repository_count": 4, "evidence_complete": True, "evidence_missing": "", "ou_path": name},
        {"account": "100000000009", "region": "eu-west-1", "account_name": None, "is_source": None,
         "is_destination": True, "rule_count": None, "destinations_needed": None, "destinations_limit": 25,
         "repository_count": None, "evidence_complete": False, "evidence_missing": "denied", "ou_path": None},
    ]  # fmt: skip
    link = {
        "source_account": "100000000003", "source_region": "eu-central-1", "destination_account": "100000000009",
        "destination_region": "eu-west-1", "present": True, "cross_account": True, "grant_given": False,
    }  # fmt: skip
    return {
        "registries": pd.DataFrame(registries).reindex(columns=list(REGISTRIES.names)).astype(object),
        "replicas": pd.DataFrame(columns=list(REPLICAS.names), dtype=object),
        "links": pd.DataFrame([link]),
    }


@dataclass
class Served:
    """A running application."""

    server: WebServer
    app: FastAPI
    services: Services
    store: Store
    time: list[dt.datetime]
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def tokens(self) -> Tokens:
        return Tokens(AccessRows(self.store.engine), lambda: self.time[0])

    def token(self, role: Role) -> str:
        """A token of that role, made when it is first asked for."""
        if role.value not in self.secrets:
            self.secrets[role.value] = self.tokens.add(f"test-{role.value}", role)
        return self.secrets[role.value]

    def client(self, role: Role | None = None, **headers: str) -> httpx.Client:
        """A program outside of any browser; with *role* it has a token."""
        if role is not None:
            headers["Authorization"] = f"Bearer {self.token(role)}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def browser(self) -> Browser:
        return Browser(httpx.Client(base_url=self.url, timeout=60, headers={"Accept": "text/html"}))

    def later(self, **span: float) -> None:
        """Let time go by."""
        self.time[0] += dt.timedelta(**span)


@dataclass
class Browser:
    """What matters of a browser here: cookies, forms, and the headers that it adds."""

    client: httpx.Client

    def form_token(self, path: str = "/signin") -> str:
        found = re.search('name="csrf_token" value="([0-9a-f]+)"', self.client.get(path).text)
        assert found
        return found[1]

    def post(self, path: str, data: Mapping[str, str], **headers: str) -> httpx.Response:
        own = {"Origin": str(self.client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
        return self.client.post(path, data=dict(data), headers={**own, **headers})

    def sign_in(self, secret: str, next: str = "/") -> httpx.Response:
        return self.post("/signin", {"token": secret, "next": next, "csrf_token": self.form_token()})


@contextmanager
def serving(
    folder: Path,
    *,
    web: Mapping[str, Any] | None = None,
    schedules: Mapping[str, Schedule] | None = None,
    runs: Iterable[tuple[Run, Mapping[str, pd.DataFrame]]] = (),
    limits: RateLimits = GENEROUS,
    followers: Followers | None = None,
) -> Iterator[Served]:
    """Serve until the end of the block."""
    store = open_store(str(folder / "store"))
    for run, frames in runs:
        store.save(run, frames)
    time = [NOW]
    section = WebSection.model_validate({"port": 0, **(web or {})})
    configuration = Configuration(web=section, schedules=dict(schedules or {}))
    services = Services(configuration, store, lambda: time[0])
    app = create_app(services, limits=limits, followers=followers or Followers(look_seconds=0.02))
    server = serve_web(app, "127.0.0.1", 0)
    try:
        yield Served(server, app, services, store, time)
    finally:
        server.stop(5)
        store.engine.dispose()


def mixed(day: int = 23, **changes: Any) -> tuple[Run, Mapping[str, pd.DataFrame]]:
    """The usual run, with its tables."""
    return kept(mixed_run(), day, **changes), tables()
