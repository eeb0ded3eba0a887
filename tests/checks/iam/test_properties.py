"""What must hold for every policy: the algebra of Allow, Deny, order and doubt; symbolic prefixes against names."""

from __future__ import annotations

import copy
import itertools
import json
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from checks.iam import GrantVerdict, LinkRequest, ReplicationRequest, explain, link_verdict
from checks.iam.coverage import outcomes
from checks.iam.decision import clauses_of
from checks.iam.patterns import compile_glob
from tests.checks.iam.policies import HEAD, ORGANIZATION, OTHER, OWNER, PATH, REGION, SOURCE, policy

LINK = LinkRequest(SOURCE, OWNER, REGION, organization_id=ORGANIZATION, organization_path=PATH)
TRUE = {"StringEquals": {"aws:PrincipalAccount": SOURCE}}
FALSE = {"StringEquals": {"aws:SourceAccount": SOURCE}}
UNKNOWN = {"StringEquals": {"aws:RequestedRegion": REGION}}

_NAMES = st.text("ab/-", min_size=1, max_size=6)
_RESOURCES = st.one_of(
    st.just("*"),
    st.just("arn:aws:us-east-2:1:repository/*"),
    st.text("ab/-*?", max_size=6).map(lambda text: HEAD + text),
    st.text("ab*", max_size=3).map(lambda text: f"arn:aws:ecr:{REGION}:{OTHER}:repository/{text}"),
)
_PRINCIPALS = st.sampled_from(["*", {"AWS": SOURCE}, {"AWS": f"arn:aws:iam::{SOURCE}:root"}, {"AWS": OTHER},
                               {"AWS": [OTHER, f"arn:aws:iam::{SOURCE}:role/ci"]}])  # fmt: skip
_ACTIONS = st.sampled_from(["*", "ecr:*", "ecr:ReplicateImage", "ecr:CreateRepository", "ecr:PutImage",
                            ["ecr:ReplicateImage", "ecr:CreateRepository"]])  # fmt: skip


@st.composite
def statements(draw, *, effect=None, conditions=(None, TRUE, FALSE, UNKNOWN)):
    action = draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))
    found = {
        "Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        "Principal": draw(_PRINCIPALS),
        action: draw(_ACTIONS),
        resource: draw(st.lists(_RESOURCES, min_size=1, max_size=3)),
    }
    condition = draw(st.sampled_from(conditions))
    return found if condition is None else {**found, "Condition": condition}


policies = st.lists(statements(), max_size=4)

DOUBTS = {
    "condition": lambda found, choice: {**found, "Condition": TRUE if choice else FALSE},
    "principal": lambda found, choice: {**found, "Principal": {"AWS": SOURCE if choice else OTHER}},
    "resource": lambda found, choice: {**found, "Resource": "*" if choice else "arn:aws:s3:::bucket"},
    "effect": lambda found, choice: {**found, "Effect": "Allow" if choice else "Deny"},
}
"""Parts of a statement of which nobody knows what they mean, and what they are replaced by when it is decided."""

_OPEN = {
    "condition": {"Condition": UNKNOWN},
    "principal": {"Principal": {"AWS": f"arn:aws:sts::{SOURCE}:assumed-role/AWSServiceRoleForECRReplication/one"}},
    "resource": {"Resource": HEAD + "${aws:PrincipalTag/team}"},
    "effect": {"Effect": "Permit"},
}


def explained(written, name, **request):
    return explain(policy(*written), ReplicationRequest(SOURCE, OWNER, REGION, name, **request))


def ask(written, name, **request):
    return explained(written, name, **request).verdict


def level(truth):
    """No, undecided and yes as numbers to compare."""
    return {False: 0, None: 1, True: 2}[truth]


def levels(written, name):
    """How far each action is allowed. The verdict is no scale: *indeterminate* may be more or less than *if exists*."""
    found = explained(written, name)
    return level(found.replicate.gives), level(found.create.gives)


@settings(deadline=None)
@given(policies, statements(effect="Deny"), _NAMES, st.integers(0, 4))
def test_adding_a_deny_never_widens(written, deny, name, place):
    after, before = levels([*written[:place], deny, *written[place:]], name), levels(written, name)
    assert after[0] <= before[0]
    assert after[1] <= before[1]


@settings(deadline=None)
@given(policies, statements(effect="Allow"), _NAMES, st.integers(0, 4))
def test_adding_an_allow_never_narrows(written, allow, name, place):
    after, before = levels([*written[:place], allow, *written[place:]], name), levels(written, name)
    assert after[0] >= before[0]
    assert after[1] >= before[1]


