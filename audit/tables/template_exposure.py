"""Columns of the `templates` table about the repository policy that a template gives to copies."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from audit.tables.documents import Template
from audit.tables.known import Known
from audit.tables.registry_reach import denials_under
from audit.tables.replica_exposure import organization_of
from checks.declared_templates import ROOT, declared_template
from checks.iam import PolicyProblem
from checks.iam.access import Circumstances
from checks.iam.ternary import every
from checks.model import RegistryId
from checks.repository_exposure import Exposure, certain, closed_policy, exposure, none_of, own_clauses


@dataclass(frozen=True, slots=True)
class TemplateExposure:
    """Columns of `templates` about exposure, by the columns' names."""

    policy_closed: bool | None = None
    policy_exposure: str | None = None
    closed_policy: str | None = None


def exposure_columns(known: Known, place: RegistryId, template: Template) -> dict[str, bool | str | None]:
    """What the repository policy of *template* would let others do with every copy that it serves."""
    return asdict(_judged(known, place, template))


def _judged(known: Known, place: RegistryId, template: Template) -> TemplateExposure:
    text = template.document.get("repositoryPolicy") or ""
    own = own_clauses(text) if isinstance(text, str) else PolicyProblem("the repository policy is not text")
    if isinstance(own, PolicyProblem):
        return TemplateExposure(policy_exposure=own.message)
    # Tags of copies that do not exist yet are not known.
    circumstances = Circumstances(organization_of(known), known.evidence.partition)
    prefix = "" if template.prefix == ROOT else f"{template.prefix}/"
    record = known.parts[place].registry
    denials = denials_under(record, prefix) if own else ()
    found = exposure(own, denials or (), circumstances, place[0])
    if denials is None and not found.nobody:
        return TemplateExposure(policy_exposure="the registry policy was not read, which may deny it")
    closed = every(none_of(each) for each in (found.outsiders, found.pushers, found.deleters))
    mended = None if closed is not False else _closed(known, place, template, circumstances)
    return TemplateExposure(closed, _told(found), mended)


def _told(found: Exposure) -> str:
    kinds = (
        ("lets in from outside the organization", found.outsiders),
        ("lets push", found.pushers),
        ("lets delete", found.deleters),
    )
    return "; ".join(f"it {what} {', '.join(certain(whom))}" for what, whom in kinds if certain(whom))


def _closed(known: Known, place: RegistryId, template: Template, circumstances: Circumstances) -> str:
    """The text to put; empty: a person must write it."""
    declared = declared_template(known.baseline, template.prefix, place, {}).template.get("repositoryPolicy")
    if declared is None:
        return closed_policy(str(template.document["repositoryPolicy"]), circumstances, place[0]) or ""
    clauses = own_clauses(declared)
    good = not isinstance(clauses, PolicyProblem) and exposure(clauses, (), circumstances, place[0]).nobody
    return declared if good else ""
