"""What must never reach a log: passwords, tokens and keys, wherever in a text they stand.

A text that only looks like a secret is hidden too: a log with a gap can be read, a secret in a log is lost.
"""

from __future__ import annotations

import re

HIDDEN = "***"

_NAMES = (
    "password", "passwd", "passphrase", "secret", "token", "authorization", "cookie", "credential", "credentials",
    "apikey", "accesskey", "privatekey", "signature",
)  # fmt: skip

# Every repetition is bounded: a hostile text must not cost more than its length.
_PATTERNS = (
    (re.compile(r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----.{0,20000}?(-----END \1-----|\Z)", re.DOTALL), HIDDEN),
    # The rest of such a header's line.
    (
        re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?[ \t]{0,3}[:=])[^\r\n]{1,8000}"),
        rf"\1\2 {HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer)\s{1,3}[\w.~+/=-]{6,4000}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(Basic)\s{1,3}(?=\S{0,500}[0-9=A-Z])[A-Za-z0-9+/]{6,4000}={0,2}"), rf"\1 {HIDDEN}"),
    # user:password@ of a URL; SQLAlchemy allows a slash in the password, others an @.
    (re.compile(r"(://[^\s/:@]{0,300}):\S{0,300}@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(://)[^\s/:@?#]{1,300}@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?i)(hooks\.slack(?:-gov)?\.com/)[^\s'\"<>]{1,500}"), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{5,4000}\.[\w-]{2,4000}(?:\.[\w-]{0,4000})?"), HIDDEN),
    # Our own tokens (ecr_audit/web/tokens.py).
    (re.compile(r"\becra_[\w-]{16,200}"), HIDDEN),
    # name=value and "name": "value", the parameters of a presigned AWS address among them.
    (
        re.compile(
            r"(?i)((?:pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|"
            r"signature|credentials?)['\"]?[ \t]{0,3}(?:=|:|%3D)[ \t]{0,3}['\"]?)[^\s'\"&,;]{1,4000}"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,124}\b"), rf"\1{HIDDEN}"),
    # 40 characters of base64 in mixed case are what a secret access key looks like; a SHA-1 in hex is not.
    (
        re.compile(
            r"(?<![A-Za-z0-9/+=])(?=[a-z0-9/+]{0,39}[A-Z])(?=[A-Z0-9/+]{0,39}[a-z])(?=[A-Za-z/+]{0,39}[0-9])"
            r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
        ),
        HIDDEN,
    ),
)


def names_a_secret(name: str) -> bool:
    """Whether the value under a key called *name* is a secret by what it is called."""
    return re.sub("[^a-z]", "", name.lower()).endswith(_NAMES)


def redacted(text: str) -> str:
    """*text* with every secret in it replaced by `***`."""
    for pattern, shown in _PATTERNS:
        text = pattern.sub(shown, text)
    return text
