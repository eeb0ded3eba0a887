"""What would mend the findings: edits as data, documents as functions of edits, and guarded shell scripts.

`EDITS` names every kind of edit; `commands` prints the script of one finding, `plan` the merged scripts of many, and
`planned` the same with the documents that the scripts work towards.
"""

from checks.remedies.edits import EDITS, EditKind, Stage, validate
from checks.remedies.planning import Plan, RegistryTargets, commands, plan, planned, script_for

__all__ = [
    "EDITS",
    "EditKind",
    "Plan",
    "RegistryTargets",
    "Stage",
    "commands",
    "plan",
    "planned",
    "script_for",
    "validate",
]  # fmt: skip
