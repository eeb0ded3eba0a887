"""The shared cases of documents that AWS refuses or accepts: `tests/cases/policy_documents`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from checks.policy_documents.validation import DocumentKind

_FOLDER = Path(__file__).parents[2] / "cases" / "policy_documents"
_POLICIES = (DocumentKind.REPOSITORY, DocumentKind.REGISTRY)


@dataclass(frozen=True)
class DocumentCase:
    """One document as one kind of policy."""

    kind: DocumentKind
    name: str
    document: Any
    at: str = ""
    says: str = ""

    def __str__(self) -> str:
        return f"{self.kind}, {self.name}"

    @property
    def text(self) -> str:
        return json.dumps(self.document)


def document_cases(outcome: str) -> list[DocumentCase]:
    """The cases of `refused` or `accepted`, for each kind that they are about."""
    found = []
    for file, kinds in (("lifecycle", (DocumentKind.LIFECYCLE,)), ("policies", _POLICIES)):
        for case in YAML(typ="safe").load(_FOLDER / f"{file}.yaml")[outcome]:
            named = [kind for kind in kinds if kind.split()[0] in case.get("kinds", [kind.split()[0]])]
            for kind in named:
                document = case["document"] if "kinds" in case else _with_resources(kind, case["document"])
                found.append(DocumentCase(kind, case["name"], document, case.get("at", ""), case.get("says", "")))
    return found


def _with_resources(kind: DocumentKind, document: Any) -> Any:
    """*document* as policy of a registry: every statement about all repositories."""
    if kind is not DocumentKind.REGISTRY or not isinstance(document, dict) or "Statement" not in document:
        return document
    statements = document["Statement"]
    if isinstance(statements, dict):
        return {**document, "Statement": {"Resource": "*", **statements}}
    return {**document, "Statement": [{"Resource": "*", **one} if isinstance(one, dict) else one for one in statements]}