@settings(deadline=None)
@given(policies, statements(), st.lists(_NAMES, min_size=1, max_size=3))
def test_a_link_widens_with_allow_and_narrows_with_deny(written, added, prefixes):
    less, more = (link_verdict(policy(*each), LINK, prefixes, [], prefixes) for each in (written, [*written, added]))
    if added["Effect"] == "Deny":
        less, more = more, less
    assert level(less.given) <= level(more.given)
    assert level(less.covers_rule) <= level(more.covers_rule)
    assert level(less.create_covered) <= level(more.create_covered)
    assert set(more.uncovered) <= set(less.uncovered)


@settings(deadline=None)
@given(policies, st.randoms(use_true_random=False), _NAMES)
def test_order_of_statements_never_matters(written, random, name):
    mixed = list(written)
    random.shuffle(mixed)
    assert ask(mixed, name) is ask(written, name)
    one, other = (link_verdict(policy(*each), LINK, [name], [name], [name]) for each in (written, mixed))
    assert (one.verdict, one.covers_rule, one.uncovered, one.create_covered) == (
        other.verdict, other.covers_rule, other.uncovered, other.create_covered
    )  # fmt: skip


def _resolved(written):
    """Every policy in which each undecided condition is true or false."""
    doubtful = [number for number, one in enumerate(written) if one.get("Condition") == UNKNOWN]
    for choice in itertools.product((TRUE, FALSE), repeat=len(doubtful)):
        found = copy.deepcopy(written)
        for number, condition in zip(doubtful, choice, strict=True):
            found[number]["Condition"] = condition
        yield found


@settings(deadline=None)
@given(st.lists(statements(conditions=(None, UNKNOWN)), min_size=1, max_size=4), _NAMES)
def test_doubt_becomes_a_verdict_only_where_it_does_not_matter(written, name):
    verdict = ask(written, name)
    possible = {ask(each, name) for each in _resolved(written)}
    if verdict is GrantVerdict.DENIED_IMPLICIT:
        # Nothing allows it; whether something denies it too may stay open.
        assert possible <= {GrantVerdict.DENIED_IMPLICIT, GrantVerdict.DENIED_EXPLICIT}
    elif verdict is not GrantVerdict.INDETERMINATE:
        assert possible == {verdict}
    else:
        assert len(possible) > 1


def _doubtful(part, found):
    return {name: value for name, value in found.items() if not (part == "resource" and name == "NotResource")} | _OPEN[
        part
    ]


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from([None, *DOUBTS]), statements(conditions=(None, TRUE, FALSE))), min_size=1,
             max_size=4),
    _NAMES,
    st.booleans(),
)  # fmt: skip
def test_doubt_of_any_kind_becomes_a_verdict_only_where_it_does_not_matter(written, name, exists):
    found = explained(
        [one if part is None else _doubtful(part, one) for part, one in written], name, repository_exists=exists
    )
    open_ones = [number for number, (part, _) in enumerate(written) if part is not None]
    for choice in itertools.product((True, False), repeat=len(open_ones)):
        decided = dict(zip(open_ones, choice, strict=True))
        resolved = explained(
            [one if part is None else DOUBTS[part](_doubtful(part, one), decided[number])
             for number, (part, one) in enumerate(written)],
            name,
            repository_exists=exists,
        )  # fmt: skip
        for action in ("replicate", "create"):
            before, after = getattr(found, action), getattr(resolved, action)
            if before.gives is not None:
                assert after.gives == before.gives
            if before is GrantVerdict.DENIED_EXPLICIT:
                assert after is before


@settings(deadline=None)
@given(st.lists(statements(conditions=(None, TRUE, FALSE)), min_size=1, max_size=3), _NAMES,
       st.text("ab/-*?", max_size=4), st.text("ab/-", max_size=3))  # fmt: skip
def test_a_variable_of_unknown_value_stands_for_every_value(written, name, pattern, value):
    with_variable = {**written[0], "Resource": f"{HEAD}{pattern}${{aws:PrincipalTag/team}}"}
    with_variable.pop("NotResource", None)
    found = explained([with_variable, *written[1:]], name)
    put_in = explained([{**with_variable, "Resource": f"{HEAD}{pattern}{value}"}, *written[1:]], name)
    for action in ("replicate", "create"):
        before, after = getattr(found, action), getattr(put_in, action)
        if before.gives is not None:
            assert after.gives == before.gives


