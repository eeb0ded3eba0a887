"""From a request to a reply: authenticate, apply faults, call the handler, encode the response."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping

from botocore.model import OperationModel, ServiceModel

from ecr_audit.simulator.calls import Call, Operations, not_modelled
from ecr_audit.simulator.faults import Fault
from ecr_audit.simulator.identity import Sessions, expired_token, invalid_token
from ecr_audit.simulator.service_errors import denied, respelled
from ecr_audit.simulator.services import OPERATIONS
from ecr_audit.simulator.services.account import ENABLED_BY_DEFAULT
from ecr_audit.simulator.services.moto_fallback import pass_to_moto
from ecr_audit.simulator.wire.errors import AwsError, render_error
from ecr_audit.simulator.wire.http import NO_REPLY, Reply, Request, Signature, read_signature
from ecr_audit.simulator.wire.models import GLOBAL_SERVICES, SERVICES, find_operation, service_model
from ecr_audit.simulator.wire.replies import render_reply
from ecr_audit.simulator.wire.requests import read_parameters
from ecr_audit.simulator.world import World

CallCount = tuple[str, str, str, str]
"""Account, Region, `service:Operation`, and `ok` or the error code."""


class _NoAnswerError(Exception):
    """A timeout: the connection is closed without a response."""


class Engine:
    """Answers requests for one world. `stopping` ends every wait."""

    def __init__(self, world: World, operations: Mapping[str, Operations] = OPERATIONS) -> None:
        self.world = world
        self.sessions = Sessions()
        self.stopping = threading.Event()
        self._operations = operations
        self._calls: Counter[CallCount] = Counter()
        self._counting = threading.Lock()
        self._numbers = itertools.count(1)

    def calls(self) -> Counter[CallCount]:
        """How often each operation was called so far, by outcome."""
        with self._counting:
            return Counter(self._calls)

    def answer(self, request: Request) -> Reply:
        """The reply to *request*; never raises."""
        request_id = str(uuid.UUID(int=next(self._numbers)))
        signature = read_signature(request)
        if signature is None:
            error = AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
            return render_error(error, "json", request_id)
        name = SERVICES.get(signature.service)
        if name is None:
            return self._elsewhere(request, signature, request_id)
        return self._answer(request, signature, service_model(name), request_id)

    def _answer(self, request: Request, signature: Signature, model: ServiceModel, request_id: str) -> Reply:
        protocol = model.resolved_protocol
        action, account, outcome = f"{signature.service}:?", "", "ok"
        try:
            caller = self.sessions.caller(
                signature.access_key, request.headers.get("x-amz-security-token", ""), time.time()
            )
            account = caller.account
            operation = find_operation(model, request)
            action = f"{signature.service}:{operation.name}"
            parameters = read_parameters(operation, request)
            call = Call(
                self.world, self.sessions, caller, signature.region, signature.service, operation.name, parameters
            )
            reply = self._perform(call, operation, request_id)
        except AwsError as raised:
            error = respelled(raised, protocol, model.service_name)
            outcome = error.code
            reply = render_error(error, protocol, request_id)
        except _NoAnswerError:
            outcome, reply = "time-out", NO_REPLY
        except Exception as defect:
            outcome = "InternalFailure"
            message = f"Defect of the simulator in {action}: {type(defect).__name__}: {defect}"
            reply = render_error(AwsError(outcome, message, 500), protocol, request_id)
        with self._counting:
            self._calls[account, signature.region, action, outcome] += 1
        return reply

    def _perform(self, call: Call, operation: OperationModel, request_id: str) -> Reply:
        self._admit(call)
        for fault in self.world.faults:
            if fault.strikes(call.account, call.region, call.action, str(call.parameters.get("repositoryName", ""))):
                self._suffer(fault, call)
        handler = self._operations.get(call.service, {}).get(call.operation)
        if handler is None:
            raise not_modelled(call)
        with self.world.lock:
            result = handler(call)
            return render_reply(operation, result, request_id)

    def _admit(self, call: Call) -> None:
        """Keys of unknown or closed accounts, and calls into Regions that are not enabled, are refused."""
        account = self.world.accounts.get(call.account)
        if account is None or account.state not in ("ACTIVE", "PENDING_CLOSURE"):
            raise invalid_token()
        if call.service in GLOBAL_SERVICES or call.region in account.regions:
            return
        # A world may omit Regions that AWS enables by default; session tokens are issued there all the same.
        if call.service != "sts" or call.region not in ENABLED_BY_DEFAULT:
            raise invalid_token()

    def _suffer(self, fault: Fault, call: Call) -> None:
        if fault.kind == "latency":
            self.stopping.wait(fault.seconds)
            return
        if fault.kind == "time-out":
            self.stopping.wait(fault.seconds)
            raise _NoAnswerError
        raise _fault_error(fault, call)

    def _elsewhere(self, request: Request, signature: Signature, request_id: str) -> Reply:
        try:
            caller = self.sessions.caller(
                signature.access_key, request.headers.get("x-amz-security-token", ""), time.time()
            )
            reply = pass_to_moto(request, caller.account)
            account, outcome = caller.account, "ok" if reply.status < 400 else str(reply.status)
        except AwsError as error:
            account, outcome = "", error.code
            reply = render_error(error, "json", request_id)
        with self._counting:
            self._calls[account, signature.region, f"{signature.service}:?", outcome] += 1
        return reply


def _fault_error(fault: Fault, call: Call) -> AwsError:
    """The error of a fault that is not about waiting."""
    if fault.kind == "deny":
        return denied(call, f"because no identity-based policy allows the {call.action} action")
    if fault.kind == "deny-scp":
        return denied(call, "with an explicit deny in a service control policy")
    if fault.kind == "expired-token":
        return expired_token()
    if fault.kind == "feature-disabled":
        return AwsError("ValidationException", "This feature is disabled")
    if fault.kind == "throttle":
        return AwsError("ThrottlingException", "Rate exceeded")
    if fault.kind == "server-error":
        return AwsError("ServerException", "The request failed because of a simulated server-side error.", 500)
    return AwsError("UnknownOperationException", f"The endpoint does not know {call.action}.", 404)
