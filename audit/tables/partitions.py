"""Which Regions exist, and in which partition: botocore's own endpoint data for ECR."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache


@cache
def ecr_regions() -> Mapping[str, str]:
    """Region name → partition, for every Region in which this botocore knows ECR.

    botocore is imported here and not above: reading tables of a stored run should not pay for it.
    """
    import botocore.session

    session = botocore.session.Session()
    return {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ecr", partition_name=partition)
    }
