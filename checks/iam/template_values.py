"""Values of a CloudFormation template: YAML with its tags, and the functions whose result is known without a stack.

CloudFormation user guide, intrinsic-function-reference.html and pseudo-parameter-reference.html.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

MOST_VALUES = 100_000
"""Values of a document, aliases counted as often as they are used."""

_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_SHORT_NAMES = ("Ref", "Condition")
"""Functions whose long form has no `Fn::`."""


class UnresolvedError(ValueError):
    """A value that only a stack or a YAML reader of another kind could give; the message is a clause."""


def read_yaml(text: str) -> Any:
    """A YAML document as JSON values; the tag `!Sub x` is read as `{"Fn::Sub": x}`. Raises UnresolvedError."""
    from ruamel.yaml import YAML  # here, because importing it costs as much as the rest of the program's start
    from ruamel.yaml.constructor import SafeConstructor
    from ruamel.yaml.error import YAMLError

    class Constructor(SafeConstructor):
        """Does not register its tags for other users of the library."""

    def tagged(constructor: Any, suffix: str, node: Any) -> Any:
        build = {"scalar": constructor.construct_scalar, "sequence": constructor.construct_sequence}
        name = suffix if suffix in _SHORT_NAMES else f"Fn::{suffix}"
        if node.id == "mapping":
            return {name: constructor.construct_mapping(node, deep=True)}
        return {name: build[node.id](node, **({"deep": True} if node.id == "sequence" else {}))}

    Constructor.add_multi_constructor("!", tagged)
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = Constructor
    try:
        return _Plain().value(reader.load(text))
    except (YAMLError, ValueError, RecursionError) as error:
        raise UnresolvedError(f"it is neither JSON nor YAML: {' '.join(str(error).split())[:200]}") from error


class _Plain:
    """Turns what YAML knows besides JSON into text, and counts."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def value(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"it has more than {MOST_VALUES:,} values")
        if isinstance(value, Mapping):
            return {str(self.value(key)): self.value(one) for key, one in value.items()}
        if isinstance(value, list | tuple | set):
            return [self.value(one) for one in value]
        if isinstance(value, dt.date):
            return value.isoformat()
        if isinstance(value, int) and not isinstance(value, bool) and _ACCOUNT.fullmatch(str(value)):
            return str(value)
        return value


class TemplateValues:
    """Resolves the functions in one template, for one account and Region."""

    def __init__(self, template: Mapping[str, Any], account: str, region: str, partition: str) -> None:
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        parameters = template.get("Parameters")
        declared = parameters if isinstance(parameters, Mapping) else {}
        self._values: dict[str, Any] = {
            name: one["Default"] for name, one in declared.items() if isinstance(one, Mapping) and "Default" in one
        }
        self._values |= {
            "AWS::AccountId": account,
            "AWS::Region": region,
            "AWS::Partition": partition,
            "AWS::URLSuffix": suffix,
        }

    def resolve(self, value: Any) -> Any:
        """*value* without functions. Raises UnresolvedError."""
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._reference(str(argument))
            if name == "Fn::Sub":
                return self._substituted(argument)
            if name == "Fn::Join":
                return self._joined(argument)
            if name.startswith("Fn::") or (name == "Condition" and not isinstance(argument, Mapping)):
                raise UnresolvedError(f"it uses {name}, whose result only CloudFormation knows")
        return {name: self.resolve(one) for name, one in value.items()}

    def _reference(self, name: str) -> Any:
        if name not in self._values:
            raise UnresolvedError(f"it refers to {name[:80]}, whose value only CloudFormation knows")
        return self._values[name]

    def _substituted(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str) or not isinstance(own, Mapping):
            raise UnresolvedError("it has an Fn::Sub that is not text")
        given = {name: self.resolve(one) for name, one in own.items()}

        def put(found: re.Match[str]) -> str:
            if found[1]:
                return "${" + found[2] + "}"
            return str(given[found[2]] if found[2] in given else self._reference(found[2].strip()))

        return _VARIABLE.sub(put, text)

    def _joined(self, argument: Any) -> str:
        if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list)):
            raise UnresolvedError("it has an Fn::Join that is not a separator and a list")
        return str(argument[0]).join(str(self.resolve(one)) for one in argument[1])
