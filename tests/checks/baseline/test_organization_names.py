"""Names in a baseline that the organization does not have, with line and column."""

from __future__ import annotations

from checks.baseline.organization_names import KnownAccount, OrganizationNames, unknown_names

ORGANIZATION = OrganizationNames(
    (
        KnownAccount("111111111111", "payments-prod", "Root/Workloads/Prod", "o-1/r-abcd/ou-abcd-11111111/"),
        KnownAccount("222222222222", "build", "Root/Tools", "o-1/r-abcd/ou-abcd-22222222/"),
    ),
    frozenset({"eu-west-1", "us-east-1"}),
)
TEXT = """\
version: 1
replication:
  - name: copies
    sources: {ous: [Workloads/Prdo, Workloads, ou-abcd-99999999], accounts: ["222222222222", "333333333333"]}
    destinations: [{account: "999999999999", region: eu-wets-1}]
settings:
  - account_names: ["*-prod", "*-dev"]
    regions: [eu-west-1]
    tags: {ous: Nowhere}
allowed_destinations: {accounts: ["999999999999"], ous: [Root, Partners]}
waivers:
  - {checks: [GRT-01], accounts: ["999999999999"], regions: [us-*, us-eest-1, sa-*], reason: r, owner: o,
     until: 2026-12-31}
"""


def test_each_unknown_name_is_reported_where_it_stands():
    found = [str(problem) for problem in unknown_names(TEXT, "b.yaml", ORGANIZATION)]
    assert found == [
        "b.yaml:4:21: replication[0].sources.ous[0]: no account of the organization is in the unit 'Workloads/Prdo' "
        "(did you mean Workloads/Prod?)",
        "b.yaml:4:48: replication[0].sources.ous[2]: no account of the organization is in the unit 'ou-abcd-99999999'",
        "b.yaml:4:94: replication[0].sources.accounts[1]: the organization has no account 333333333333",
        "b.yaml:5:54: replication[0].destinations[0].region: there is no Region 'eu-wets-1' (did you mean eu-west-1?)",
        "b.yaml:7:31: settings[0].account_names[1]: no account of the organization is named '*-dev'",
        "b.yaml:10:64: allowed_destinations.ous[1]: no account of the organization is in the unit 'Partners'",
        "b.yaml:12:68: waivers[0].regions[1]: there is no Region 'us-eest-1' (did you mean us-east-1?)",
        "b.yaml:12:79: waivers[0].regions[2]: there is no Region 'sa-*'",
    ]


def test_what_is_not_known_is_not_reported():
    assert unknown_names(TEXT, "b.yaml", OrganizationNames()) == ()
    unread = OrganizationNames((KnownAccount("222222222222", None, None, None),))
    assert [problem.line for problem in unknown_names(TEXT, "b.yaml", unread)] == [4]
