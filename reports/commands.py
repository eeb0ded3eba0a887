"""The commands of findings, for every format: one place that asks for them, and one bound that says when not to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from audit.model import Run
from checks.model import Finding, RemediationContext, Status
from reports.sanitize import one_line

COMMANDS_FOR_AT_MOST = 5_000
"""A run with more findings than this names the script of each instead of repeating a whole document per finding:
the commands of one registry's findings carry the same document again and again."""


SCRIPT_FOLDER = "remediation"
"""Where the scripts of a run lie beside its reports."""


class CommandBook:
    """Answers what mends a finding of one run."""

    def __init__(self, run: Run) -> None:
        """Nothing is computed until it is asked for."""
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
        """Whether the run is small enough that every finding is told with its own commands."""
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
        """The complete guarded script of this one finding; empty where no paste-ready command should exist.

        A run kept by another version may ask for an edit, or hold a baseline, that this program does not know: then a
        comment says so, and the rest of the report stands.
        """
        if finding.status is not Status.FAIL or finding.remediation is None or not finding.remediation.changes:
            return ""
        from checks.baseline.yaml_reader import BaselineError
        from checks.remediation import commands

        try:
            return commands(finding, self._context)
        except (ValueError, BaselineError) as error:
            return f"# This program cannot write the commands of this finding: {one_line(str(error))}\n"

    def scripts_of(self, finding: Finding) -> tuple[str, ...]:
        """File names of the run's scripts that contain the fix, in the order in which to run them."""
        return self._scripts.get(finding.fingerprint, ())

    @property
    def note(self) -> str:
        """Why findings carry no commands of their own, where they do not."""
        if self.complete:
            return ""
        return (
            f"This run has more than {COMMANDS_FOR_AT_MOST:,} findings: commands are not repeated for each, "
            "the scripts named with the finding hold them."
        )
