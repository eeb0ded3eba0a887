"""A synthetic organization as prepared replies of the loopback server.

Every registry replicates everything to its neighbour, so that every repository is replicated and read in detail;
both sides have the same images, so that nothing needs a status call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2", "eu-central-1")
MANAGEMENT = "100000000000"
IMAGES = 10
JSON = "application/x-amz-json-1.1"
XML = "text/xml"


@dataclass(frozen=True)
class Request:
    """The parsed parts of one request."""

    account: str
    region: str
    service: str
    operation: str
    body: bytes
    path: str


@dataclass(frozen=True)
class Organization:
    """Size of the organization: registries, and repositories per registry."""

    registries: int
    repositories: int

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions that every account has enabled."""
        return REGIONS[: min(len(REGIONS), max(1, self.registries // 2))]

    @property
    def accounts(self) -> tuple[str, ...]:
        """Member accounts; the management account has no relevant registry."""
        return tuple(f"{200000000000 + number:012d}" for number in range(self.registries // len(self.regions)))

    @property
    def names(self) -> tuple[str, ...]:
        """Repository names, the same in every registry."""
        return tuple(f"team-{number % 25:02d}/service-{number:05d}" for number in range(self.repositories))


def _xml(action: str, result: str) -> bytes:
    return f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>".encode()


class Replies:
    """Answers by operation. Long pages are rendered once per registry and cached."""

    def __init__(self, organization: Organization) -> None:
        """Prepare the replies of *organization*."""
        self.organization = organization
        self._pages: dict[tuple[str, str, str], bytes] = {}
        self._images = self._render_images()
        self._operations: dict[str, Callable[[Request], bytes]] = {
            "ecr:DescribeRepositories": self._repositories,
            "ecr:DescribeImages": self._describe_images,
            "ecr:GetRepositoryPolicy": lambda request: self._named(
                request, b'"policyText":"{\\"Version\\":\\"2012-10-17\\",\\"Statement\\":[]}"'
            ),
            "ecr:GetLifecyclePolicy": lambda request: self._named(
                request, b'"lifecyclePolicyText":"{\\"rules\\":[{\\"rulePriority\\":1}]}"'
            ),
            "ecr:ListTagsForResource": lambda _request: (
                b'{"tags":[{"Key":"owner","Value":"platform"},{"Key":"tier","Value":"1"}]}'
            ),
            "ecr:BatchGetRepositoryScanningConfiguration": self._scanning,
            "ecr:DescribeRegistry": self._registry,
            "ecr:GetRegistryPolicy": self._policy,
            "ecr:GetRegistryScanningConfiguration": lambda request: (
                b'{"registryId":"%s","scanningConfiguration":{"scanType":"BASIC","rules":[{"scanFrequency":"SCAN_ON_PUSH",'
                b'"repositoryFilters":[{"filter":"*","filterType":"WILDCARD"}]}]}}' % request.account.encode()
            ),
            "ecr:GetAccountSetting": lambda request: (
                b'{"name":%s,"value":"V2"}' % json.dumps(json.loads(request.body)["name"]).encode()
            ),
            "ecr:DescribeRepositoryCreationTemplates": lambda _request: b'{"repositoryCreationTemplates":[]}',
            "ecr:DescribePullThroughCacheRules": lambda _request: b'{"pullThroughCacheRules":[]}',
            "ecr:ListPullTimeUpdateExclusions": lambda _request: b'{"pullTimeUpdateExclusions":[]}',
            "ecr:ListReplicationBackfills": lambda _request: b'{"backfills":[]}',
            "sts:GetCallerIdentity": lambda request: _xml(
                "GetCallerIdentity",
                f"<Arn>arn:aws:iam::{request.account}:root</Arn><UserId>x</UserId><Account>{request.account}</Account>",
            ),
            "sts:AssumeRole": self._assume,
            "organizations:DescribeOrganization": lambda _request: json.dumps(
                {"Organization": {"Id": "o-bench00001", "MasterAccountId": MANAGEMENT, "FeatureSet": "ALL"}}
            ).encode(),
            "organizations:ListAccounts": self._accounts,
            "organizations:ListRoots": lambda _request: (
                b'{"Roots":[{"Id":"r-bnch","Name":"Root","Arn":"arn:aws:organizations::1:root/o/r"}]}'
            ),
            "organizations:ListOrganizationalUnitsForParent": lambda _request: b'{"OrganizationalUnits":[]}',
            "organizations:ListAccountsForParent": self._accounts,
            "account:ListRegions": self._regions,
            "ec2:DescribeRegions": self._ec2_regions,
            "iam:GetRole": lambda _request: _xml(
                "GetRole",
                "<Role><RoleName>AWSServiceRoleForECRReplication</RoleName><RoleId>AROAX</RoleId><Path>/</Path><Arn>arn:aws:iam::1:role/x</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>",
            ),
            "servicequotas:ListServiceQuotas": lambda _request: json.dumps(
                {
                    "Quotas": [
                        {"QuotaCode": code, "Value": value}
                        for code, value in (("L-24725E9A", 25.0), ("L-9B60BFFB", 25.0), ("L-241DEEBA", 100.0))
                    ]
                }
            ).encode(),
            "servicequotas:GetServiceQuota": lambda request: json.dumps(
                {"Quota": {"QuotaCode": json.loads(request.body)["QuotaCode"], "Value": 25.0}}
            ).encode(),
        }

    def answer(self, request: Request) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        if request.operation == "GetSigningConfiguration":
            return 400, JSON, b'{"__type":"SigningConfigurationNotFoundException","message":"none"}'
        reply = self._operations.get(f"{request.service}:{request.operation}")
        if reply is None:
            return 400, JSON, b'{"__type":"UnknownOperationException","message":"not part of the benchmark"}'
        return 200, XML if request.service in ("sts", "iam", "ec2") else JSON, reply(request)

    def _named(self, request: Request, rest: bytes) -> bytes:
        name = json.dumps(json.loads(request.body)["repositoryName"]).encode()
        return b'{"registryId":"%s","repositoryName":%s,%s}' % (request.account.encode(), name, rest)

    def _repositories(self, request: Request) -> bytes:
        asked = json.loads(request.body or b"{}")
        begin, size = int(asked.get("nextToken", 0)), int(asked.get("maxResults", 100))
        key = (request.account, request.region, f"{begin}/{size}")
        if key not in self._pages:
            names = self.organization.names[begin : begin + size]
            document = {"repositories": [self._repository(request, name) for name in names]}
            if begin + size < len(self.organization.names):
                document["nextToken"] = str(begin + size)  # type: ignore[assignment]  # a JSON document has mixed values
            self._pages[key] = json.dumps(document).encode()
        return self._pages[key]

    def _repository(self, request: Request, name: str) -> dict[str, object]:
        arn = f"arn:aws:ecr:{request.region}:{request.account}:repository/{name}"
        return {
            "repositoryArn": arn,
            "registryId": request.account,
            "repositoryName": name,
            "repositoryUri": f"{request.account}.dkr.ecr.{request.region}.amazonaws.com/{name}",
            "createdAt": 1.7e9,
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": False},
            "encryptionConfiguration": {"encryptionType": "KMS"},
        }

    def _render_images(self) -> bytes:
        return json.dumps(
            [
                {
                    "imageDigest": f"sha256:{number:064x}",
                    "imageTags": [f"1.{number}.0", f"build-{number}"],
                    "imageSizeInBytes": 10_000_000,
                    "imagePushedAt": 1.75e9 + number,
                    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                    "artifactMediaType": "application/vnd.oci.image.config.v1+json",
                    "lastRecordedPullTime": 1.76e9,
                    "imageStatus": "ACTIVE",
                }
                for number in range(IMAGES)
            ]
        ).encode()

    def _describe_images(self, _request: Request) -> bytes:
        return b'{"imageDetails":%s}' % self._images

    def _scanning(self, request: Request) -> bytes:
        names = json.loads(request.body)["repositoryNames"]
        entries = [
            {
                "repositoryArn": f"arn:aws:ecr:{request.region}:{request.account}:repository/{name}",
                "repositoryName": name,
                "scanOnPush": True,
                "scanFrequency": "SCAN_ON_PUSH",
                "appliedScanFilters": [{"filter": "*", "filterType": "WILDCARD"}],
            }
            for name in names
        ]
        return json.dumps({"scanningConfigurations": entries, "failures": []}).encode()

    def _registry(self, request: Request) -> bytes:
        rules: list[object] = []
        if request.account in self.organization.accounts:
            accounts = self.organization.accounts
            partner = accounts[(accounts.index(request.account) + 1) % len(accounts)]
            region = request.region
            if partner == request.account:
                region = self.organization.regions[
                    (self.organization.regions.index(region) + 1) % len(self.organization.regions)
                ]
            rules = [
                {"destinations": [{"region": region, "registryId": partner}], "deleteReplication": {"enabled": False}}
            ]
        return json.dumps({"registryId": request.account, "replicationConfiguration": {"rules": rules}}).encode()

    def _policy(self, request: Request) -> bytes:
        statement = {
            "Sid": "a",
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{one}:root" for one in self.organization.accounts]},
            "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"],
            "Resource": f"arn:aws:ecr:{request.region}:{request.account}:repository/*",
        }
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return json.dumps({"registryId": request.account, "policyText": text}).encode()

    def _assume(self, request: Request) -> bytes:
        role = parse_qs(request.body.decode())["RoleArn"][0]
        account = re.findall(r"\d{12}", role)[0]
        credentials = (
            f"<AccessKeyId>ASIA{account}AAAA</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
            "<SessionToken>token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>"
        )
        return _xml(
            "AssumeRole",
            f"<Credentials>{credentials}</Credentials><AssumedRoleUser><Arn>{role}</Arn>"
            "<AssumedRoleId>A:b</AssumedRoleId></AssumedRoleUser>",
        )

    def _accounts(self, request: Request) -> bytes:
        begin = int(json.loads(request.body or b"{}").get("NextToken", 0))
        everyone = (MANAGEMENT, *self.organization.accounts)
        page = [
            {
                "Id": one,
                "Name": f"account-{one}",
                "State": "ACTIVE",
                "Status": "ACTIVE",
                "Paths": [f"o-bench00001/r-bnch/{one}/"],
                "Arn": f"arn:aws:organizations::{MANAGEMENT}:account/o-bench00001/{one}",
            }
            for one in everyone[begin : begin + 20]
        ]
        document: dict[str, object] = {"Accounts": page}
        if begin + 20 < len(everyone):
            document["NextToken"] = str(begin + 20)
        return json.dumps(document).encode()

    def _regions(self, _request: Request) -> bytes:
        regions = [{"RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for name in self.organization.regions]
        return json.dumps({"Regions": regions}).encode()

    def _ec2_regions(self, _request: Request) -> bytes:
        listed = "".join(
            f"<item><regionName>{name}</regionName><optInStatus>opt-in-not-required</optInStatus></item>"
            for name in self.organization.regions
        )
        return f"<DescribeRegionsResponse><regionInfo>{listed}</regionInfo></DescribeRegionsResponse>".encode()
