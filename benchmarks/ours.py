"""The collector with the same server. ``python -m benchmarks.ours ENDPOINT PROCESSES``"""

from __future__ import annotations

import json
import sys
import time

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.inventory import collect
from checks.baseline.schema import Baseline


def main(endpoint: str, processes: int) -> None:
    settings = AwsSettings(endpoint_url=endpoint, home_region="us-east-1")
    evidence = collect(settings, Scope(), Baseline(), processes=processes, now=time.time())
    gaps = list(evidence.gaps) + [gap for part in evidence.registries for gap in part.gaps]
    if gaps:
        print(f"{len(gaps)} gaps, first: {gaps[0]}", file=sys.stderr)
    print(
        json.dumps(
            {"calls": sum(evidence.calls.sent.values()), "gaps": len(gaps), "registries": len(evidence.registries)}
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
