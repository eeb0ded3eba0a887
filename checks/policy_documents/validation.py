"""Whether AWS accepts a lifecycle policy, a repository policy or a registry policy.

What AWS does not document is accepted: only a rule that a page or an error message of AWS states refuses a document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from checks.policy_documents.grammar import resource_policy_problems
from checks.policy_documents.lifecycle import lifecycle_problems
from checks.policy_documents.problem import DocumentProblem


class DocumentKind(StrEnum):
    """The kinds of policy document in ECR; the value is its name in sentences."""

    LIFECYCLE = "lifecycle policy"
    REPOSITORY = "repository policy"
    REGISTRY = "registry policy"


LONGEST: Mapping[DocumentKind, int] = MappingProxyType(
    {DocumentKind.LIFECYCLE: 30_720, DocumentKind.REPOSITORY: 10_240, DocumentKind.REGISTRY: 10_240}
)
"""Characters that ECR accepts (ECR service model: LifecyclePolicyText, RepositoryPolicyText, RegistryPolicyText)."""

_RULES: Mapping[DocumentKind, Callable[[object], Iterator[DocumentProblem]]] = MappingProxyType(
    {
        DocumentKind.LIFECYCLE: lifecycle_problems,
        DocumentKind.REPOSITORY: lambda document: resource_policy_problems(document, with_resources=False),
        DocumentKind.REGISTRY: lambda document: resource_policy_problems(document, with_resources=True),
    }
)


def document_problems(kind: DocumentKind, document: object) -> tuple[DocumentProblem, ...]:
    """Why AWS refuses *document*, already out of JSON; empty where it accepts it. Its length is not considered."""
    return tuple(_RULES[kind](document))


def text_problems(kind: DocumentKind, text: str) -> tuple[DocumentProblem, ...]:
    """Why AWS refuses the JSON *text* as a document of this *kind*; empty where it accepts it."""
    if len(text) > LONGEST[kind]:
        message = f"the document has {len(text):,} characters, AWS accepts {LONGEST[kind]:,}"
        return (DocumentProblem((), message, "shorten it"),)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return (DocumentProblem((), f"the document is not JSON: {error}"),)
    return document_problems(kind, document)


def refusal(kind: DocumentKind, text: str) -> str:
    """Why AWS would reject a put of *text*, as a sentence; empty where it accepts it."""
    problems = text_problems(kind, text)
    if not problems:
        return ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"AWS would reject the {kind}: {problems[0]}{more}"
