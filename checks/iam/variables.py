"""Policy variables: `${aws:PrincipalAccount}`, with or without a default value.

IAM user guide, reference_policies_variables.html: a variable stands for the request's value of a condition key. A
variable without a value takes its default, if it has one; else whatever holds it matches nothing.
"""

from __future__ import annotations

import re

from checks.iam.keys import MULTIVALUED, Context, carried

_VARIABLE = re.compile(r"\$\{\s*([^}$,'*?\s][^}$,']*?)\s*(?:,\s*'([^']*)'\s*)?\}")
"""`${key}` or `${key, 'default'}`; never one of the escapes `${*}`, `${?}` and `${$}`."""

_SPECIAL = re.compile(r"[*?$]")


def resolved(text: str, context: Context) -> str | None:
    """*text* with the values of *context* for its variables; those whose value is not known stay as they are.

    What is put in stands for itself: its `*`, `?` and `$` come out escaped. None: a variable has no value, so that
    nothing can match.
    """
    parts: list[str] = []
    rest = 0
    for found in _VARIABLE.finditer(text):
        value = _value(found, context)
        if value is None:
            return None
        parts += [text[rest : found.start()], value]
        rest = found.end()
    return "".join([*parts, text[rest:]])


def undecided(text: str, context: Context) -> tuple[str, ...]:
    """The variables in *text* whose value in *context* is not known, as written."""
    return tuple(found.group() for found in _VARIABLE.finditer(text) if _value(found, context) == found.group())


def _value(found: re.Match[str], context: Context) -> str | None:
    key = found.group(1).lower()
    given = None if key in MULTIVALUED else carried(key, context)
    if given is None:
        # Nor is it documented what a key that holds a set stands for.
        return found.group()
    if given:
        return _escaped(given[0])
    default: str | None = found.group(2)
    return None if default is None else _escaped(default)


def _escaped(value: str) -> str:
    return _SPECIAL.sub(r"${\g<0>}", value)
