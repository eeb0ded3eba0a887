"""Reads a baseline and reports every error at once, each with line, column, and what to write instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from checks.baseline.check_names import broad_waivers, similar, unknown_checks
from checks.baseline.schema import Baseline, Waiver, WaiverFile
from checks.baseline.sections import DOCUMENTS
from checks.baseline.values import SHAPES, Strict
from checks.baseline.yaml_reader import TWELVE_DIGITS, BaselineError, Node, Path, Problem, Reading, path_text

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


_NOWHERE = Node(1, 1)


def keys_at(model: type[Strict], root: Node, path: Path) -> tuple[str, ...]:
    """The keys that *model* defines for the mapping at *path* of the file that begins at *root*."""
    return tuple(_at(model, root, path)[0].get("properties", ()))


def tag_at(model: type[Strict], root: Node, path: Path) -> str | None:
    """The tag that selects the branch of a union at *path*; None where there is no such union, or no tag."""
    return _at(model, root, path)[1]


def _at(model: type[Strict], root: Node, path: Path) -> tuple[Mapping[str, Any], str | None]:
    schema, node = _schema(model), root
    place, tag = _resolved(schema, schema, node)
    for step in path:
        node = node.children.get(step, _NOWHERE)
        place, tag = _resolved(schema, _below(place, step), node)
    return place, tag


def _below(place: Mapping[str, Any], step: str | int) -> Mapping[str, Any]:
    """The schema of a key or an entry."""
    if isinstance(step, int):
        found = place.get("items")
    else:
        named = place.get("properties", {}).get(step)
        found = named or next(iter(place.get("patternProperties", {}).values()), place.get("additionalProperties"))
    return found if isinstance(found, dict) else {}


def _resolved(schema: Mapping[str, Any], place: Mapping[str, Any], node: Node) -> tuple[Mapping[str, Any], str | None]:
    """The schema that *place* refers to, for the value *node*; and the tag that selected it, if any."""
    reference, tag = place.get("$ref"), None
    for choice in place.get("anyOf", ()):
        reference = choice.get("$ref", reference)
    if chosen := place.get("discriminator"):
        tag = node.children.get(chosen["propertyName"], _NOWHERE).value
        reference = chosen["mapping"].get(tag) if isinstance(tag, str) else None
    if reference is None:
        return ({} if chosen else place), None
    return schema["$defs"][reference.rpartition("/")[2]], tag


@cache
def _schema(model: type[Strict]) -> Mapping[str, Any]:
    return model.model_json_schema(mode="validation")


_Model = TypeVar("_Model", bound="Strict")

Also = Callable[[Node, str], Iterable[Problem]]
"""Problems that a document's model cannot detect, from the top of the file and the file's name."""


_WORDS = {
    "tuple_type": ("needs a list", "write each entry on its own line after `- `; `[]` is the empty list"),
    "dict_type": ("needs keys with values", "write `key: value` lines below it; `{{}}` is the empty mapping"),
    "model_type": ("needs keys with values", "write `key: value` lines below it; `{{}}` is the empty mapping"),
    "bool_type": ("needs true or false", "YAML 1.2 does not accept yes, no, on or off"),
    "int_type": ("needs a whole number", "without quotes and without decimals"),
    "int_from_float": ("needs a whole number", "without quotes and without decimals"),
    "date_type": ("needs a date", "write it as 2027-01-31"),
    "date_parsing": ("is not a valid date", "write it as 2027-01-31"),
    "date_from_datetime_parsing": ("is not a valid date", "write it as 2027-01-31"),
    "date_from_datetime_inexact": ("is not a valid date", "write a date without time, such as 2027-01-31"),
    "string_too_short": ("is too short", "at least {min_length} characters"),
    "string_too_long": ("is too long", "at most {max_length} characters"),
    "too_short": ("needs more entries", "at least {min_length}"),
    "too_long": ("has too many entries", "at most {max_length}"),
    "greater_than": ("is too small", "greater than {gt}"),
    "greater_than_equal": ("is too small", "at least {ge}"),
    "less_than_equal": ("is too large", "at most {le}"),
}
"""Pydantic's error type → our words and hint."""
_UNSAID = ("Secret",)
"""Models that refer to a secret, where a file may contain the secret itself by mistake."""
_TAG = ("union_tag_invalid", "union_tag_not_found")
_CHOICE = ("literal_error", "enum", "union_tag_invalid")


