"""Three-valued judgement of ECR registry policies: may this source account replicate into this registry?

Pure functions of a policy text and a question. What AWS does not document is `INDETERMINATE`, never guessed.
"""

from checks.iam.explain import Explanation, explain
from checks.iam.link import LinkVerdict, link_verdict
from checks.iam.parse import Policy, PolicyProblem, Statement, parse_policy
from checks.iam.parts import Part, StatementMatch
from checks.iam.request import LinkRequest, ReplicationRequest, Verdict
from checks.iam.statements import StatementJudgement, judge_policy, judge_statement

__all__ = [
    "Explanation", "LinkRequest", "LinkVerdict", "Part", "Policy", "PolicyProblem", "ReplicationRequest", "Statement",
    "StatementJudgement", "StatementMatch", "Verdict", "explain", "judge_policy", "judge_statement", "link_verdict",
    "parse_policy",
]  # fmt: skip
