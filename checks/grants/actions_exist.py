"""Every action that a registry policy names is an action of ECR.

## What it checks

Each entry of `Action` and `NotAction` must match at least one action of ECR: the operations of its API, and the
actions that exist in policies only, such as `ecr:ReplicateImage`. The finding names the action that was probably meant.

## Why it matters

A misspelt action allows nothing, excepts nothing and denies nothing, and the policy looks correct. Replication is then
refused for want of a grant that seems to be there, or a Deny that should protect images protects none. A template
that was never rendered has the same effect.

## How to fix

In a statement that allows, the remediation replaces a misspelt action by the one that it resembles, if the baseline
lists that one under `grants.allowed_actions`, and removes what resembles none. A Deny, and a `NotAction`, would begin
to take effect: there are steps, and no command.

## Limits of this check

The list of actions is that of 27 October 2026. An action that AWS has added since is reported until this program is
updated. Actions of other services have no effect in a registry policy and are reported as well.

## References

- Service authorization reference, Actions, resources, and condition keys for Amazon Elastic Container Registry:
  https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
- IAM user guide, IAM JSON policy elements: Action:
  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
"""

from __future__ import annotations

import json

from checks.expectations import in_set
from checks.iam.repairs import with_known_actions
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import GRANTS


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    repaired = with_known_actions(json.loads(row["statement_json"]), context.baseline.grants.allowed_actions)
    changes = actions.repair_statement(row, repaired)
    where = f"statement {row['statement']} in the registry policy of {row['account']}/{row['region']}"
    return Remediation(
        summary=f"Correct the actions of {where}.",
        changes=changes,
        manual=()
        if changes
        else (
            f"Read the actions of {where}: {row['action_problem']}.",
            "Ask its author which actions are meant. Once corrected, the statement takes effect.",
        ),
    )


CHECK = Check(
    id="grants.actions-exist",
    aliases=("GRT-16",),
    title="Registry policy names only actions that ECR has",
    severity=Severity.MEDIUM,
    table=GRANTS,
    expect=in_set("unknown_actions", "[]"),
    message="statement {statement} of the registry policy of {account}/{region} names what is not an action of ECR: "
    "{action_problem}",
    remediation=_remediation,
    unknown="whether every action that statement {statement} of the registry policy of {account}/{region} names exists "
    "is unknown",
    unknown_reason="{action_problem:clause}{problem:clause}",
    evidence=("sid", "effect", "statement_json"),
    permissions=("ecr:GetRegistryPolicy",),
    controls=("own: NIST 800-53 AC-3", "own: NIST 800-53 CM-6"),
)
