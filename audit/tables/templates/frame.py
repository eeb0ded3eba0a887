"""The `templates` table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from audit.tables.documents import Parsed, Template, parse_object
from audit.tables.encryption import check_key
from audit.tables.evidence_index import EvidenceIndex
from audit.tables.frames import compact, frame_of_rows
from audit.tables.templates.settings import Surroundings, arriving_prefixes, declaration_columns, exposure_columns
from checks.model import RegistryId
from checks.tables import TEMPLATES

_SERVICE = "ecr.amazonaws.com"
"""The service that must be able to assume a template's role (ECR user guide, repository-creation-templates.html)."""

_ASSUMES = ("sts:assumerole", "sts:*", "*")


def templates_frame(index: EvidenceIndex) -> pd.DataFrame:
    """One row per creation template of a registry whose templates were read."""
    arriving = arriving_prefixes(index)
    rows: list[dict[str, Any]] = []
    for place, parsed in index.templates.items():
        templates = sorted(parsed.value or (), key=lambda template: template.prefix)
        around = Surroundings(
            place=place,
            scope=index.place(place),
            keys=_keys(index, place),
            templates=[each for each in templates if each.for_replication],
            arriving=arriving.get(place, ()),
        )
        rows.extend(_row(index, place, template, around) for template in templates)
    return frame_of_rows(TEMPLATES, rows)


def _keys(index: EvidenceIndex, place: RegistryId) -> Parsed[Mapping[str, Any]]:
    return parse_object(index.parts[place].registry.keys, "the KMS key information")


def _row(index: EvidenceIndex, place: RegistryId, template: Template, around: Surroundings) -> dict[str, Any]:
    record = index.parts[place].registry
    state, unknown = role_state(template, place[0], parse_object(record.roles, "the IAM role information"))
    return {
        "account": place[0],
        "region": place[1],
        "prefix": template.prefix,
        "template_json": compact(template.document),
        "for_replication": template.for_replication,
        "custom_role": template.custom_role,
        "role_needed": template.role_needed,
        "custom_role_state": state,
        "custom_role_state_unknown": unknown,
        **asdict(check_key(template.kms_key, place, around.keys)),
        **declaration_columns(index.baseline, template, around),
        **exposure_columns(index, place, template),
    }


def role_state(template: Template, account: str, roles: Parsed[Mapping[str, Any]]) -> tuple[str | None, str]:
    """State of the custom role of *template* in *account*, as a predicate; None: unknown, and why as a clause."""
    role = template.custom_role
    if not role:
        return "is not named" if template.role_needed else "is not needed", ""
    fields = role.split(":", 5)
    if len(fields) != 6 or fields[2] != "iam" or not fields[5].startswith("role/"):
        return "is not the ARN of an IAM role", ""
    if fields[4] != account:
        return f"belongs to account {fields[4]}", ""
    facts = (roles.value or {}).get(role)
    exists = facts.get("exists") if isinstance(facts, dict) else None
    if exists is None:
        return None, roles.problem or "the role was not read"
    if not exists:
        return "does not exist", ""
    return _trust_state(facts.get("trust") if isinstance(facts, dict) else None)


def _trust_state(trust: object) -> tuple[str | None, str]:
    """Whether a trust policy allows ECR to assume the role; None where that depends on conditions."""
    try:
        document = json.loads(trust) if isinstance(trust, str) else None
    except (ValueError, RecursionError):
        return None, "the trust policy of the role could not be parsed"
    if not isinstance(document, dict):
        return None, "the trust policy of the role was not read"
    statements = [each for each in _listed(document.get("Statement")) if isinstance(each, dict) and _concerns(each)]
    if any(each.get("Effect") == "Deny" and not each.get("Condition") for each in statements):
        return f"denies {_SERVICE} in its trust policy", ""
    allows = [each for each in statements if each.get("Effect") == "Allow"]
    if not allows:
        return f"does not trust {_SERVICE}", ""
    undetermined = all(each.get("Condition") for each in allows) or any(
        each.get("Effect") == "Deny" for each in statements
    )
    if undetermined:
        return None, f"the role trusts {_SERVICE} under conditions that were not evaluated"
    return f"trusts {_SERVICE}", ""


def _concerns(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, dict) else _listed(principal)
    actions = [each.lower() for each in _listed(statement.get("Action")) if isinstance(each, str)]
    return (_SERVICE in services or "*" in services) and any(action in _ASSUMES for action in actions)


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
