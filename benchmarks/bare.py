"""The reference: the same calls with plain boto3 in a thread pool, as a careful script would make them.

One boto3 session per account, one cached client per account, Region and service; calls in the recorded
order of each registry, 32 threads. ``python -m benchmarks.bare ENDPOINT RECORDING``
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

THREADS = 32
BOTO_NAMES = {"servicequotas": "service-quotas"}


def parameters(service: str, body: str) -> dict[str, Any]:
    """Parameters of the recorded request for boto3."""
    if service in ("sts", "iam", "ec2"):
        named = dict(parse_qsl(body))
        wanted = {name: value for name, value in named.items() if name not in ("Action", "Version")}
        if "DurationSeconds" in wanted:
            wanted["DurationSeconds"] = int(wanted["DurationSeconds"])  # type: ignore[assignment]  # a number in boto3
        return {name: value for name, value in wanted.items() if "." not in name and name != "AllRegions"}
    loaded: dict[str, Any] = json.loads(body or "{}")
    return loaded


def main(endpoint: str, recording: str) -> None:
    lines = [json.loads(line) for line in Path(recording).read_text().splitlines()]
    sessions: dict[str, Any] = {}
    clients: dict[tuple[str, str, str], Any] = {}
    for account, region, service, _operation, _body, _path in lines:
        if account not in sessions:
            sessions[account] = boto3.Session(f"ASIA{account}AAAA", "secret", "token", region_name="us-east-1")
        key = (account, region, service)
        if key not in clients:
            name = BOTO_NAMES.get(service, service)
            clients[key] = sessions[account].client(name, region_name=region, endpoint_url=endpoint)
    work = defaultdict(list)
    for account, region, service, operation, body, _path in lines:
        work[account, region].append(
            (clients[account, region, service], xform_name(operation), parameters(service, body))
        )

    def ask(call: tuple[Any, str, dict[str, Any]]) -> bool:
        client, method, arguments = call
        try:
            getattr(client, method)(**arguments)
        except ClientError:
            return False  # "not found" is an answer, too
        return True

    # One task per call: the pool keeps all threads busy even with few registries.
    calls = [call for registry in work.values() for call in registry]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(ask, calls))
    print(json.dumps({"calls": len(answers), "errors": answers.count(False)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
