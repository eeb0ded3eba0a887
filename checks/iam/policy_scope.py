"""What the policy scope of a registry leaves of a statement.

Scope V1 evaluates three actions and ignores every statement about others; V2 evaluates all (ECR user guide,
registry-permissions.html). A statement that V1 ignores has no effect until the registry is switched to V2.
"""

from __future__ import annotations

from checks.iam.decision import action_match
from checks.iam.parse import Statement
from checks.iam.request import V1_ACTIONS
from checks.model import Severity

V1 = "V1"

_LOWERED = {Severity.CRITICAL: Severity.MEDIUM, Severity.HIGH: Severity.LOW, Severity.MEDIUM: Severity.LOW}


def evaluated_actions(statement: Statement, scope: str | None) -> tuple[str, ...] | None:
    """The actions of *statement* that a registry of policy scope *scope* evaluates, or may; None: not limited."""
    if scope != V1:
        return None
    return tuple(action for action in V1_ACTIONS if action_match(statement, action) is not False)


def severity_today(severity: Severity, *, ignored: bool) -> Severity:
    """*severity* of what a statement allows; lower where the registry ignores that until it is switched to V2."""
    return _LOWERED.get(severity, severity) if ignored else severity
