"""The formats of single values in a baseline, and the messages for a value in another format.

Patterns have the same meaning in Rust (pydantic), Python and ECMAScript (editors).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from checks.policy_documents.problem import DocumentProblem

_ACCOUNT = "^[0-9]{12}$"
_DESTINATION = "^([0-9]{12}|same)$"
_REGION = "^[a-z]{2,}(-[a-z0-9]+)*-[0-9]{1,2}$"
_REGIONS = "^([a-z]{2,}(-[a-z0-9]+)*-[0-9]{1,2}|[a-z0-9-]*[*][a-z0-9*-]*)$"
_PREFIX = "^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$"
_NAME = "^[^,\\r\\n]+$"
_ACTION = "^ecr:([A-Za-z]+[*]?|[*])$"
_TAG_FILTER = "^[0-9a-zA-Z._-]*([*][0-9a-zA-Z._-]*){0,2}$"
_FINGERPRINT = "^([0-9a-f]{16})?$"
_KEY = "^(customer|arn:aws[a-z-]*:kms:([a-z0-9-]+|[{]region[}]):([0-9]{12}|[{]account[}]):key/[A-Za-z0-9-]+)?$"

SHAPES: dict[str, tuple[str, str]] = {
    _ACCOUNT: (
        "is not a valid account id",
        "an account id has twelve digits, including leading zeros; write it in quotes",
    ),
    _DESTINATION: ("is neither an account id nor `same`", "an account id has twelve digits; write it in quotes"),
    _REGION: ("is not a valid Region name", "Region names look like eu-west-1"),
    _REGIONS: ("is not a valid Region name or pattern", "Region names look like eu-west-1, patterns like eu-*"),
    _PREFIX: (
        "cannot begin a repository name",
        "prefixes are literal, as in ECR's PREFIX_MATCH: lower case, no `*`; `team/` matches every name below team/",
    ),
    _NAME: ("is not a valid name", "a name has one line and no comma"),
    _ACTION: ("is not a valid ECR action", "actions look like ecr:ReplicateImage"),
    _TAG_FILTER: ("is not a valid tag pattern", "letters, digits, `.`, `_`, `-` and at most two `*`"),
    _FINGERPRINT: ("is not a valid fingerprint", "copy the sixteen hex digits from a report, in quotes"),
    _KEY: (
        "is not a valid KMS key",
        "write a key ARN, in which {region} and {account} are the replica's, or `customer`",
    ),
}
"""Pattern → message and hint for a value that does not match."""

AccountId = Annotated[str, Field(pattern=_ACCOUNT)]
"""Twelve digits."""
DestinationAccount = Annotated[str, Field(pattern=_DESTINATION)]
"""Twelve digits, or `same`."""
Region = Annotated[str, Field(pattern=_REGION, max_length=25)]
"""The format of a Region's name; whether such a Region exists is evaluated by the audit."""
RegionPattern = Annotated[str, Field(pattern=_REGIONS, max_length=25)]
"""A `Region`, or a pattern with `*`."""
Prefix = Annotated[str, Field(pattern=_PREFIX, min_length=2, max_length=256)]
"""A filter of ECR's replication rules (ECR API reference, RepositoryFilter)."""
RequirementName = Annotated[str, Field(pattern=_NAME, max_length=120)]
"""One line without comma, since tables join names with commas."""
Action = Annotated[str, Field(pattern=_ACTION)]
"""An IAM action of ECR, or a pattern of them."""
TagFilter = Annotated[str, Field(pattern=_TAG_FILTER, min_length=1, max_length=128)]
"""Exclusion filter of a tag mutability (ECR API reference, ImageTagMutabilityExclusionFilter; two wildcards: the AWS
provider of Terraform)."""
Fingerprint = Annotated[str, Field(pattern=_FINGERPRINT)]
"""Fingerprint of a finding, or empty."""
KeyName = Annotated[str, Field(pattern=_KEY)]
"""KMS key ARN with placeholders, `customer`, or empty."""
Text = Annotated[str, Field(min_length=1)]
"""Any text that is not empty."""
Mutability = Literal["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"]
"""Tag mutability (ECR API reference, Repository)."""


def is_account_id(text: str) -> bool:
    """Whether *text* is an `AccountId`."""
    return re.fullmatch(_ACCOUNT, text) is not None


def is_region(text: str) -> bool:
    """Whether *text* is a `Region`."""
    return len(text) <= 25 and re.fullmatch(_REGION, text) is not None


def is_prefix(text: str) -> bool:
    """Whether *text* is a `Prefix`."""
    return 2 <= len(text) <= 256 and re.fullmatch(_PREFIX, text) is not None


def is_tag_filter(text: str) -> bool:
    """Whether *text* is a `TagFilter`."""
    return 1 <= len(text) <= 128 and re.fullmatch(_TAG_FILTER, text) is not None


def shape(pattern: str, message: str, hint: str) -> Any:
    """A field that matches *pattern*, with the message for a value that does not."""
    SHAPES[pattern] = (message, hint)
    return Field(pattern=pattern)


class Strict(BaseModel):
    """Unknown keys are errors; instances are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def wrong(text: str, hint: str, *at: str | int) -> PydanticCustomError:
    """An error about the value at *at*, a path below the place where it is raised."""
    return PydanticCustomError("baseline", "{text}", {"text": text, "hint": hint, "at": at})


def all_wrong(problems: Sequence[tuple[tuple[str | int, ...], DocumentProblem]]) -> PydanticCustomError:
    """One error for several problems of documents, each with the path of its document below the place of the error."""
    listed = [
        {"text": one.message, "hint": one.hint, "at": (*at, *one.path), "about_key": one.about_key}
        for at, one in problems
    ]
    return PydanticCustomError("baseline", "{text}", {**listed[0], "problems": listed})


def document_schema(model: type[Strict], identifier: str, title: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a file that is read as *model*, for editors."""
    schema = model.model_json_schema(mode="validation")
    _close_patterned_mappings(schema.values())
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identifier, "title": title}
    return head | {key: value for key, value in schema.items() if key != "title"}


def _close_patterned_mappings(nodes: Iterable[Any]) -> None:
    """Pydantic writes the pattern of a mapping's keys, but allows other keys."""
    for node in nodes:
        if isinstance(node, dict):
            if "patternProperties" in node:
                node["additionalProperties"] = False
            _close_patterned_mappings(list(node.values()))
        elif isinstance(node, list):
            _close_patterned_mappings(node)
