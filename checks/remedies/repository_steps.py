"""Steps that change one repository. They do not depend on one another."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from checks.model import Edit
from checks.remedies import queries
from checks.remedies.edits import Stage
from checks.remedies.registry_steps import text_step
from checks.remedies.shell import file, in_work, line
from checks.remedies.steps import Asked, Step, Words, adding, asking, changing


def repository_step(edit: Edit) -> Step:
    """The step that makes one edit of a repository."""
    return _STEPS[edit.kind](edit.arguments)


def _described(repository: str) -> Words:
    # The form with an equals sign keeps a value that begins with a dash from being taken for an option.
    return ("aws", "ecr", "describe-repositories", f"--repository-names={repository}")


def _mutability(arguments: Mapping[str, Any]) -> Step:
    repository, seen = arguments["repository"], arguments["seen"]
    mode, exclusions = arguments["mutability"], arguments.get("exclusions", ())
    request = {"repositoryName": repository, "imageTagMutability": mode, **_filters(exclusions)}
    return changing(
        stage=Stage.REPOSITORIES,
        order=0,
        title=f"Tag mutability of {repository}: {mode}",
        what=f"The tag mutability of {repository}",
        files=(file("mutability.json", json.dumps(request, indent=2), "JSON"),),
        wanted=asking("mutability-wanted", queries.mutability_is(mode, exclusions), _described(repository)),
        before=asking("mutability-seen", queries.mutability_was(seen, mode, exclusions), _described(repository)),
        write=("aws", "ecr", "put-image-tag-mutability", "--cli-input-json", in_work("mutability.json")),
    )


def _lifecycle(arguments: Mapping[str, Any]) -> Step:
    repository = arguments["repository"]
    name = f"--repository-name={repository}"
    return text_step(
        stage=Stage.REPOSITORIES,
        order=1,
        title=f"Lifecycle policy of {repository}",
        what=f"The lifecycle policy of {repository}",
        name="lifecycle",
        seen=arguments["seen"],
        wanted=arguments["policy"],
        code="LifecyclePolicyNotFoundException",
        read=("aws", "ecr", "get-lifecycle-policy", name, "--query", "lifecyclePolicyText", "--output", "text"),
        write=("aws", "ecr", "put-lifecycle-policy", name, "--lifecycle-policy-text", in_work("lifecycle.json")),
    )


def _policy(arguments: Mapping[str, Any]) -> Step:
    repository = arguments["repository"]
    name = f"--repository-name={repository}"
    return text_step(
        stage=Stage.REPOSITORIES,
        order=2,
        title=f"Repository policy of {repository}",
        what=f"The repository policy of {repository}",
        name="repository-policy",
        seen=arguments["seen"],
        wanted=arguments["policy"],
        code="RepositoryPolicyNotFoundException",
        read=("aws", "ecr", "get-repository-policy", name, "--query", "policyText", "--output", "text"),
        # Without --force, AWS refuses a policy that would lock the caller out.
        write=("aws", "ecr", "set-repository-policy", name, "--policy-text", in_work("repository-policy.json")),
    )


def _create(arguments: Mapping[str, Any]) -> Step:
    repository = arguments["repository"]
    request = {
        "repositoryName": repository,
        "imageTagMutability": arguments.get("tag_mutability") or "MUTABLE",
        **_filters(arguments.get("exclusions", ())),
        **({"encryptionConfiguration": arguments["encryption"]} if arguments.get("encryption") else {}),
        "tags": [{"Key": key, "Value": value} for key, value in (arguments.get("tags") or {}).items()],
    }
    read = (*_described(repository), "--query", "repositories[0].repositoryName", "--output", "text")
    test = line("exists", "RepositoryNotFoundException", *read)
    return adding(
        stage=Stage.GRANTS,
        order=3,
        title=f"Repository {repository}",
        files=(file("repository.json", json.dumps(request, indent=2), "JSON"),),
        wanted=Asked((), test, (test,), frozenset({"exists"})),
        write=("aws", "ecr", "create-repository", "--cli-input-json", in_work("repository.json")),
    )


def _filters(exclusions: Any) -> dict[str, Any]:
    filters = [{"filterType": "WILDCARD", "filter": text} for text in exclusions]
    return {"imageTagMutabilityExclusionFilters": filters} if filters else {}


_STEPS: Mapping[str, Callable[[Mapping[str, Any]], Step]] = {
    "repository.tag-mutability": _mutability,
    "repository.lifecycle": _lifecycle,
    "repository.policy": _policy,
    "repository.create": _create,
}
