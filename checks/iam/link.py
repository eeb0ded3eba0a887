"""A whole link: every repository name that its rules can replicate, existing or not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from checks.iam.coverage import Outcomes, outcomes
from checks.iam.decision import Clauses, Decisions, clauses_of, decider, denials, verdict_of
from checks.iam.explain import NO_POLICY, denial_reason, denying_statements, matches, reason
from checks.iam.parse import PolicyProblem
from checks.iam.request import CREATE, REPLICATE, GrantVerdict, LinkRequest
from checks.iam.statement_match import StatementMatch, quoted
from checks.iam.three_valued import Truth, every, some

MOST_UNCOVERED = 20
"""Entries of `LinkVerdict.uncovered`."""


@dataclass(frozen=True, slots=True)
class LinkVerdict:
    """Whether a registry policy allows the replication of a link."""

    verdict: GrantVerdict
    """The best over the names that the link replicates. INDETERMINATE unless the best is certain."""
    reason: str
    """A sentence without full stop that an engineer can act on."""
    covers_rule: bool | None
    """Whether ecr:ReplicateImage is allowed for every name that the prefixes can match; None: unknown."""
    uncovered: tuple[str, ...]
    """Prefixes with a name that is certainly not allowed, at most 20; empty text is the prefix of everything."""
    create_covered: bool | None
    """Whether ecr:CreateRepository is allowed for every name, or for all that are absent; None: unknown."""
    uncreatable: tuple[str, ...] = ()
    """Absent repositories for which it certainly is not, sorted."""
    denying: tuple[int, ...] = ()
    """Numbers of the Deny statements that certainly deny some name of the link."""
    given: bool | None = None
    """Whether ecr:ReplicateImage is allowed for some name. Certain even where `verdict` depends on creation alone."""
    denied: bool | None = None
    """Whether Deny statements deny ecr:ReplicateImage for every name, whatever is allowed; None: unknown."""
    denial_reason: str = ""
    """Why `denied` is true or unknown, as a clause; empty where it is false."""


@dataclass(frozen=True, slots=True)
class _Survey:
    """The decisions about the names of a link."""

    by_prefix: tuple[tuple[str, Outcomes], ...]
    found: Mapping[GrantVerdict, tuple[Decisions, str]]
    """Each verdict that occurs, with the decisions and a name for it."""
    decided: frozenset[Decisions]
    """All decisions that occur."""
    complete: bool
    """Whether no other verdict occurs."""
    refused: tuple[str, ...]
    """Existing repositories that are certainly not allowed."""
    create: Truth
    uncreatable: tuple[str, ...]
    """Absent repositories that certainly may not be created."""
    create_example: tuple[GrantVerdict, str] | None
    """The decision about ecr:CreateRepository behind `create`, with a name for it."""


def link_verdict(
    policy_text: str | None,
    link: LinkRequest,
    prefixes: Sequence[str],
    repositories: Sequence[str],
    absent: Collection[str] | None,
) -> LinkVerdict:
    """Evaluate a registry policy for all that one link replicates. Never raises for any policy.

    *policy_text*: of the destination; empty: it has none; None: not read. *prefixes*: of the rules, `""` for
    everything. *repositories*: existing source repositories, each matched by a prefix. *absent*: those of them that do
    not exist at the destination; None: not known.
    """
    if policy_text is None:
        reason = "the registry policy was not read"
        return LinkVerdict(GrantVerdict.INDETERMINATE, reason, None, (), None, denial_reason=reason)
    clauses = clauses_of(policy_text, link)
    if isinstance(clauses, PolicyProblem):
        reason = f"{clauses.message}, so the policy cannot be evaluated"
        return LinkVerdict(GrantVerdict.INDETERMINATE, reason, None, (), None, denial_reason=reason)
    survey = _survey(clauses, tuple(prefixes) or ("",), repositories, absent)
    verdict = _best(survey)
    covers = every(_covered(found) for _, found in survey.by_prefix)
    uncovered = tuple(prefix for prefix, found in survey.by_prefix if _covered(found) is False)
    explained = _Explained(policy_text, link, repositories)
    reason = explained.sentence(survey, verdict, uncovered)
    given = some([*(pair[0].gives for pair in survey.decided), False if survey.complete else None])
    denying = explained.denying(survey)
    denied, denial_reason = _denied(clauses, survey, explained)
    shown = uncovered[:MOST_UNCOVERED]
    return LinkVerdict(verdict, reason, covers, shown, survey.create, survey.uncreatable, denying, given,
                       denied, denial_reason)  # fmt: skip


def _survey(
    clauses: Clauses, prefixes: tuple[str, ...], repositories: Sequence[str], absent: Collection[str] | None
) -> _Survey:
    by_prefix = tuple((prefix, outcomes(clauses, prefix)) for prefix in prefixes)
    missing = None if absent is None else frozenset(absent)
    complete = all(outcome.complete for _, outcome in by_prefix)
    possible = {pair: name for _, outcome in by_prefix for pair, name in outcome.examples}
    examples = {verdict_of(*pair, exists=False): (pair, name) for pair, name in possible.items()}
    if complete and len(possible) == 1:
        # Every possible name has the same result, so the existing ones need no evaluation.
        (pair,) = possible
        existing = _alike(pair, repositories, missing)
        refused = tuple(repositories) if pair[0].gives is False else ()
    else:
        decide = decider(clauses)
        existing = {(decide(name), None if missing is None else name not in missing): name for name in repositories}
        denied = {pair for pair, _ in existing if pair[0].gives is False}
        refused = tuple(name for name in repositories if decide(name) in denied) if denied else ()
    # A repository that exists is the better example.
    found = examples | {verdict_of(*pair, exists=exists): (pair, name) for (pair, exists), name in existing.items()}
    create, uncreatable, example = _creates(clauses, possible, missing, complete=complete)
    decided = frozenset((*possible, *(pair for pair, _ in existing)))
    return _Survey(by_prefix, found, decided, complete, refused, create, uncreatable, example)


def _alike(
    pair: Decisions, repositories: Sequence[str], missing: frozenset[str] | None
) -> dict[tuple[Decisions, bool | None], str]:
    if not repositories:
        return {}
    if missing is None:
        return {(pair, None): repositories[0]}
    presence = [(True, not missing.issuperset(repositories)), (False, not missing.isdisjoint(repositories))]
    return {(pair, exists): repositories[0] for exists, occurs in presence if occurs}


def _creates(
    clauses: Clauses, possible: Mapping[Decisions, str], missing: frozenset[str] | None, *, complete: bool
) -> tuple[Truth, tuple[str, ...], tuple[GrantVerdict, str] | None]:
    """(whether every absent repository may be created, those that may not, an example)."""
    if complete and all(create.gives for _, create in possible):
        return True, (), None
    if missing is None:
        return None, (), next(((pair[1], name) for pair, name in possible.items() if not pair[1].gives), None)
    decide = decider(clauses)
    decisions = {name: decide(name)[1] for name in sorted(missing)}
    result = every(decision.gives for decision in decisions.values())
    refused = tuple(name for name, decision in decisions.items() if decision.gives is False)
    return result, refused, next(((one, name) for name, one in decisions.items() if one.gives is result), None)


def _covered(outcome: Outcomes) -> Truth:
    truths = [replicate.gives for (replicate, _), _ in outcome.examples]
    return every([*truths, True if outcome.complete else None])


def _denied(clauses: Clauses, survey: _Survey, explained: _Explained) -> tuple[Truth, str]:
    """(whether every name is denied, why), from the Deny statements alone."""
    alone = denials(clauses)
    if alone is None:
        return False, ""
    found = [outcomes(alone, prefix) for prefix, _ in survey.by_prefix]
    names = {pair[0]: name for each in found for pair, name in each.examples}
    if GrantVerdict.ALLOWED in names:
        return False, ""
    if GrantVerdict.INDETERMINATE in names:
        return None, explained.why_denied(names[GrantVerdict.INDETERMINATE], certain=False)
    if not all(each.complete for each in found):
        return None, "the policy has too many patterns to be evaluated for every name"
    return True, explained.why_denied(names[GrantVerdict.DENIED_EXPLICIT], certain=True)


_ORDER = (
    GrantVerdict.ALLOWED,
    GrantVerdict.INDETERMINATE,
    GrantVerdict.ALLOWED_IF_REPOSITORY_EXISTS,
    GrantVerdict.DENIED_IMPLICIT,
    GrantVerdict.DENIED_EXPLICIT,
)


def _best(survey: _Survey) -> GrantVerdict:
    """The best verdict that some name certainly has; an unknown one might be better than a known one."""
    for one in _ORDER:
        if one in survey.found or (one is GrantVerdict.INDETERMINATE and not survey.complete):
            return one
    return GrantVerdict.INDETERMINATE


class _Explained:
    """Sentences about one link; statements are matched once for each example that is named."""

    def __init__(self, text: str, link: LinkRequest, repositories: Collection[str]) -> None:
        self._text = text
        self._repositories = repositories
        self._link = link
        self._seen: dict[str, tuple[StatementMatch, ...]] = {}

    def why(self, decision: GrantVerdict, action: str, name: str) -> str:
        if not self._text.strip() and not self._link.same_account:
            return NO_POLICY
        return reason(
            self._matches(name), decision, action, self._link.source_account, same_account=self._link.same_account
        )

    def why_denied(self, name: str, *, certain: bool) -> str:
        """Which Deny statements match, or may match, the repository *name*, as a clause."""
        return denial_reason(self._matches(name), certain=certain)

    def _matches(self, name: str) -> tuple[StatementMatch, ...]:
        if name not in self._seen:
            self._seen[name] = matches(self._text, self._link, name, called=self._called(name))
        return self._seen[name]

    def _called(self, name: str) -> str:
        """*name* in a clause: a repository that exists, all names with a prefix, or an example of a name."""
        shown = f"`repository/{name}`"
        return shown if name.endswith("*") or name in self._repositories else f"a name such as {shown}"

    def sentence(self, survey: _Survey, verdict: GrantVerdict, uncovered: tuple[str, ...]) -> str:
        """The reason for *verdict*, and what else an engineer needs to know about this link."""
        reasons: list[str] = []
        if verdict in survey.found:
            pair, name = survey.found[verdict]
            reasons.append(self.why(pair[0], REPLICATE, name))
            if pair[0] is GrantVerdict.ALLOWED and verdict is not GrantVerdict.ALLOWED:
                reasons.append(self._creation(pair[1], name))
        if not survey.complete:
            reasons.append("the policy has too many patterns to be evaluated for every name")
        if verdict is GrantVerdict.ALLOWED and survey.create_example and survey.create is not True:
            reasons.append(self._creation(*survey.create_example))
        if verdict.gives is not False:
            reasons += self._shortfall(survey, uncovered, reasons)
        return "; ".join(dict.fromkeys(reasons))

    def _creation(self, decision: GrantVerdict, name: str) -> str:
        only = "" if decision is GrantVerdict.INDETERMINATE else "only existing repositories there receive images: "
        return only + self.why(decision, CREATE, name)

    def _shortfall(self, survey: _Survey, uncovered: tuple[str, ...], reasons: list[str]) -> list[str]:
        """What is not allowed, or possibly not allowed, although some names are."""
        examples = [one for _, outcome in survey.by_prefix for one in outcome.examples]
        refused = next(((pair[0], name) for pair, name in examples if pair[0].gives is False), None)
        doubtful = next(((pair[0], name) for pair, name in examples if pair[0].gives is None), None)
        found = []
        if refused is not None:
            shown = ", ".join(f"`{prefix}`" if prefix else "any prefix" for prefix in uncovered[:5])
            more = f" and {len(uncovered) - 5} more prefixes" if len(uncovered) > 5 else ""
            why = self.why(refused[0], REPLICATE, refused[1])
            found.append(f"not every name under {shown}{more} is allowed, for example `{refused[1]}`: {why}")
        elif doubtful is not None:
            why = self.why(doubtful[0], REPLICATE, doubtful[1])
            found.append(why if why in reasons else f"for names such as `{doubtful[1]}` {why}")
        if survey.refused:
            many = len(survey.refused)
            count = "1 existing repository is" if many == 1 else f"{many} existing repositories are"
            found.append(f"{count} not allowed: {quoted(survey.refused)}")
        return found

    def denying(self, survey: _Survey) -> tuple[int, ...]:
        """Numbers of the Deny statements that deny some name."""
        examples = [one for _, outcome in survey.by_prefix for one in outcome.examples]
        denied = [name for pair, name in examples if pair[0] is GrantVerdict.DENIED_EXPLICIT]
        return tuple(sorted({number for name in denied for number in denying_statements(self._matches(name))}))