def load_baseline(text: str, name: str, *, known_checks: Mapping[str, Sequence[str]] | None = None) -> Baseline:
    """The baseline in *text*, which came from the file called *name*. An empty file is the defaults.

    *known_checks* (check id → its aliases): if given, `severity` and `waivers` may name no other check.
    Raises BaselineError, and nothing else, with every problem in the order of the file.
    """
    return load_document(text, name, Baseline, known_checks=known_checks)


def load_waivers(
    text: str, name: str, *, known_checks: Mapping[str, Sequence[str]] | None = None
) -> tuple[Waiver, ...]:
    """The waivers in *text*, a separate file: `version` and `waivers` as in a baseline, and no other key.

    The other arguments and the error are those of `load_baseline`.
    """
    return load_document(text, name, WaiverFile, known_checks=known_checks, what="a waiver file").waivers


def waiver_lines(text: str, name: str) -> tuple[int, ...]:
    """For each waiver of a valid baseline or waiver file, the line on which it begins."""
    root = Reading(text, name).read()
    waivers = root.children.get("waivers") if root is not None else None
    return tuple(node.line for node in waivers.children.values()) if waivers is not None else ()


def load_document(
    text: str,
    name: str,
    model: type[_Model],
    *,
    known_checks: Mapping[str, Sequence[str]] | None = None,
    what: str = "a baseline",
    also: Also | None = None,
) -> _Model:
    """The YAML document in *text*, from the file called *name*, as *model*; *what*: its name in messages.

    *known_checks* as for `load_baseline`. Raises BaselineError with every problem in the order of the file.
    """
    reading = Reading(text, name, what)
    root = reading.read()
    if root is None or root.value is None:
        root = Node(1, 1, value={}, closed=True)
    problems: list[Problem] = reading.problems
    if not isinstance(root.value, dict):
        message, hint = f"{what} is a mapping of keys to values", "begin with a line such as `version: 1`"
        raise BaselineError((*problems, Problem(name, root.line, root.column, "", message, hint)))
    _restore_numbers(root)
    loaded = None
    try:
        # As JSON and strict, so exactly the values of the JSON Schema are accepted.
        loaded = model.model_validate_json(json.dumps(root.value), strict=True)
    except ValidationError as error:
        problems.extend(_problems(error.errors(include_url=False), root, name, model))
    problems.extend(unknown_checks(root, name, known_checks) if known_checks is not None else ())
    if model in (Baseline, WaiverFile):
        problems.extend(broad_waivers(root, name, known_checks))
    problems.extend(also(root, name) if also is not None else ())
    if problems or loaded is None:
        raise BaselineError(tuple(sorted(problems, key=lambda problem: (problem.line, problem.column))))
    return loaded


def example_baseline() -> str:
    """The example baseline of this package, which explains every key."""
    return resources.files("checks").joinpath("baseline.example.yaml").read_text("utf-8")


def _problems(errors: Iterable[ErrorDetails], root: Node, file: str, model: type[Strict]) -> Iterator[Problem]:
    """Pydantic's errors as problems, those about one value (the branches of a union) as one."""
    grouped: dict[tuple[Path, str], list[ErrorDetails]] = {}
    for error in _separated(errors):
        path = _locate(root, error, model)
        # Pydantic counts only the valid entries of a list; the invalid ones are reported already.
        if error["type"] != "too_short" or len(_find(root, path)[0].children) < error["ctx"]["min_length"]:
            # The branches of a union fail together; what our own validators say of one value stays apart.
            own = error["msg"] if error["type"] == "baseline" else ""
            grouped.setdefault((path, own), []).append(error)
    for (path, _), group in grouped.items():
        node, key = _find(root, path)
        kinds = {error["type"] for error in group}
        if "extra_forbidden" in kinds and key is not None:
            message, hint = "unknown key", similar(str(path[-1]), keys_at(model, root, path[:-1]), "valid keys")
            yield Problem(file, key.line, key.column, path_text(path), message, hint)
            continue
        if choices := _choices(group):
            message = f"{_shown(group[0], node)} is not one of {', '.join(choices)}"
            hint = similar(node.raw, choices, "")
        else:
            message, hint = _words(next((error for error in group if error["type"] not in _CHOICE), group[0]), node)
        if len(group) > 1 and "dict_type" in kinds:
            message += ", nor a policy document"
        about_key = group[0].get("ctx", {}).get("about_key") or group[0]["loc"][-1:] == ("[key]",)
        place = key if key is not None and about_key else node
        yield Problem(file, place.line, place.column, path_text(path), message, hint)


