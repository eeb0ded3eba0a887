"""Remediation of findings: changes as data, documents as functions of changes, and guarded shell scripts.

`STAGES` names every kind of change; `commands` prints the script of one finding, `plan` the merged scripts of many, and
`planned` the same with the target documents of the scripts.
"""

from checks.remediation.changes import STAGES, Stage, validate
from checks.remediation.planner import Plan, RegistryTargets, commands, plan, planned, script_for

__all__ = [
    "STAGES",
    "Plan",
    "RegistryTargets",
    "Stage",
    "commands",
    "plan",
    "planned",
    "script_for",
    "validate",
]  # fmt: skip
