"""Steps that write the documents of a registry: replication configuration, policy, scanning, templates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from checks.remediation import queries
from checks.remediation.changes import Stage
from checks.remediation.replication_rules import Rule, destinations_of
from checks.remediation.shell import file, in_work, line
from checks.remediation.steps import Asked, Needed, Step, Words, adding, all_of, any_of, asking, changing
from checks.remediation.templates import DOCUMENTS, Template, TemplateChange

_DELETE = Needed("put-replication-configuration", "deleteReplication", "mid-November 2026")
_EXCLUSIONS = Needed("update-repository-creation-template", "imageTagMutabilityExclusionFilters", "August 2025")
_BACKFILL = Needed("start-replication-backfill", "destination", "November 2026")

_REGISTRY: Words = ("aws", "ecr", "describe-registry")
_PUT_RULES: Words = ("aws", "ecr", "put-replication-configuration", "--replication-configuration")
_POLICY: Words = ("aws", "ecr", "get-registry-policy", "--query", "policyText", "--output", "text")
_SCANNING: Words = ("aws", "ecr", "get-registry-scanning-configuration")
_TEMPLATES: Words = ("aws", "ecr", "describe-repository-creation-templates")
_BACKFILLS: Words = ("aws", "ecr", "list-replication-backfills")


def replication_step(
    stage: Stage, seen: Sequence[Rule], wanted: Sequence[Rule], others: Sequence[Sequence[Rule]] = ()
) -> Step:
    """Put *wanted* in place of *seen*.

    *others* are documents of the same plan that may be in place instead, because scripts were run out of order or
    twice: earlier ones are replaced like *seen*, later ones need no change. With *stage* NARROWING they are
    earlier ones, else later ones.
    """
    before = [asking("rules-seen", queries.replication_exactly(seen), _REGISTRY)]
    after = [asking("rules-wanted", queries.replication_alike(wanted), _REGISTRY)]
    known = [asking(f"rules-{n}", queries.replication_alike(other), _REGISTRY) for n, other in enumerate(others, 1)]
    (before if stage is Stage.NARROWING else after).extend(known)
    document = json.dumps({"rules": list(wanted)}, indent=2)
    return changing(
        stage=stage,
        order=2,
        title=f"Replication rules: {_rules_in_words(seen)} before, {_rules_in_words(wanted)} after",
        what="The replication configuration",
        files=(file("replication.json", document, "JSON"),),
        before=any_of(*before),
        wanted=any_of(*after),
        write=(*_PUT_RULES, in_work("replication.json")),
        needs=(_DELETE,),
    )


def policy_step(stage: Stage, seen: str, wanted: str, others: Sequence[str] = ()) -> Step:
    """Put the registry policy *wanted* in place of *seen* (empty: none); *others* as for `replication_step`."""
    return text_step(
        stage=stage,
        order=0,
        title="Registry policy" if seen else "Registry policy (new)",
        what="The registry policy",
        name="registry-policy",
        seen=seen,
        wanted=wanted,
        others=others,
        code="RegistryPolicyNotFoundException",
        read=_POLICY,
        write=("aws", "ecr", "put-registry-policy", "--policy-text", in_work("registry-policy.json")),
    )


def text_step(
    *,
    stage: Stage,
    order: int,
    title: str,
    what: str,
    name: str,
    seen: str,
    wanted: str,
    others: Sequence[str] = (),
    code: str,
    read: Words,
    write: Words,
) -> Step:
    """Replace the JSON text *seen* by *wanted* (`NAME.json` in the work folder); *code*: error code where none
    exists.
    """
    uses = frozenset({"fetch", "same", "alike", "document"})
    known = [f"{name}-{number}" for number in range(1, len(others) + 1)]
    also = "".join(f" || alike {one}" for one in known)
    earlier = stage is Stage.NARROWING
    files = (
        file(f"{name}-seen", seen, "TEXT"),
        file(f"{name}.json", sendable(wanted), "JSON"),
        *(file(one, text, "TEXT") for one, text in zip(known, others, strict=True)),
    )
    verified = line("reads_alike", f"{name}.json", code, *read)
    return changing(
        stage=stage,
        order=order,
        title=title,
        what=what,
        files=files,
        prepare=(line("fetch", code, *read),),
        before=Asked((), f"alike {name}-seen{also if earlier else ''}", (), uses),
        wanted=Asked((), f"alike {name}.json{'' if earlier else also}", (verified,), uses),
        write=write,
    )


def scanning_step(seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> Step:
    """Put the scanning configuration *wanted* in place of *seen*."""
    document = json.dumps({"scanType": wanted["scanType"], "rules": wanted["rules"]}, indent=2)
    return changing(
        stage=Stage.GRANTS,
        order=2,
        title=f"Registry scanning: {wanted['scanType']}",
        what="The registry scanning configuration",
        files=(file("scanning.json", document, "JSON"),),
        before=asking("scanning-seen", queries.scanning_exactly(seen), _SCANNING),
        wanted=asking("scanning-wanted", queries.scanning_alike(wanted), _SCANNING),
        write=("aws", "ecr", "put-registry-scanning-configuration", "--cli-input-json", in_work("scanning.json")),
    )


def template_step(change: TemplateChange) -> Step:
    """Create or update one creation template, with every field of it."""
    prefix, wanted = change.prefix, change.wanted
    verb = "update" if change.seen else "create"
    ask_texts: Words = (*_TEMPLATES, "--query", queries.template_texts(prefix), "--output", "json")

    def texts_are(name: str, template: Template) -> Asked:
        """Whether the policies of the template are alike those of *template*; AWS may format them otherwise."""
        texts = " ".join(sendable(str(template.get(one, ""))) for one in DOCUMENTS)
        compare = line("reads_alike", name, "TemplateNotFoundException", *ask_texts)
        return Asked((file(name, texts, "TEXT"),), compare, (compare,), frozenset({"fetch", "alike", "document"}))

    seen = asking("template-seen", queries.template_absent(prefix), _TEMPLATES)
    if change.seen:
        same = asking("template-seen", queries.template_is(change.seen), _TEMPLATES)
        seen = all_of(same, texts_are("template-texts-seen", change.seen))
    document = {name: sendable(value) if name.endswith("Policy") else value for name, value in wanted.items()}
    return changing(
        stage=Stage.GRANTS,
        order=1,
        title=f"Creation template {prefix}: {verb}",
        what=f"The creation template {prefix}",
        files=(file("template.json", json.dumps(document, indent=2), "JSON"),),
        before=seen,
        wanted=all_of(
            asking("template-wanted", queries.template_is(wanted), _TEMPLATES), texts_are("template-texts", wanted)
        ),
        write=("aws", "ecr", f"{verb}-repository-creation-template", "--cli-input-json", in_work("template.json")),
        needs=(_EXCLUSIONS,) if "imageTagMutabilityExclusionFilters" in {**wanted, **(change.seen or {})} else (),
    )


def backfill_step(account: str, region: str, seen: Sequence[str] | None) -> Step:
    """Start a backfill to one destination, unless one was started since the audit; *seen* are the ids of those before.

    One backfill at a time may run for a destination Region (ECR user guide, replication-backfill).
    """
    here = f"destination.region == {queries.literal(region)}"
    ended = "status == 'COMPLETE' || status == 'FAILED' || status == 'STOPPED'"
    new = (
        f"backfills[?{here} && destination.registryId == {queries.literal(account)} && status != 'FAILED' "
        f"&& status != 'STOPPED' && !contains({queries.literal(list(seen or ()))}, replicationBackfillId)]"
    )
    busy = f"backfills[?{here} && !({ended})]"
    return adding(
        stage=Stage.BACKFILL,
        order=0,
        title=f"Backfill of existing images to {account}/{region}",
        wanted=asking(f"backfill-new-{account}-{region}", (f"{new} | length(@) > `0`",), _BACKFILLS),
        busy=(
            asking(f"backfill-busy-{account}-{region}", (f"{busy} | length(@) > `0`",), _BACKFILLS),
            f"Deferred: another backfill to {region} is in progress. Run this script again after it has ended.",
        ),
        write=("aws", "ecr", "start-replication-backfill", f"--destination=region={region},registryId={account}"),
        needs=(_BACKFILL,),
    )


def sendable(text: str) -> str:
    """JSON *text* in ASCII, so that the encoding of the shell's locale does not matter."""
    return text if text.isascii() else json.dumps(json.loads(text))


def _rules_in_words(rules: Sequence[Rule]) -> str:
    pairs = {pair for rule in rules for pair in destinations_of(rule)}
    return f"{len(rules)} {'rule' if len(rules) == 1 else 'rules'} to {len(pairs)} unique destinations"
