"""Service models of botocore: the one description of what an operation takes and gives."""

from __future__ import annotations

import threading
from functools import cache

import botocore.exceptions
import botocore.session
from botocore.model import OperationModel, ServiceModel

from ecr_audit.simulator.wire.errors import AwsError
from ecr_audit.simulator.wire.http import Request

SERVICES = {
    "ecr": "ecr",
    "sts": "sts",
    "organizations": "organizations",
    "account": "account",
    "ec2": "ec2",
    "servicequotas": "service-quotas",
    "iam": "iam",
    "kms": "kms",
    "events": "events",
}
"""Signing name → botocore's service name, for the services that the simulator answers itself."""

GLOBAL_SERVICES = frozenset({"iam", "organizations", "account"})
"""Services with one endpoint for all Regions: an account's Regions do not matter to them."""

_lock = threading.Lock()


@cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


@cache
def _load(name: str) -> ServiceModel:
    return _session().get_service_model(name)


def service_model(name: str) -> ServiceModel:
    """Model of the service that botocore calls *name*, loaded once per process."""
    with _lock:
        return _load(name)


@cache
def partition_regions(partition: str) -> tuple[str, ...]:
    """Region names of *partition* that have ECR, sorted."""
    with _lock:
        return tuple(sorted(_session().get_available_regions("ecr", partition_name=partition)))


@cache
def partition_of(region: str) -> str:
    """Partition that *region* belongs to; `aws` for names that botocore cannot place."""
    with _lock:
        try:
            return str(_session().get_partition_for_region(region))
        except botocore.exceptions.UnknownRegionError:
            return "aws"


def find_operation(model: ServiceModel, request: Request) -> OperationModel:
    """The operation that *request* calls; AwsError where the service has none such."""
    protocol = model.resolved_protocol
    if protocol == "json":
        name = request.headers.get("x-amz-target", "").rpartition(".")[2]
    elif protocol in ("query", "ec2"):
        name = _form_action(request)
    else:
        name = _routes(model.service_name).get((request.method, request.path.rstrip("/") or "/"), "")
    if name in model.operation_names:
        return model.operation_model(name)
    code = {"query": "InvalidAction", "ec2": "InvalidAction"}.get(protocol, "UnknownOperationException")
    raise AwsError(code, f"The action {name or request.path} is not valid for {model.service_name}.", 404)


def _form_action(request: Request) -> str:
    for part in request.body.decode(errors="replace").split("&"):
        key, _, value = part.partition("=")
        if key == "Action":
            return value
    return ""


@cache
def _routes(name: str) -> dict[tuple[str, str], str]:
    """Method and path → operation, for rest-json services without path parameters."""
    model = _load(name)
    operations = (model.operation_model(operation) for operation in model.operation_names)
    return {(operation.http["method"], operation.http["requestUri"]): operation.name for operation in operations}
