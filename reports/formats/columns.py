"""The columns of the CSV files, as data: what writes them and what documents them read the same list.

Names are those of other audit tools (Prowler's CSV) where the meaning is the same. The order is stable; new columns
are added at the end.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a CSV file."""

    name: str
    meaning: str


def _columns(*pairs: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, meaning) for name, meaning in pairs)


FINDINGS = _columns(
    ("STATUS", "FAIL; UNKNOWN: the evidence could not be read or decided; ERROR: the check itself broke"),
    ("SEVERITY", "critical, high, medium, low or informational"),
    ("CHECK_ID", "Id of the check; its texts are in checks.csv"),
    ("CHECK_TITLE", "What holds when the check passes"),
    ("AREA", "Group of the check, in words"),
    ("ACCOUNT_UID", "Account id, twelve digits; read the column as text, ids may begin with zeros"),
    ("ACCOUNT_NAME", "Account name"),
    ("REGION", "AWS Region"),
    ("RESOURCE_TYPE", "AwsEcrRepository, AwsEcrRegistry or AwsAccount; empty where the finding belongs to no account"),
    ("RESOURCE_UID", "ARN of the repository, of the registry (`arn:…:registry/ACCOUNT`) or of the account"),
    ("RESOURCE_NAME", "What the finding is about, as reports call it"),
    ("STATUS_EXTENDED", "What is wrong, in one sentence"),
    ("FACT", "Column of the evidence that the check compares; empty where the finding is about no single row"),
    ("EXPECTED", "What that column should hold, in words"),
    ("OBSERVED", "What it holds, in words; unknown where it could not be read"),
    ("FINDING_UID", "Sixteen hex digits, the same for the same problem in every run; the key of a waiver"),
    ("MUTED", "True where a waiver covers the finding, else False"),
    ("WAIVER_REASON", "Why it was waived"),
    ("WAIVER_OWNER", "Who answers for the waiver"),
    ("WAIVER_UNTIL", "Last day of the waiver, ISO date"),
    ("EVIDENCE", "What was seen, one JSON object"),
    ("REMEDIATION_SUMMARY", "What would mend it, in one sentence"),
    ("REMEDIATION_SAFE", "True where the commands may be applied without review; empty where there is no remediation"),
    ("REMEDIATION_STEPS", "Steps for a person, one a line, where no command should exist"),
    ("REMEDIATION_CODE_CLI", "Command that runs the scripts that contain the fix, from the folder of the reports; it "
     "mends the registry's other findings of the same stage too. Commands for this finding alone are in commands.csv"),
    ("KEY", "Key columns of the judged row, one JSON object"),
    ("PARTITION", "aws, aws-cn, aws-us-gov …"),
    ("ORGANIZATION_UID", "Organization id; empty in single-account mode"),
    ("RUN_UID", "Id of the run"),
    ("TIMESTAMP", "When the run began, ISO 8601 in UTC"),
    ("CHANGE", "Against the run before: new, still, waived (open then, waived now) or unsure (open then, and it could "
     "not be looked at again); empty where nothing was compared, or where it was open in neither run"),
    ("FIRST_SEEN", "Start of the run that found it first, since it was last known to be gone; ISO 8601 in UTC; empty "
     "where no history is kept"),
    ("DAYS", "Whole days from FIRST_SEEN to TIMESTAMP"),
    ("RUNS", "Runs that found it since, this one included"),
)  # fmt: skip

CHECKS = _columns(
    ("CHECK_ID", "Id of the check"),
    ("CHECK_ALIASES", "Catalogue ids, separated by spaces"),
    ("CHECK_TITLE", "What holds when the check passes"),
    ("AREA", "Group of the check, in words"),
    ("SEVERITY", "Declared severity of a failure; empty where this program does not know the check"),
    ("PASSED", "Rows that passed"),
    ("FAILED", "Rows that failed, waived ones included"),
    ("MUTED", "Failed rows that a waiver covers"),
    ("UNDECIDED", "Rows that could not be decided"),
    ("NOT_APPLICABLE", "Rows to which the check does not apply"),
    ("ERROR", "What broke, where the check itself did"),
    ("DESCRIPTION", "What it checks"),
    ("RISK", "Why it matters"),
    ("REMEDIATION_RECOMMENDATION_TEXT", "How to fix a failure"),
    ("NOTES", "Limits of the check"),
    ("REFERENCES", "Where the facts come from"),
    ("PERMISSIONS", "IAM actions that the check needs, separated by spaces"),
    ("COMPLIANCE", "Control mappings, separated by ` | `; those that begin with own: are this program's proposal"),
)

GAPS = _columns(
    ("KIND", "Reason in one word"),
    ("REASON", "Reason in a few words"),
    ("ACCOUNT_UID", "Account id; empty: the whole organization"),
    ("ACCOUNT_NAME", "Account name"),
    ("REGION", "AWS Region; empty: the whole account"),
    ("OPERATION", "What was asked, `service:Operation`"),
    ("RESOURCE_NAME", "What was asked about, where it was one thing"),
    ("CODE", "Error code as AWS gave it"),
    ("MESSAGE", "Error message as AWS gave it"),
    ("PERMISSION", "IAM action that would close the gap, where one would"),
    ("REMEDIATION_SUMMARY", "What would close the gap"),
    ("TABLES", "Tables that the gap spoils, separated by spaces"),
)

COMMANDS = _columns(
    ("FINDING_UID", "Finding that the commands mend, as in findings.csv"),
    ("CHECK_ID", "Id of the check"),
    ("ACCOUNT_UID", "Account of the finding"),
    ("REGION", "Region of the finding"),
    ("RESOURCE_NAME", "What the finding is about"),
    ("REMEDIATION_SAFE", "True where the commands may be applied without review"),
    ("COMMANDS", "The complete guarded script of this one finding, for bash"),
)

CALLS = _columns(
    ("OPERATION", "API operation, spelled `service:Operation` as the IAM action that it needs"),
    ("REQUESTS", "Requests sent, retries included"),
    ("REFUSED", "Of them, those that AWS answered with a denial"),
    ("THROTTLED", "Of them, those that AWS answered with a wish for fewer"),
)

FILES = {
    "findings.csv": FINDINGS,
    "checks.csv": CHECKS,
    "gaps.csv": GAPS,
    "commands.csv": COMMANDS,
    "calls.csv": CALLS,
}
"""File name → its columns, in order."""
