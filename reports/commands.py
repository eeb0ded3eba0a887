"""The commands of findings, for every format: generated in one place, up to a limit on the number of findings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from audit.model import Run
from checks.model import Finding, RemediationContext, Status
from reports.sanitize import one_line

COMMANDS_FOR_AT_MOST = 5_000
"""In a run with more findings, each finding names its script instead of carrying its own commands: those of one
registry would repeat the same document many times."""


SCRIPT_FOLDER = "remediation"
"""Folder of the run's scripts, beside its reports."""


class CommandBook:
    """The commands and scripts that remediate the findings of one run."""

    def __init__(self, run: Run) -> None:
        """Nothing is computed before it is needed."""
        self._run = run

    @cached_property
    def _scripts(self) -> Mapping[str, tuple[str, ...]]:
        """Fingerprint → names of the scripts that contain the fix, sorted."""
        names: dict[str, tuple[str, ...]] = {}
        for script in sorted(self._run.scripts, key=lambda script: script.name):
            alone = (script.name,)
            for fingerprint in script.findings:
                names[fingerprint] = (*names[fingerprint], script.name) if fingerprint in names else alone
        return names

    @cached_property
    def complete(self) -> bool:
        """Whether the run is small enough for every finding to carry its own commands."""
        return sum(len(result.findings) for result in self._run.results) <= COMMANDS_FOR_AT_MOST

    @cached_property
    def _context(self) -> RemediationContext:
        from checks.baseline.loading import load_baseline

        run = self._run
        return RemediationContext(
            baseline=load_baseline(run.baseline_text, run.baseline_name),
            organization=run.organization_id,
            registries=run.documents,
        )

    def of(self, finding: Finding) -> str:
        """The complete guarded script of this one finding; empty where no command is safe to generate.

        A run stored by another version may contain a change, or a baseline, that this version does not support: then a
        comment says so, and the rest of the report is complete.
        """
        if finding.status is not Status.FAIL or finding.remediation is None or not finding.remediation.changes:
            return ""
        from checks.baseline.yaml_reader import BaselineError
        from checks.remediation import commands

        try:
            return commands(finding, self._context)
        except (ValueError, BaselineError) as error:
            return f"# This version of ecr-audit cannot write the commands of this finding: {one_line(str(error))}\n"

    def scripts_of(self, finding: Finding) -> tuple[str, ...]:
        """File names of the run's scripts that contain the fix, in the order in which to run them."""
        return self._scripts.get(finding.fingerprint, ())

    @property
    def note(self) -> str:
        """Why findings carry no commands; empty where they do."""
        if self.complete:
            return ""
        return (
            f"This run has more than {COMMANDS_FOR_AT_MOST:,} findings: commands are not repeated for each; "
            "use the scripts named with the finding."
        )
