"""A plain moto server: it lacks half of the calls and answers some with pages. Gaps, and no crash."""

import botocore.session
import pytest
from moto.server import ThreadedMotoServer

from audit.aws import AwsSettings
from audit.evidence import Scope
from audit.inventory import collect
from checks.baseline.schema import Baseline

ACCOUNT = "123456789012"


def test_moto_can_be_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        ecr = botocore.session.Session().create_client("ecr", region_name="eu-west-1", endpoint_url=url)
        for name in ("team/a", "team/b", "other"):
            ecr.create_repository(repositoryName=name)
        rule = {
            "destinations": [{"region": "us-east-1", "registryId": ACCOUNT}],
            "repositoryFilters": [{"filter": "team/", "filterType": "PREFIX_MATCH"}],
        }
        ecr.put_replication_configuration(replicationConfiguration={"rules": [rule]})
        scope = Scope(regions=("eu-west-1", "us-east-1"))
        evidence = collect(AwsSettings(endpoint_url=url, max_attempts=2), scope, Baseline(), now=0.0)
    finally:
        server.stop()
    assert [one.account for one in evidence.accounts] == [ACCOUNT]
    source, destination = evidence.registries
    assert dict(zip(source.repositories["repository"], source.repositories["detailed"], strict=True)) == {
        "team/a": True,
        "team/b": True,
        "other": False,
    }
    assert source.repositories["lifecycle_policy"].count("") == 2
    assert source.registry.scanning_configuration
    assert source.registry.templates is None
    assert {"ecr:GetAccountSetting", "ecr:DescribeRepositoryCreationTemplates"} <= {
        gap.operation for gap in source.gaps
    }
    assert destination.registry.detail == "full"
    assert all("<" not in gap.message for gap in source.gaps), "pages are summed up, not quoted"
