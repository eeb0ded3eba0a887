"""Texts in a policy that can name nothing in AWS: unrendered templates, damaged account ids, patterns where IAM expands
none.

AWS accepts some of them and refuses others; a policy that has one matches no caller through it.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MARKER = re.compile(
    r"""
      \$\{(?!\s*[A-Za-z0-9-]+:(?!:)[^}]*\}|[*?$]\})[^}]*\}?   # ${data.x}, ${AWS::X}; not ${aws:x}, ${*}, ${?}, ${$}
    | \{\{.*?\}\} | \{%.*?%\} | \#\{[^}]*\}
    | <[^<>]+>
    | \$\([^)]*\) | \$[A-Za-z_]\w*
    | %\([^)]*\)s | %[A-Za-z_]\w*%
    | __[A-Z0-9_]+__ | @@[^@]+@@
    | (?<!\$)\{[A-Za-z_][\w.:-]*\}
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)
"""None of them can be part of an account id, an ARN or a repository name."""

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_WITH_DASHES = re.compile(r"[0-9]{4}-[0-9]{4}-[0-9]{4}", re.ASCII)
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}", re.ASCII)


@lru_cache(maxsize=4_096)
def unrendered(text: str) -> str:
    """The first template marker in *text*, at most 60 characters; empty: there is none."""
    if not set("${<%_@#").intersection(text):
        return ""
    found = _MARKER.search(text)
    return found.group()[:60] if found else ""


def account_problem(text: str) -> str:
    """Why *text* is not an account id, as a clause that follows it; empty: it is one."""
    if _ACCOUNT.fullmatch(text):
        return ""
    if _WITH_DASHES.fullmatch(text):
        return "has dashes, which an account id has not"
    if text.isascii() and text.isdigit():
        lost = ": lost leading zero?" if 9 <= len(text) < 12 else ""
        return f"has {len(text)} digits and an account id has 12{lost}"
    return "is not an account id, which has 12 digits"


def principal_problem(text: str) -> str:
    """Why no caller can be the AWS principal *text*, which has none of the documented forms, as a clause after it."""
    marker = unrendered(text)
    if marker:
        return f"has an unrendered template, `{marker}`"
    if _VARIABLE.search(text):
        return "has a policy variable, which IAM does not replace in a principal"
    if text != text.strip():
        return "has white space around it"
    if "*" in text or "?" in text:
        return ("has a wildcard inside, which IAM does not expand in a principal: name the account, or use `*` with a "
                "condition on aws:PrincipalArn or aws:PrincipalOrgID")  # fmt: skip
    if text.startswith("arn:"):
        return _arn_problem(text)
    if _ORGANIZATION.fullmatch(text.partition("/")[0]):
        return "is an organization and not a principal: use `*` with the condition aws:PrincipalOrgID"
    if text[:1].isdigit():
        return account_problem(text)
    return "is not a principal that AWS documents"


def _arn_problem(text: str) -> str:
    fields = text.split(":", 5)
    if len(fields) < 6:
        return f"has {len(fields)} of the 6 fields of an ARN"
    _, _, service, region, account, rest = fields
    if service not in ("iam", "sts"):
        return f"is an ARN of {service or 'no service'}; principals are ARNs of iam and sts"
    if region:
        return f"has the Region {region[:30]}, and ARNs of {service} have none"
    wrong = account_problem(account)
    if wrong:
        return f"has the account `{account[:30]}`, which {wrong}"
    if rest.startswith("group/"):
        return "is a group, and groups cannot be principals"
    return "is not a principal that AWS documents"
