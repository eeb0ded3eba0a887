"""Columns of the `templates` table about the repository policy that a template gives to replica repositories."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from audit.tables.documents import Template
from audit.tables.frames import compact
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

    policy_exposures: str | None = None
    policy_exposures_unknown: str | None = None
    closed_policy: str | None = None


def exposure_columns(known: Known, place: RegistryId, template: Template) -> dict[str, str | None]:
    """What the repository policy of *template* allows other principals on every replica repository that it creates."""
    return asdict(_judged(known, place, template))


def _judged(known: Known, place: RegistryId, template: Template) -> TemplateExposure:
    text = template.document.get("repositoryPolicy") or ""
    own = own_clauses(text) if isinstance(text, str) else PolicyProblem("the repository policy is not text")
    if isinstance(own, PolicyProblem):
        return TemplateExposure(policy_exposures_unknown=own.message)
    # The tags of repositories that do not exist yet are unknown.
    circumstances = Circumstances(organization_of(known), known.evidence.partition)
    prefix = "" if template.prefix == ROOT else f"{template.prefix}/"
    record = known.parts[place].registry
    denials = denials_under(record, prefix) if own else ()
    found = exposure(own, denials or (), circumstances, place[0])
    if denials is None and not found.none:
        return TemplateExposure(policy_exposures_unknown="the registry policy was not read, which may deny it")
    closed = every(none_of(each) for each in (found.outsiders, found.pushers, found.deleters))
    if closed is None:
        return TemplateExposure(policy_exposures_unknown="")
    return TemplateExposure(
        policy_exposures=compact(_exposures(found)),
        policy_exposures_unknown="",
        closed_policy=None if closed else _closed(known, place, template, circumstances),
    )


def _exposures(found: Exposure) -> list[str]:
    kinds = (
        ("access from outside the organization", found.outsiders),
        ("push", found.pushers),
        ("delete", found.deleters),
    )
    return [f"{what} by {who}" for what, whom in kinds for who in certain(whom)]


def _closed(known: Known, place: RegistryId, template: Template, circumstances: Circumstances) -> str:
    """The text to put; empty: a person must write it."""
    declared = declared_template(known.baseline, template.prefix, place, {}).template.get("repositoryPolicy")
    if declared is None:
        return closed_policy(str(template.document["repositoryPolicy"]), circumstances, place[0]) or ""
    clauses = own_clauses(declared)
    good = not isinstance(clauses, PolicyProblem) and exposure(clauses, (), circumstances, place[0]).none
    return declared if good else ""
