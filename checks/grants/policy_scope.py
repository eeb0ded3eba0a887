"""Registry policies are evaluated in scope V2.

## What it checks

A registry that is a destination of replication, or has a registry policy, must answer `V2` for the account setting
`REGISTRY_POLICY_SCOPE`.

## Why it matters

Under the first scope, ECR evaluates a registry policy for three actions only and ignores the rest of it, denials
included. What such a policy seems to forbid is allowed, and what it says about pulls has no effect. The first scope
has left the API's documentation; registries that still have it behave unlike all others, and unlike the text of their
policy.

## How to fix

The remediation sets the scope to V2. From that moment every statement counts for every action, so that an `ecr:*` that
was written to mean *replication* becomes a permission to pull, push and delete. Where a statement would allow other
accounts more than the baseline lists, narrow it first (`grants.actions-narrow`); until then there are steps, and no
command.

## Limits of this check

It does not know whether a workload relies on the difference. The setting is read with `ecr:GetAccountSetting`, which
many audit roles lack; then the answer is unknown.

## References

- Amazon ECR user guide, Private registry permissions:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
- Amazon ECR user guide, Switching to the extended registry policy scope:
  https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-account-settings.html
"""

from __future__ import annotations

from checks.engine.text import names_in, names_text
from checks.expectations import in_set
from checks.model import Check, Remediation, RemediationContext, Row, Severity
from checks.remediation import actions
from checks.tables import REGISTRIES

_SETTING = "REGISTRY_POLICY_SCOPE"


def _remediation(row: Row, context: RemediationContext) -> Remediation:
    place = actions.registry(row)
    where = "/".join(place)
    summary = f"Switch the registry policy of {where} to scope V2."
    broad = names_in(row["statements_too_broad"])
    if row["policy_scope"] == "V1" and row["statements_too_broad"] is not None and not broad:
        return Remediation(summary=summary, changes=(actions.set_account_setting(place, _SETTING, "V1", "V2"),))
    why = (
        f"statement {names_text(broad)} of the registry policy would allow other accounts more than the baseline lists"
        if broad
        else "what its registry policy would allow under V2 is unknown"
    )
    return Remediation(
        summary=summary,
        manual=(
            f"Do not switch {where} yet: {why}.",
            "Reduce the registry policy to what other accounts need (grants.actions-narrow), and audit again.",
        ),
    )


CHECK = Check(
    id="grants.policy-scope",
    aliases=("GRT-10",),
    title="Registry policy scope is V2",
    severity=Severity.MEDIUM,
    table=REGISTRIES,
    expect=in_set("policy_scope", "V2"),
    message="the registry policy of {account}/{region} is evaluated in scope {policy_scope} and not in V2",
    remediation=_remediation,
    when=("policy_scope_required",),
    unknown="the scope in which the registry policy of {account}/{region} is evaluated is unknown",
    evidence=("statements_too_broad", "is_destination", "registry_policy"),
    permissions=("ecr:GetAccountSetting", "ecr:GetRegistryPolicy", "ecr:DescribeRegistry"),
    controls=("own: NIST 800-53 AC-3", "own: NIST 800-53 CM-6"),
)
