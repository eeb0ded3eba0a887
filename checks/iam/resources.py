"""Resource and NotResource against the repositories of one registry.

The six fields of an ARN are compared one by one. An ARN that cannot match a repository of this registry has no effect:
AWS accepts it when the policy is put, and then denies the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from checks.iam.condition_keys import Context
from checks.iam.malformed import account_problem, unrendered
from checks.iam.parse import Patterns
from checks.iam.patterns import Glob, compile_glob, resolved
from checks.iam.request import Registry
from checks.iam.three_valued import Truth, inverted, some

_FIELDS = ("arn", "partition", "service", "Region", "account")
_TYPE = "repository/"


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A Resource that could match repositories of one registry: `glob` over `head` + repository name."""

    glob: Glob
    head: str
    certain: bool
    """Whether a match counts; otherwise it is only possible."""

    def matches(self, name: str) -> Truth:
        """Whether it matches the repository *name*."""
        if not self.glob.matches(self.head + name):
            return False
        return True if self.certain else None


@dataclass(frozen=True, slots=True)
class Names:
    """The repositories of one registry that a statement applies to."""

    patterns: tuple[NamePattern, ...]
    negated: bool = False
    """NotResource."""
    readable: bool = True
    """False: part of the element could not be read, so that more might match."""

    def combined(self, truths: list[Truth]) -> Truth:
        """From the result of each pattern to the result of the element."""
        if not self.readable:
            truths = [*truths, None]
        hit = some(truths)
        return inverted(hit) if self.negated else hit

    def include(self, name: str) -> Truth:
        """Whether it matches the repository *name*."""
        return self.combined([pattern.matches(name) for pattern in self.patterns])

    @property
    def never(self) -> bool:
        """Whether it can match no repository."""
        return not self.patterns and self.readable and not self.negated


@dataclass(frozen=True, slots=True)
class _Judged:
    pattern: NamePattern | None
    problem: str


def names_of(resources: Patterns, registry: Registry, context: Context) -> Names:
    """The repositories of *registry* that a Resource or NotResource element matches, in a request of *context*."""
    texts = [_known(text, context, variables=resources.variables) for text in resources.texts]
    judged = (_judged(text, registry, variables=resources.variables) for text in texts if text is not None)
    patterns = tuple(one.pattern for one in judged if one.pattern is not None)
    # A variable without a value matches nothing in a Resource; whether a NotResource then excepts nothing, or the
    # statement has no effect, can be read either way (IAM user guide, reference_policies_variables.html).
    open_to_doubt = resources.negated and None in texts
    return Names(patterns, resources.negated, readable=not resources.problems and not open_to_doubt)


def _known(text: str, context: Context, *, variables: bool) -> str | None:
    """*text* with the known variables replaced; None: one has no value, so it matches nothing."""
    if not variables or "${" not in text:
        return text
    return None if unrendered(text) else resolved(text, context)


@dataclass(frozen=True, slots=True)
class ResourceProblems:
    """Entries of a Resource or NotResource that no repository of a registry matches, or perhaps none, as clauses."""

    unmatchable: tuple[str, ...]
    """Why entries cannot match."""
    undetermined: tuple[str, ...]
    """Why it is not documented whether entries match."""

    @property
    def both(self) -> tuple[str, ...]:
        """All of them, those that cannot match first."""
        return (*self.unmatchable, *self.undetermined)


def resource_problems(resources: Patterns, registry: Registry) -> ResourceProblems:
    """The entries that cannot match a repository of *registry*, and those of which that is unknown."""
    judged = [_judged(text, registry, variables=resources.variables) for text in resources.texts]
    return ResourceProblems(
        tuple(one.problem for one in judged if one.problem and one.pattern is None),
        tuple(one.problem for one in judged if one.problem and one.pattern is not None),
    )


@lru_cache(maxsize=16_384)
def _judged(text: str, registry: Registry, *, variables: bool) -> _Judged:
    glob = compile_glob(text, variables=variables)
    shown = f"`{text[:300]}`"
    whole = registry.arn_head
    if text == "*":
        return _Judged(NamePattern(glob, whole, certain=True), "")
    marker = unrendered(text)
    if marker:
        return _Judged(None, f"{shown} has an unrendered template, `{marker}`")
    if glob.variable:
        # Whatever the value of the variable, the rest must match.
        if _possible(glob, whole):
            return _Judged(NamePattern(glob, whole, certain=False), "")
        return _Judged(None, f"{shown} matches no repository of this registry, whatever the value of its variable")
    fields = text.split(":", 5)
    if len(fields) < 6:
        return _short(glob, shown, fields, whole)
    wrong = _wrong_field(fields, registry)
    if wrong:
        return _Judged(None, f"{shown} {wrong}")
    name = compile_glob(fields[5], variables=variables)
    service_open = fields[2] != "ecr"
    if fields[5] == "*" or fields[5].startswith(_TYPE):
        problem = ""
        if service_open:
            problem = f"{shown} has a wildcard as service, and AWS does not document whether it matches; write `ecr`"
        return _Judged(NamePattern(name, _TYPE, certain=not service_open), problem)
    if not _possible(name, _TYPE):
        return _Judged(None, f"{shown} does not have `{_TYPE}` after the account, so it matches no repository")
    # The IAM user guide can be read both ways: reference_policies_elements_resource.html expands wildcards in a part
    # of an ARN, and reference-arns.html allows none in the type of a resource.
    return _Judged(
        NamePattern(name, _TYPE, certain=False),
        f"{shown} has a wildcard in the resource type, and AWS does not document whether it matches; write "
        f"`{_TYPE}` in full before the wildcard",
    )


def _short(glob: Glob, shown: str, fields: list[str], whole: str) -> _Judged:
    """Fewer than six fields: not a complete ARN, although a `*` at the end of a field may match past a colon.

    The IAM user guide documents that (reference_policies_elements_resource.html), but not whether ECR accepts it here.
    """
    reaches = fields[0] == "arn" and any(field.endswith("*") for field in fields) and _possible(glob, whole)
    problem = f"{shown} has {len(fields)} of the 6 fields of an ARN"
    if reaches:
        return _Judged(
            NamePattern(glob, whole, certain=False),
            f"{problem}, and AWS does not document whether its `*` spans others",
        )
    if len(fields) > 2 and fields[0] == "arn" and "ecr" not in fields:
        problem += "; the service `ecr` is missing"
    return _Judged(None, problem)


def _wrong_field(fields: list[str], registry: Registry) -> str:
    wanted = ("arn", registry.partition, "ecr", registry.region, registry.account)
    for label, field, want in zip(_FIELDS, fields, wanted, strict=False):
        if not compile_glob(field).matches(want):
            if label == "arn":
                return "is not an ARN"
            wrong = account_problem(field) if label == "account" and field and not set("*?").intersection(field) else ""
            why = f" (it {wrong})" if wrong else ""
            return f"has the {label} {field or 'empty'}{why}, this registry has {want}"
    return ""


def _possible(glob: Glob, head: str) -> bool:
    """Whether *glob* could match *head* + something: a quick test on its first piece, never wrongly False."""
    first = glob.pieces[0]
    if len(glob.pieces) == 1 and len(first) <= len(head):
        return False
    return all(token in (None, char) for token, char in zip(first, head, strict=False))