def _separated(errors: Iterable[ErrorDetails]) -> Iterator[ErrorDetails]:
    """An error of several problems (`all_wrong`) as one error each."""
    for error in errors:
        for problem in error.get("ctx", {}).get("problems", ({},)):
            separate = error.copy()
            if problem:
                separate["ctx"], separate["msg"] = problem, problem["text"]
            yield separate


def _restore_numbers(node: Node, *, in_document: bool = False) -> None:
    """Make twelve digits without quotes a number inside a policy document, as AWS would read them."""
    for key, child in node.children.items():
        if in_document and child.plain and TWELVE_DIGITS.fullmatch(child.raw):
            node.value[key] = int(child.raw)
        _restore_numbers(child, in_document=in_document or key in DOCUMENTS)


def _locate(root: Node, error: ErrorDetails, model: type[Strict]) -> Path:
    """The path in the file that *error* is about: pydantic's, without the names of union branches."""
    context = error.get("ctx", {})
    steps = (*error["loc"], *context.get("at", ()))
    if error["type"] in _TAG:
        steps = (*steps, context["discriminator"].strip("'"))
    node, path, tagged = root, (), False  # type: Node, Path, bool
    for number, step in enumerate(steps):
        if not tagged and number < len(error["loc"]) and step == tag_at(model, root, path):
            tagged = True  # the name of a branch, which may be the name of a key below it as well
        elif step in node.children:
            node, path, tagged = node.children[step], (*path, step), False
        elif error["type"] in ("missing", "union_tag_not_found") and number == len(steps) - 1:
            path = (*path, step)
    return path


def _find(root: Node, path: Path) -> tuple[Node, Node | None]:
    """The value at *path*, or the closest one around it that exists, and its key if it has one."""
    node, key = root, None  # type: Node, Node | None
    for step in path:
        if step not in node.children:
            break
        key = node.keys.get(str(step)) if isinstance(step, str) else None
        node = node.children[step]
    return node, key


def _words(error: ErrorDetails, node: Node) -> tuple[str, str]:
    """Message and hint for one error."""
    kind, context = error["type"], error.get("ctx", {})
    shown = _shown(error, node)
    if kind == "baseline":
        return context["text"], context["hint"]
    if kind == "missing":
        return "is missing", f"add `{error['loc'][-1]}:` here"
    if kind == "union_tag_not_found":
        return "is missing", f"add `{context['discriminator'].strip(chr(39))}:` here"
    if kind == "string_pattern_mismatch":
        message, hint = SHAPES.get(context["pattern"], ("has the wrong format", f"it must match {context['pattern']}"))
        return f"{shown} {message}", hint
    if kind == "string_type":
        return f"{shown} is not text", "write it in quotes" if node.raw else "write text in quotes"
    if kind in _WORDS:
        message, hint = _WORDS[kind]
        return f"{shown} {message}", hint.format_map(context)
    return error["msg"], ""


def _choices(group: Sequence[ErrorDetails]) -> tuple[str, ...]:
    """The allowed values of all branches of a union together; empty where any value is allowed."""
    listed = ", ".join(
        error["ctx"].get("expected") or error["ctx"]["expected_tags"] for error in group if error["type"] in _CHOICE
    )
    return tuple(choice for choice in listed.replace(" or ", ", ").replace("'", "").split(", ") if choice)


def _shown(error: ErrorDetails, node: Node) -> str:
    """The value as written in the file, shortened."""
    if error["loc"] and error["loc"][-1] == "[key]":
        return repr(str(error["input"])[:60])
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    if node.value is None and not node.raw:
        return "a key without value"
    if error.get("ctx", {}).get("class_name") in _UNSAID:
        return "a single value"
    return repr(node.raw[:60]) if isinstance(node.value, str) else node.raw[:60]