@settings(deadline=None)
@given(st.lists(statements(conditions=(None, UNKNOWN)), min_size=1, max_size=3), _NAMES)
def test_a_known_variable_is_its_value(written, name):
    whole = policy(*written)
    as_variable = whole.replace(f'"{SOURCE}"', '"${aws:PrincipalAccount}"')
    # Principals take no variables; everywhere else the two texts say the same.
    statements_with = [
        {**json.loads(as_variable)["Statement"][number], "Principal": one["Principal"]}
        for number, one in enumerate(written)
    ]
    assert ask(statements_with, name) is ask(written, name)


@settings(deadline=None)
@given(
    st.lists(statements(conditions=(None, UNKNOWN)), min_size=1, max_size=3), st.lists(_NAMES, min_size=1, max_size=2)
)
def test_doubt_about_a_link_is_kept(written, prefixes):
    found = link_verdict(policy(*written), LINK, prefixes, [], None)
    resolved = [link_verdict(policy(*each), LINK, prefixes, [], None) for each in _resolved(written)]
    if found.covers_rule is not None:
        assert {one.covers_rule for one in resolved} == {found.covers_rule}
    if found.verdict.gives is not None:
        assert {one.verdict.gives for one in resolved} == {found.verdict.gives}
    if found.given is not None:
        assert {one.given for one in resolved} == {found.given}
    if found.create_covered is not None:
        # Without knowledge of what exists, a certain no cannot be given.
        assert {one.create_covered for one in resolved} == {found.create_covered} == {True}


EVERYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


@settings(deadline=None)
@given(policies, st.lists(_NAMES, min_size=1, max_size=2))
def test_what_a_deny_blocks_depends_on_denials_alone(written, prefixes):
    found = link_verdict(policy(*written), LINK, prefixes, [], None)
    denials = [one for one in written if one["Effect"] == "Deny"]
    alone = link_verdict(policy(*denials), LINK, prefixes, [], None)
    beside_all = link_verdict(policy(EVERYTHING, *denials), LINK, prefixes, [], None)
    assert (found.denied, found.denial_reason == "") == (alone.denied, found.denied is False)
    # A Deny of ecr:CreateRepository leaves the verdict open where the repositories are not known.
    assert beside_all.given is {True: False, False: True, None: None}[found.denied]
    if found.denied:
        assert found.verdict is GrantVerdict.DENIED_EXPLICIT


MALFORMED = [
    "11111111111", "1111-1111-1111", "{{ account }}", "<ACCOUNT_ID>", "${data.x.account_id}", "arn:aws:iam::*:root",
    "arn:aws:iam::${var.account}:root", f"arn:aws:iam::{SOURCE}:role/*", "o-exampleorg1", int(SOURCE), None,
]  # fmt: skip


@settings(deadline=None)
@given(policies, statements(), st.sampled_from(MALFORMED), st.sampled_from(["Principal", "NotPrincipal"]), _NAMES)
def test_a_malformed_principal_is_like_an_account_that_never_calls(written, added, malformed, element, name):
    def beside(principal):
        statement = {name: value for name, value in added.items() if name != "Principal"}
        return explained([*written, {**statement, element: {"AWS": [OTHER, principal]}}], name)

    found, expected = beside(malformed), beside("999999999999")
    assert (found.verdict, found.replicate, found.create) == (expected.verdict, expected.replicate, expected.create)


KEYS = {
    "aws:MultiFactorAuthPresent": [None, "false"],
    "aws:PrincipalTag/team": [None, "core", "", "other"],
    "aws:SourceIdentity": [None, "jane"],
    "aws:SecureTransport": ["true", "false"],
    "aws:username": [None],
    "aws:SourceAccount": [None],
    "aws:PrincipalIsAWSService": ["false"],
    "aws:userid": ["AROAEXAMPLEEXAMPLE123:x", "AROA2:y"],
    "aws:RequestedRegion": ["eu-west-1", "us-east-1"],
    "aws:TokenIssueTime": ["2026-01-01T00:00:00Z"],
}
"""Some of the values that a replication may send, None where the key may be absent."""


