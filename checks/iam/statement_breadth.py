"""How much one statement allows, and whom: actions beyond the allowed ones, principals outside the organization."""

from __future__ import annotations

from collections.abc import Collection

from checks.iam.actions import is_known
from checks.iam.grantees import EVERYONE, Grantees
from checks.iam.parse import Statement
from checks.iam.patterns import Glob, compile_glob
from checks.iam.policy_scope import evaluated_actions, severity_today
from checks.iam.statement_setting import Setting
from checks.iam.three_valued import Truth, inverted, some
from checks.model import Severity


def excess_actions(statement: Statement, others: Truth, setting: Setting) -> tuple[str, ...] | None:
    """Actions that other accounts are allowed beyond the allowed ones; None: not known."""
    if others is False:
        return ()
    element = statement.actions
    if element.problems:
        return None
    if element.negated:
        broad: tuple[str, ...] = tuple(f"NotAction {text}" for text in element.texts)
    else:
        allowed = [compile_glob(one.lower()) for one in setting.allowed_actions]
        pairs = zip(element.texts, element.globs, strict=True)
        # A name or a pattern without an action of ECR allows nothing.
        broad = tuple(text for text, glob in pairs if is_known(glob) and not _within(text.lower(), glob, allowed))
    return None if broad and others is None else broad


def _within(text: str, glob: Glob, allowed: list[Glob]) -> bool:
    """Whether everything that *text* can match is allowed. A pattern must be allowed as it is, or by a wider one."""
    if glob.literal is None:
        # A wider pattern contains a pattern only if it also contains what the wildcards match.
        return any(one == glob or one.everything or _prefix_covers(one, text) for one in allowed)
    return any(one.matches(text) for one in allowed)


def _prefix_covers(allowed: Glob, text: str) -> bool:
    """Whether *allowed* is `literal*` and *text* begins with that literal."""
    first = allowed.pieces[0]
    return len(allowed.pieces) == 2 and not allowed.pieces[1] and isinstance(first, str) and text.startswith(first)


def outside_accounts(others: Truth, whom: Grantees, setting: Setting) -> tuple[tuple[str, ...], Truth]:
    """(accounts outside the organization that the statement allows something, whether there are none)."""
    if others is False:
        return (), True
    found, internal = whom.outside(setting.registry.account, setting.organization, setting.organization_id)
    return found, None if others is None and internal is False else internal


def grantee_scope(whom: Grantees, allows: Truth) -> str | None:
    """How far an Allow reaches: `none`, `accounts`, `organizations` or `everyone`; None: not known."""
    if allows is False:
        return "none"
    bounded = some((whom.bounded, inverted(allows)))
    if bounded is None:
        return None
    if not bounded:
        return "everyone"
    if whom.organizations:
        return "organizations"
    return "accounts" if whom.accounts else "none"


def excess_ignored(statement: Statement, setting: Setting) -> bool:
    """Whether the registry evaluates none of the actions beyond the allowed ones in its policy scope."""
    evaluated = evaluated_actions(statement, setting.policy_scope)
    if evaluated is None:
        return False
    allowed = [compile_glob(one.lower()) for one in setting.allowed_actions]
    return all(any(glob.matches(action.lower()) for glob in allowed) for action in evaluated)


def excess_severity(
    statement: Statement, excess: tuple[str, ...] | None, whom: Grantees, setting: Setting
) -> str | None:
    """Severity of the *excess* actions; empty: there are none; None: whom they are allowed is not known."""
    if excess == ():
        return ""
    _, internal = whom.outside(setting.registry.account, setting.organization, setting.organization_id)
    ignored = excess_ignored(statement, setting)
    if internal is None and not ignored:
        return None
    return severity_today(Severity.CRITICAL if internal is False else Severity.HIGH, ignored=ignored).value


def outside_severity(outside: tuple[str, ...], internal: Truth, partners: Collection[str], *, ignored: bool) -> str:
    """Severity of a grant to the principals *outside*; empty: there are none, or it is that of the check.

    *internal*: whether there certainly are none. *ignored*: whether the policy scope ignores the statement.
    """
    if not outside and (internal or not ignored):
        return ""
    known = bool(outside) and EVERYONE not in outside and all(one in partners for one in outside)
    return severity_today(Severity.INFORMATIONAL if known else Severity.CRITICAL, ignored=ignored).value
