"""Reading the organization."""

from __future__ import annotations

from typing import Any

import pytest

from ecr_audit.simulator import Simulation, World, serve
from tests.ecr_audit.simulator.worlds import (
    CLOSED,
    MANAGEMENT,
    ORGANIZATION,
    OUTSIDER,
    PLAIN,
    SOURCE,
    TARGET,
    client,
    world_document,
)


def all_accounts(organizations: Any) -> tuple[list[dict[str, Any]], list[int]]:
    rows, sizes, token = [], [], None
    while True:
        answer = organizations.list_accounts(**({"NextToken": token} if token else {}))
        rows += answer["Accounts"]
        sizes.append(len(answer["Accounts"]))
        token = answer.get("NextToken")
        if not token:
            return rows, sizes


def test_accounts_come_in_pages_of_twenty_and_one_page_is_empty() -> None:
    document = world_document()
    document["accounts"] += [{"id": f"2000000000{number:02d}", "name": f"more {number}"} for number in range(40)]
    with serve(World.from_document(document)) as simulation:
        rows, sizes = all_accounts(client(simulation, "organizations"))
    assert sizes == [20, 0, 20, 5]
    assert len({row["Id"] for row in rows}) == 45
    assert OUTSIDER not in {row["Id"] for row in rows}


def test_states_and_paths(simulation: Simulation) -> None:
    rows, sizes = all_accounts(client(simulation, "organizations", TARGET))  # a delegated administrator
    found = {row["Id"]: row for row in rows}
    assert sizes == [5, 0]
    assert found[CLOSED]["State"] == found[CLOSED]["Status"] == "SUSPENDED"
    assert found[SOURCE]["Paths"] == [f"{ORGANIZATION}/r-abcd/ou-abcd-11111111/ou-abcd-22222222/{SOURCE}/"]


def test_walking_the_units(simulation: Simulation) -> None:
    organizations = client(simulation, "organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    (top,) = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    (below,) = organizations.list_organizational_units_for_parent(ParentId=top["Id"])["OrganizationalUnits"]
    assert (top["Name"], below["Name"]) == ("Work", "Prod")
    assert organizations.list_parents(ChildId=below["Id"])["Parents"] == [
        {"Id": top["Id"], "Type": "ORGANIZATIONAL_UNIT"}
    ]
    assert organizations.describe_organizational_unit(OrganizationalUnitId=below["Id"])["OrganizationalUnit"][
        "Path"
    ].endswith(f"{top['Id']}/{below['Id']}/")
    at_root = organizations.list_accounts_for_parent(ParentId=root)["Accounts"]
    assert {row["Id"] for row in at_root} == {MANAGEMENT, CLOSED, PLAIN}
    assert [row["Id"] for row in organizations.list_delegated_administrators()["DelegatedAdministrators"]] == [TARGET]
    with pytest.raises(organizations.exceptions.ParentNotFoundException):
        organizations.list_accounts_for_parent(ParentId="ou-abcd-99999999")


def test_a_plain_member_sees_the_organization_and_not_its_accounts(simulation: Simulation) -> None:
    organizations = client(simulation, "organizations", PLAIN)
    assert organizations.describe_organization()["Organization"]["MasterAccountId"] == MANAGEMENT
    with pytest.raises(organizations.exceptions.AccessDeniedException):
        organizations.list_accounts()


@pytest.mark.parametrize("method", ["describe_organization", "list_accounts", "list_roots"])
def test_outside_of_every_organization(simulation: Simulation, method: str) -> None:
    organizations = client(simulation, "organizations", OUTSIDER)
    with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
        getattr(organizations, method)()


def test_a_world_without_organization() -> None:
    document = world_document()
    del document["organization"]
    document["accounts"] = [{"id": PLAIN, "name": "alone", "regions": ["eu-west-1"]}]
    document["registries"] = []
    with serve(World.from_document(document)) as simulation:
        assert simulation.environment()["AWS_ACCESS_KEY_ID"].endswith(PLAIN)
        organizations = client(simulation, "organizations", PLAIN)
        with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
            organizations.list_accounts()


def test_a_token_is_good_for_its_operation_only(simulation: Simulation) -> None:
    organizations = client(simulation, "organizations")
    token = organizations.list_accounts()["NextToken"]
    with pytest.raises(organizations.exceptions.InvalidInputException):
        organizations.list_organizational_units_for_parent(ParentId="r-abcd", NextToken=token)