def _by_the_book(operator, wanted, given):
    """One operator of the IAM user guide, for one request with a single value or without one; None: not documented."""
    quantifier, _, rest = operator.rpartition(":")
    base, exists = rest.removesuffix("IfExists"), rest.endswith("IfExists")
    if base == "Null":
        return (wanted[0] == "true") is (given is None)
    negated = "Not" in base
    if given is None:
        if exists:
            return None if quantifier == "ForAnyValue" else True
        return {"": negated, "ForAllValues": True, "ForAnyValue": False}[quantifier]
    if base == "Bool":
        hit = given in wanted if given in ("true", "false") else None
    elif "Like" in base:
        hit = any(re.fullmatch(_reference(one), given, re.DOTALL) for one in wanted)
    else:
        hit = given in wanted
    return hit if hit is None or not negated else not hit


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(sorted(KEYS)),
    st.sampled_from(["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "Bool", "Null"]),
    st.sampled_from(["", "", "ForAllValues:", "ForAnyValue:"]),
    st.booleans(),
    st.lists(st.sampled_from(["true", "false", "core", "*", "AROA*", "AIDA*", "eu-west-1", "2026*", ""]), min_size=1,
             max_size=3),
)  # fmt: skip
def test_a_condition_is_certain_only_where_every_possible_request_agrees(key, base, quantifier, exists, wanted):
    if base == "Null":
        operator, wanted = "Null", ["true" if exists else "false"]
    else:
        operator = f"{quantifier}{base}{'IfExists' if exists else ''}"
        wanted = [one for one in wanted if one in ("true", "false")] or ["true"] if base == "Bool" else wanted
    decided = explained([{**EVERYTHING, "Condition": {operator: {key: wanted}}}], "prod/api").replicate.gives
    answers = {_by_the_book(operator, wanted, given) for given in KEYS[key]}
    if decided is not None:
        assert answers == {decided}
    elif key in ("aws:MultiFactorAuthPresent", "aws:SecureTransport", "aws:username", "aws:SourceAccount"):
        # All possible requests are listed: what they agree on is certain.
        assert len(answers) > 1 or None in answers


_LEGAL = re.compile(r"(?=.{2,256}\Z)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*", re.ASCII)


@settings(max_examples=150, deadline=None)
@given(policies, st.text("ab/-", max_size=4), st.lists(st.text("abz/-", max_size=6), max_size=12))
def test_symbolic_prefix_says_what_its_names_say(written, prefix, rests):
    clauses = clauses_of(policy(*written), LINK)
    found = outcomes(clauses, prefix)
    assert found.complete
    for pair, name in found.examples:
        assert name.startswith(prefix)
        assert clauses.decide(name) == pair
    possible = {pair for pair, _ in found.examples}
    for rest in rests:
        if _LEGAL.fullmatch(prefix + rest):
            assert clauses.decide(prefix + rest) in possible


@settings(deadline=None)
@given(policies, _NAMES)
def test_a_link_and_a_repository_are_judged_alike(written, name):
    request = ReplicationRequest(SOURCE, OWNER, REGION, name, organization_id=ORGANIZATION, organization_path=PATH)
    found = explain(policy(*written), request)
    assert clauses_of(policy(*written), LINK).decide(name) == (found.replicate, found.create)


@settings(max_examples=100, deadline=None)
@given(policies, st.text("ab/-", max_size=4), st.lists(st.text("abz/-", max_size=6), max_size=12))
def test_full_cover_allows_every_name_and_denial_none(written, prefix, rests):
    found = link_verdict(policy(*written), LINK, [prefix], [], [])
    names = [prefix + rest for rest in [*rests, "", "a", "bz"] if _LEGAL.fullmatch(prefix + rest)]
    request = {"organization_id": ORGANIZATION, "organization_path": PATH, "repository_exists": True}
    for name in names:
        verdict = ask(written, name, **request)
        if found.covers_rule:
            assert verdict is GrantVerdict.ALLOWED
        if found.verdict.gives is False:
            assert verdict in (GrantVerdict.DENIED_EXPLICIT, GrantVerdict.DENIED_IMPLICIT)


def _reference(pattern):
    """The same glob as a regular expression."""
    return "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)


@settings(max_examples=600, deadline=None)
@given(st.one_of(st.text("ab*?/.[", max_size=9), st.text("a*?", max_size=7)), st.text("ab/.[", max_size=9))
@example("*aa*aa*", "aaa")
@example("*a?*a?*", "aab")
@example("aa*aa", "aaa")
def test_glob_matches_as_a_regular_expression_does(pattern, text):
    assert compile_glob(pattern).matches(text) is (re.fullmatch(_reference(pattern), text, re.DOTALL) is not None)


@settings(deadline=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_glob_of_any_text(pattern, text):
    expected = re.fullmatch(_reference(pattern), text, re.DOTALL) is not None
    assert compile_glob(pattern).matches(text) is expected
    assert compile_glob(pattern).matches(pattern) or "*" not in pattern
