"""The simulator refuses the documents that a baseline refuses: in puts, creation templates and previews alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from checks.policy_documents.validation import DocumentKind
from ecr_audit.simulator import World, serve
from tests.checks.policy_documents.document_cases import DocumentCase, document_cases
from tests.ecr_audit.simulator.worlds import SOURCE, client, world_document

NAMED = {"repositoryName": "app/web"}
FIELDS = {DocumentKind.LIFECYCLE: "lifecyclePolicy", DocumentKind.REPOSITORY: "repositoryPolicy"}


@pytest.fixture(scope="module")
def ecr() -> Iterator[Any]:
    with serve(World.from_document(world_document())) as running:
        yield client(running, "ecr", SOURCE, parameter_validation=False)


def puts(ecr: Any, case: DocumentCase) -> dict[str, Callable[[], Any]]:
    """Every operation that takes the document, by name."""
    template = {"prefix": "app", "appliedFor": ["REPLICATION"], FIELDS.get(case.kind, ""): case.text}
    operations = {
        DocumentKind.REGISTRY: {"put": lambda: ecr.put_registry_policy(policyText=case.text)},
        DocumentKind.REPOSITORY: {"put": lambda: ecr.set_repository_policy(**NAMED, policyText=case.text)},
        DocumentKind.LIFECYCLE: {
            "put": lambda: ecr.put_lifecycle_policy(**NAMED, lifecyclePolicyText=case.text),
            "preview": lambda: ecr.start_lifecycle_policy_preview(**NAMED, lifecyclePolicyText=case.text),
        },
    }[case.kind]
    if case.kind is DocumentKind.REGISTRY:
        return operations
    return {**operations, "template": lambda: ecr.create_repository_creation_template(**template)}


@pytest.mark.parametrize("case", document_cases("refused"), ids=str)
def test_refused(ecr: Any, case: DocumentCase) -> None:
    for operation in puts(ecr, case).values():
        with pytest.raises(ecr.exceptions.InvalidParameterException):
            operation()


@pytest.mark.parametrize("case", document_cases("accepted"), ids=str)
def test_accepted(ecr: Any, case: DocumentCase) -> None:
    for name, operation in puts(ecr, case).items():
        operation()
        if name == "template":
            ecr.update_repository_creation_template(prefix="app", **{FIELDS[case.kind]: case.text})
            ecr.delete_repository_creation_template(prefix="app")


def test_an_update_of_a_template_is_checked_too(ecr: Any) -> None:
    ecr.create_repository_creation_template(prefix="base", appliedFor=["REPLICATION"])
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.update_repository_creation_template(prefix="base", repositoryPolicy='{"Statement": {}}')
    (template,) = ecr.describe_repository_creation_templates(prefixes=["base"])["repositoryCreationTemplates"]
    assert "repositoryPolicy" not in template
