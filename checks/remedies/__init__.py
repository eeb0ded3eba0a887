"""What would mend the findings: edits as data, documents as functions of edits, and guarded shell scripts.

`EDITS` names every kind of edit; `commands` prints the script of one finding, `plan` the merged scripts of many.
"""

from checks.remedies.edits import EDITS, EditKind, Stage, validate
from checks.remedies.planning import commands, plan, script_for

__all__ = ["EDITS", "EditKind", "Stage", "commands", "plan", "script_for", "validate"]
