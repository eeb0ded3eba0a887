"""The columns of the CSV files, as data for both the writer and the documentation.

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
    ("STATUS", "FAIL; UNKNOWN: the evidence is missing or ambiguous; ERROR: the check itself ended with an error"),
    ("SEVERITY", "critical, high, medium, low or informational"),
    ("CHECK_ID", "Id of the check; its texts are in checks.csv"),
    ("CHECK_TITLE", "The requirement that the check evaluates"),
    ("AREA", "Group of the check, in words"),
    ("ACCOUNT_UID", "Account id, twelve digits; read the column as text, ids may begin with zeros"),
    ("ACCOUNT_NAME", "Account name"),
    ("REGION", "AWS Region"),
    ("RESOURCE_TYPE", "AwsEcrRepository, AwsEcrRegistry or AwsAccount; empty where the finding belongs to no account"),
    ("RESOURCE_UID", "ARN of the repository, of the registry (`arn:…:registry/ACCOUNT`) or of the account"),
    ("RESOURCE_NAME", "Resource of the finding, as reports name it"),
    ("STATUS_EXTENDED", "The problem, in one sentence"),
    ("FACT", "Evidence column that the check compares; empty where the finding is not about a single row"),
    ("EXPECTED", "Expected value of that column, in words"),
    ("OBSERVED", "Observed value, in words; unknown where it could not be read"),
    ("FINDING_UID", "Sixteen hex digits, identical for the same problem in every run; waivers refer to it"),
    ("MUTED", "True where a waiver covers the finding, else False"),
    ("WAIVER_REASON", "Reason of the waiver"),
    ("WAIVER_OWNER", "Person or team responsible for the waiver"),
    ("WAIVER_UNTIL", "Last day of the waiver, ISO date"),
    ("EVIDENCE", "Evidence of the row, one JSON object"),
    ("REMEDIATION_SUMMARY", "How to fix it, in one sentence"),
    ("REMEDIATION_SAFE", "True where the commands are safe without review; empty where there is no remediation"),
    ("REMEDIATION_STEPS", "Manual steps, one per line, where no command is generated"),
    ("REMEDIATION_CODE_CLI", "Command that runs the scripts with the fix, from the folder of the reports; it also "
     "fixes the registry's other findings of the same stage. Commands for this finding alone are in commands.csv"),
    ("KEY", "Key columns of the evaluated row, one JSON object"),
    ("PARTITION", "aws, aws-cn, aws-us-gov …"),
    ("ORGANIZATION_UID", "Organization id; empty in single-account mode"),
    ("RUN_UID", "Id of the run"),
    ("TIMESTAMP", "When the run began, ISO 8601 in UTC"),
    ("CHANGE", "Against the run before: new, still, waived (open then, waived now) or not_evaluated (open then, "
     "not evaluated now); empty without a comparison, and where it was open in neither run"),
    ("FIRST_SEEN", "Start of the run that found it first, since it was last known to be gone; ISO 8601 in UTC; empty "
     "without a history"),
    ("DAYS", "Whole days from FIRST_SEEN to TIMESTAMP"),
    ("RUNS", "Runs that found it since then, this one included"),
    ("RUN_NARROWED_TO", "The checks that the run was narrowed to; empty where it evaluated every check"),
    ("ROWS", "Evaluated rows that the finding is about: an UNKNOWN finding is about all rows of one cause"),
    ("CAUSE", "Why it is UNKNOWN, in words; empty for every other status"),
    ("CAUSE_KIND", "Kind of the failed read that is the cause, as in gaps.csv; empty: no failed read is the cause"),
    ("CAUSE_OPERATION", "That read, `service:Operation`"),
    ("REGISTRIES", "Registries of the rows of an UNKNOWN finding, `account/region`, separated by spaces"),
    ("EXAMPLES", "Some of those rows, one per line; every row is in unknown_rows.parquet of the stored run"),
)  # fmt: skip

CHECKS = _columns(
    ("CHECK_ID", "Id of the check"),
    ("CHECK_ALIASES", "Catalogue ids, separated by spaces"),
    ("CHECK_TITLE", "The requirement that the check evaluates"),
    ("AREA", "Group of the check, in words"),
    ("SEVERITY", "Declared severity of a failure; empty for a check that this version does not have"),
    ("PASSED", "Rows that passed"),
    ("FAILED", "Rows that failed, waived ones included"),
    ("MUTED", "Failed rows that a waiver covers"),
    ("UNKNOWN", "Rows whose result is unknown"),
    ("NOT_APPLICABLE", "Rows to which the check does not apply"),
    ("ERROR", "Error of the check itself; empty where it ended normally"),
    ("DESCRIPTION", "What it checks"),
    ("RISK", "Why it matters"),
    ("REMEDIATION_RECOMMENDATION_TEXT", "How to fix a failure"),
    ("NOTES", "Limitations of the check"),
    ("REFERENCES", "Sources of the facts"),
    ("PERMISSIONS", "IAM actions that the check needs, separated by spaces"),
    ("COMPLIANCE", "Control mappings, separated by ` | `; those that begin with own: are proposals of ecr-audit"),
    ("EVALUATED", "False for a check that a narrowed run left out: it neither passed nor failed; else True"),
)

GAPS = _columns(
    ("KIND", "Reason, as a keyword"),
    ("REASON", "Reason in a few words"),
    ("ACCOUNT_UID", "Account id; empty for the whole organization"),
    ("ACCOUNT_NAME", "Account name"),
    ("REGION", "AWS Region; empty for the whole account"),
    ("OPERATION", "API operation, `service:Operation`"),
    ("RESOURCE_NAME", "Resource that was read, where it was a single one"),
    ("CODE", "Error code as AWS gave it"),
    ("MESSAGE", "Error message as AWS gave it"),
    ("PERMISSION", "IAM action that closes the gap, where one does"),
    ("REMEDIATION_SUMMARY", "How to close the gap"),
    ("TABLES", "Evidence tables that the gap affects, separated by spaces"),
)

COMMANDS = _columns(
    ("FINDING_UID", "Finding that the commands fix, as in findings.csv"),
    ("CHECK_ID", "Id of the check"),
    ("ACCOUNT_UID", "Account of the finding"),
    ("REGION", "Region of the finding"),
    ("RESOURCE_NAME", "Resource of the finding"),
    ("REMEDIATION_SAFE", "True where the commands are safe without review"),
    ("COMMANDS", "The complete guarded script of this one finding, for bash"),
)

CALLS = _columns(
    ("OPERATION", "API operation, spelled `service:Operation` as the IAM action that it needs"),
    ("REQUESTS", "Requests sent, retries included"),
    ("REFUSED", "Requests that AWS denied"),
    ("THROTTLED", "Requests that AWS throttled"),
)

FILES = {
    "findings.csv": FINDINGS,
    "checks.csv": CHECKS,
    "gaps.csv": GAPS,
    "commands.csv": COMMANDS,
    "calls.csv": CALLS,
}
"""File name → its columns, in order."""
