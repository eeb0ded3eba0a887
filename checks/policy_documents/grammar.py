"""Repository policies and registry policies that AWS refuses.

Source: IAM user guide, reference_policies_grammar.html and the pages of its elements; ECR user guide,
repository-policies.html and registry-permissions.html. Accepted, because no documentation of AWS refuses it: an ARN
in `Resource` that names no repository (ECR stores it, aws/containers-roadmap issue 2675), `NotPrincipal` with
`Allow`, action patterns with a wildcard that match no action, unknown condition keys, characters of a Sid. Whether a
role or an account that a principal names exists is known to AWS only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checks.iam.actions import ACTIONS
from checks.iam.malformed import unrendered
from checks.iam.operators import OPERATORS
from checks.iam.parse import VERSIONS
from checks.policy_documents.problem import (
    DocumentPath,
    DocumentProblem,
    kind_of,
    missing_keys,
    shown,
    similar,
    unknown_keys,
)

_TOP = ("Version", "Id", "Statement")
_ELEMENTS = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"
)  # fmt: skip
_PRINCIPAL_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_OPERATOR = re.compile(r"(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?")
_ACTION = re.compile(r"ecr:[a-z*?]+", re.ASCII | re.IGNORECASE)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_UNIQUE_ID = re.compile(r"[A-Z]{4}[A-Z0-9]{12,124}", re.ASCII)
_ARN = re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::(?:[0-9]{12}|cloudfront):(root|[a-z-]+/[^\s*?${}<>]+)", re.ASCII)
_KNOWN_ACTIONS = frozenset(action.lower() for action in ACTIONS)


def resource_policy_problems(document: object, *, with_resources: bool) -> Iterator[DocumentProblem]:
    """Why AWS refuses *document* as a policy of a registry (*with_resources*) or of a repository."""
    if not isinstance(document, Mapping):
        yield DocumentProblem((), f"a policy is an object, not {kind_of(document)}")
        return
    yield from unknown_keys(document, _TOP, ())
    yield from missing_keys(document, ("Statement",), ())
    version = document.get("Version", VERSIONS[0])
    if version not in VERSIONS:
        yield DocumentProblem(("Version",), f"{shown(version)} is not a version", f"write {VERSIONS[0]}")
    if not isinstance(document.get("Id", ""), str):
        yield DocumentProblem(("Id",), f"{kind_of(document['Id'])} is not text")
    if "Statement" in document:
        yield from _statements_problems(document["Statement"], with_resources=with_resources)


def _statements_problems(value: object, *, with_resources: bool) -> Iterator[DocumentProblem]:
    if isinstance(value, Mapping):
        yield from _statement_problems(("Statement",), value, with_resources=with_resources)
        return
    if not isinstance(value, list | tuple) or not value:
        yield DocumentProblem(("Statement",), "`Statement` is an object, or a list with at least one")
        return
    sids: set[str] = set()
    for number, statement in enumerate(value):
        path: DocumentPath = ("Statement", number)
        if not isinstance(statement, Mapping):
            yield DocumentProblem(path, f"a statement is an object, not {kind_of(statement)}")
            continue
        yield from _statement_problems(path, statement, with_resources=with_resources)
        sid = statement.get("Sid")
        if isinstance(sid, str) and sid:
            # IAM user guide, reference_policies_elements_sid.html: unique within the policy.
            if sid in sids:
                yield DocumentProblem((*path, "Sid"), f"another statement has the Sid {shown(sid)}")
            sids.add(sid)


def _statement_problems(
    path: DocumentPath, statement: Mapping[str, Any], *, with_resources: bool
) -> Iterator[DocumentProblem]:
    yield from unknown_keys(statement, _ELEMENTS, path)
    if not isinstance(statement.get("Sid", ""), str):
        yield DocumentProblem((*path, "Sid"), f"{shown(statement['Sid'])} is not text", "write it in quotes")
    if "Effect" not in statement:
        yield DocumentProblem(path, "`Effect` is missing", "write `Allow` or `Deny`")
    elif statement["Effect"] not in ("Allow", "Deny"):
        message = f"{shown(statement['Effect'])} is neither `Allow` nor `Deny`"
        hint = "" if not isinstance(statement["Effect"], str) else similar(statement["Effect"], ("Allow", "Deny"))
        yield DocumentProblem((*path, "Effect"), message, hint)
    yield from _one_element(path, statement, "Principal", _principal_problems)
    yield from _one_element(path, statement, "Action", _actions_problems)
    if with_resources:
        yield from _one_element(path, statement, "Resource", _resources_problems)
    else:
        # ECR refuses it (awsdocs/amazon-ecr-user-guide pull request 20): the policy's repository is the resource.
        for name in ("Resource", "NotResource"):
            if name in statement:
                message = f"a repository policy has no `{name}`: it is about its own repository"
                yield DocumentProblem((*path, name), message, "remove it", about_key=True)
    if "Condition" in statement:
        yield from _condition_problems((*path, "Condition"), statement["Condition"])


def _one_element(
    path: DocumentPath, statement: Mapping[str, Any], name: str, problems: Any
) -> Iterator[DocumentProblem]:
    """Problems of an element that a statement has in one of two forms, *name* and `Not…`."""
    present = [one for one in (name, f"Not{name}") if one in statement]
    if not present:
        yield DocumentProblem(path, f"`{name}` is missing", f"add `{name}`")
    if len(present) > 1:
        yield DocumentProblem((*path, present[1]), f"`{name}` and `Not{name}` exclude each other", "remove one of them")
    for one in present:
        yield from problems((*path, one), statement[one])


def _principal_problems(path: DocumentPath, value: object) -> Iterator[DocumentProblem]:
    if value == "*":
        return
    if not isinstance(value, Mapping) or not value:
        message = f"{shown(value)} is neither `*` nor an object that names principals"
        yield DocumentProblem(path, message, 'write {"AWS": "…"}')
        return
    yield from unknown_keys(value, _PRINCIPAL_KINDS, path)
    for kind, listed in value.items():
        for where, text in _texts((*path, kind), listed):
            if isinstance(text, DocumentProblem):
                yield text
            elif kind == "AWS" and (problem := _aws_principal_problem(where, text)):
                yield problem


def _aws_principal_problem(path: DocumentPath, text: str) -> DocumentProblem | None:
    if text == "*" or _ACCOUNT.fullmatch(text) or _UNIQUE_ID.fullmatch(text):
        return None
    found = _ARN.fullmatch(text)
    if found and not found[1].startswith("group/"):
        return None
    return DocumentProblem(path, f"{shown(text)} is not a principal", _principal_hint(text))


def _principal_hint(text: str) -> str:
    if unrendered(text):
        return "a template was not rendered: write the account id"
    if text.isascii() and text.isdigit():
        return f"it has {len(text)} digits, an account id has 12"
    if ":group/" in text:
        return "a group cannot be a principal"
    if "*" in text or "?" in text:
        return "a principal has no wildcard, other than `*` alone"
    return "write an account id, or the ARN of an account, a role or a user"


def _actions_problems(path: DocumentPath, value: object) -> Iterator[DocumentProblem]:
    for where, text in _texts(path, value):
        if isinstance(text, DocumentProblem):
            yield text
        elif text == "*" or text.lower() in _KNOWN_ACTIONS:
            continue
        elif not _ACTION.fullmatch(text):
            yield DocumentProblem(
                where, f"{shown(text)} is not an action of ECR", "actions look like ecr:BatchGetImage"
            )
        elif "*" not in text and "?" not in text:
            yield DocumentProblem(where, f"ECR has no action {shown(text)}", similar(text, ACTIONS))


def _resources_problems(path: DocumentPath, value: object) -> Iterator[DocumentProblem]:
    for where, text in _texts(path, value):
        if isinstance(text, DocumentProblem):
            yield text
        elif not text:
            yield DocumentProblem(where, "a resource is not empty", "write `*` or an ARN")


def _texts(path: DocumentPath, value: object) -> Iterator[tuple[DocumentPath, str | DocumentProblem]]:
    """Each text of an element that is one text or a list of them, with its path; or what else it is."""
    if isinstance(value, list | tuple) and not value:
        yield path, DocumentProblem(path, f"`{path[-1]}` is an empty list")
        return
    for where, one in (
        [((*path, number), one) for number, one in enumerate(value)]
        if isinstance(value, list | tuple)
        else [(path, value)]
    ):
        quotes = "write it in quotes" if isinstance(one, int | float) else ""
        yield where, one if isinstance(one, str) else DocumentProblem(where, f"{shown(one)} is not text", quotes)


def _condition_problems(path: DocumentPath, value: object) -> Iterator[DocumentProblem]:
    if not isinstance(value, Mapping):
        yield DocumentProblem(path, f"`Condition` is an object, not {kind_of(value)}")
        return
    for operator, keys in value.items():
        where = (*path, operator)
        if not _is_operator(operator):
            hint = similar(operator, OPERATORS)
            yield DocumentProblem(where, f"there is no condition operator {shown(operator)}", hint, about_key=True)
        if not isinstance(keys, Mapping):
            yield DocumentProblem(where, f"{shown(operator)} is an object of condition keys, not {kind_of(keys)}")
            continue
        for key, values in keys.items():
            yield from _values_problems((*where, key), values)


def _values_problems(path: DocumentPath, values: object) -> Iterator[DocumentProblem]:
    for number, one in enumerate(values) if isinstance(values, list | tuple) else [(None, values)]:
        if not isinstance(one, str | int | float):
            where = path if number is None else (*path, number)
            yield DocumentProblem(where, f"{kind_of(one)} is not a value of a condition key")


def _is_operator(name: str) -> bool:
    found = _OPERATOR.fullmatch(name)
    return found is not None and (found[2] in OPERATORS or name == "Null")
