"""One botocore session for the process: one loader, one model cache, one client for each (service, Region).

Clients are shared by all accounts: making one costs about 3 ms, and an organization has thousands of registries.
The account's credentials are set on the request when it is signed.
"""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import botocore
import botocore.session
from botocore import exceptions as sdk
from botocore.client import BaseClient
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from botocore.regions import EndpointResolver

from audit.aws.failures import CallError, Failure, failure_of
from audit.aws.identities import Identity, Keys
from audit.aws.operations import Operation
from audit.aws.responses import PlainParserFactory, require_shape
from audit.aws.settings import AwsSettings
from audit.aws.transport import Transport
from audit.evidence import CallCounts
from checks.model import GapKind

USER_AGENT = f"ecr-audit Botocore/{botocore.__version__} Python/{platform.python_version()}"


@lru_cache(maxsize=4)
def _loader(data_path: str | None) -> Loader:
    """Reads service models once per process, however many sessions it opens: the scheduler opens many."""
    return create_loader(data_path)


def partition_of_region(region: str) -> str | None:
    """The partition of *region*; None where the SDK does not list it. Reads no configuration of the caller."""
    try:
        return str(EndpointResolver(_loader(None).load_data("endpoints")).get_partition_for_region(region))
    except sdk.UnknownRegionError:
        return None


class _Current(threading.local):
    """Identity, action and counter of the call that this thread is making."""

    identity: Identity | None = None
    action: str = ""
    counter: CallCounter | None = None


class ClientSession:
    """Clients of this process. Safe to share between threads."""

    def __init__(self, settings: AwsSettings, *, connections: int = 32) -> None:
        self.settings = settings
        self._current = _Current()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._session = botocore.session.Session(profile=settings.profile)
        self._session.register_component("response_parser_factory", PlainParserFactory())
        self._session.register_component("data_loader", _loader(self._session.get_config_variable("data_path")))
        # Tokens of the global STS endpoint are not valid in opt-in Regions.
        self._session.set_config_variable("sts_regional_endpoints", "regional")
        self._session.register("before-sign", self._sign_as_current)
        self._session.register("before-send", self._count_request)
        self._transport = Transport(
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            ca_bundle=self._session.get_config_variable("ca_bundle"),
        )
        self._session.register("before-send", self._transport.send)
        self._config = Config(
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            max_pool_connections=connections,
            parameter_validation=False,
            # The collector retries by itself: bounded in time too, and aware of the registry's rate.
            retries={"mode": "standard", "total_max_attempts": 1},
            # A fixed text: botocore builds its own user agent twice for every call.
            user_agent=USER_AGENT,
        )
        # botocore formats long debug messages for every call when the root logger is set to DEBUG.
        logging.getLogger("botocore").setLevel(max(logging.INFO, logging.getLogger("botocore").level))

    @property
    def home_region(self) -> str:
        """Region for the calls of global services."""
        region = self.settings.home_region or self._session.get_config_variable("region")
        return str(region or "us-east-1")

    def ecr_regions(self, partition: str) -> tuple[str, ...]:
        """Every Region of *partition* in which the SDK lists ECR."""
        return tuple(sorted(self._session.get_available_regions("ecr", partition_name=partition)))

    def partition_of(self, region: str) -> str | None:
        """The partition of *region*; None where the SDK does not list it."""
        try:
            return str(self._session.get_partition_for_region(region))
        except sdk.UnknownRegionError:
            return None

    def caller_credentials(self) -> Any:
        """botocore's credentials of this session, or None where there are none."""
        return self._session.get_credentials()

    def set_caller_credentials(self, access_key: str, secret_key: str, token: str | None) -> None:
        """Use these as the caller's credentials, instead of the default credential chain."""
        self._session.set_credentials(access_key, secret_key, token)

    def refreshed_caller_keys(self) -> Keys:
        """The caller's credentials, read again from the credential chain: those that another process passed on have
        expired."""
        try:
            found = botocore.session.Session(profile=self.settings.profile).get_credentials()
            frozen = found.get_frozen_credentials() if found is not None else None
        except (sdk.BotoCoreError, EOFError, OSError) as error:
            raise CallError(failure_of(error)) from error
        if frozen is None:
            raise CallError(failure_of(sdk.NoCredentialsError()))
        return Keys(frozen.access_key, frozen.secret_key, frozen.token, time.time() + 900.0)

    def send(
        self,
        operation: Operation,
        region: str,
        parameters: Mapping[str, Any],
        identity: Identity | None,
        counter: CallCounter | None,
    ) -> dict[str, Any]:
        """Send one request and return the parsed response; raises what botocore raises. `identity` None: the caller."""
        client = self._client(operation.service, region)
        current = self._current
        current.identity, current.action, current.counter = identity, operation.action, counter
        try:
            answer: dict[str, Any] = getattr(client, operation.method)(**parameters)
        finally:
            current.identity = current.counter = None
        model = client.meta.service_model
        shape = model.operation_model(operation.name).output_shape
        if shape is not None and model.resolved_protocol == "json":  # the others were walked by botocore's parser
            require_shape(shape, answer)
        return answer

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            self._transport.close()

    def _client(self, service: str, region: str) -> BaseClient:
        client = self._clients.get((service, region))
        if client is not None:
            return client
        with self._lock:  # botocore sessions are not safe to make clients on concurrently
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.create_client(
                    service, region_name=region, endpoint_url=self.settings.endpoint_url, config=self._config
                )
            return self._clients[service, region]

    def _sign_as_current(self, request: Any, **_: object) -> None:
        if self._current.identity is not None:
            request.context.setdefault("signing", {})["request_credentials"] = self._current.identity

    def _count_request(self, event_name: str, **_: object) -> None:
        """Count one request. botocore may send further requests for the caller's credentials; they count under their
        own name."""
        current = self._current
        if current.counter is None:
            return
        sender, name = event_name.split(".", 2)[1:]  # before-send.<service>.<Operation>
        own = current.action.endswith(f":{name}")
        current.counter.add(current.action if own else f"{sender}:{name}")


class CallCounter:
    """Requests sent, denied and throttled, by `service:Operation`. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._throttled: Counter[str] = Counter()

    def add(self, action: str) -> None:
        """Count one request."""
        with self._lock:
            self._sent[action] += 1

    def failed(self, action: str, failure: Failure) -> None:
        """Count the failure of the last request of *action*."""
        with self._lock:
            self._refused[action] += failure.kind in (GapKind.DENIED, GapKind.DENIED_BY_SCP)
            self._throttled[action] += failure.throttled

    def take(self) -> CallCounts:
        """The counts; the counter is reset."""
        with self._lock:
            taken = self._copied()
            for one in (self._sent, self._refused, self._throttled):
                one.clear()
        return taken

    def counts(self) -> CallCounts:
        """A copy, sorted by name."""
        with self._lock:
            return self._copied()

    def _copied(self) -> CallCounts:
        return CallCounts(*(dict(sorted((+one).items())) for one in (self._sent, self._refused, self._throttled)))
