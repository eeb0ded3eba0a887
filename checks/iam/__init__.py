"""Three-valued evaluation of ECR registry policies: may this source account replicate into this registry?

Pure functions of a policy text and a request. What AWS does not document is `INDETERMINATE`, never guessed.
"""

from checks.iam.explain import Explanation, explain
from checks.iam.link import LinkVerdict, link_verdict
from checks.iam.parse import Policy, PolicyProblem, Statement, parse_policy
from checks.iam.request import GrantVerdict, LinkRequest, ReplicationRequest
from checks.iam.statement_match import ElementMatch, StatementMatch
from checks.iam.statements import StatementEvaluation, evaluate_policy, evaluate_statement

__all__ = [
    "ElementMatch",
    "Explanation",
    "GrantVerdict",
    "LinkRequest",
    "LinkVerdict",
    "Policy",
    "PolicyProblem",
    "ReplicationRequest",
    "Statement",
    "StatementEvaluation",
    "StatementMatch",
    "evaluate_policy",
    "evaluate_statement",
    "explain",
    "link_verdict",
    "parse_policy",
]  # fmt: skip
