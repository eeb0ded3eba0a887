"""Steps of a script. Every step first checks the resource: as audited, already in the target state, or changed?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from checks.remediation.changes import Stage
from checks.remediation.shell import comment, file, line, quoted, visible

Words = tuple[str, ...]
"""Words of a command line."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Something that the AWS CLI must be able to send."""

    operation: str
    """Of `aws ecr`."""
    word: str
    since: str
    """Date of the first AWS CLI versions that know it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change, as shell text that follows the guard."""

    stage: Stage
    order: int
    """Place within the stage."""
    title: str
    text: str
    uses: frozenset[str]
    """Shell functions that it calls."""
    needs: tuple[Needed, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A query to AWS, as files of the work folder and a shell condition over them."""

    files: tuple[str, ...]
    condition: str
    verified: tuple[str, ...] = ()
    """The same as commands for `stored`."""
    uses: frozenset[str] = frozenset()


def asking(name: str, queries: Sequence[str], read: Words) -> Asked:
    """Whether every one of *queries* is true of the response of *read*."""
    names = [f"{name}-{number}" for number in range(1, len(queries) + 1)]
    tests = tuple(f"holds {one} {line(*read)}" for one in names)
    files = tuple(file(one, query, "QUERY") for one, query in zip(names, queries, strict=True))
    return Asked(files, " && ".join(tests), tests, frozenset({"holds", "document"}))


def any_of(*questions: Asked) -> Asked:
    """Whether one of *questions* is true."""
    single = len(questions) == 1
    return Asked(
        tuple(text for question in questions for text in question.files),
        questions[0].condition if single else " || ".join(f"{{ {question.condition}; }}" for question in questions),
        questions[0].verified,
        frozenset().union(*(question.uses for question in questions)),
    )


def all_of(*questions: Asked) -> Asked:
    """Whether all *questions* are true."""
    return Asked(
        tuple(text for question in questions for text in question.files),
        " && ".join(question.condition for question in questions),
        tuple(test for question in questions for test in question.verified),
        frozenset().union(*(question.uses for question in questions)),
    )


def changing(
    *,
    stage: Stage,
    order: int,
    title: str,
    what: str,
    files: Iterable[str] = (),
    prepare: Iterable[str] = (),
    before: Asked,
    wanted: Asked,
    write: Words,
    needs: tuple[Needed, ...] = (),
) -> Step:
    """The step that runs *write* while *before* holds, and does nothing where *wanted* holds already."""
    name = quoted(visible(title))
    changed = f"{what} is neither as audited nor in the target state: changed since the audit. Run the audit again."
    return Step(
        stage,
        order,
        title,
        "\n".join(
            (
                comment(title),
                *files,
                *before.files,
                *wanted.files,
                *prepare,
                f"if {before.condition}; then",
                f"  write {line(*write)}",
                *(f"  stored {test}" for test in wanted.verified),
                f"  did {name}",
                f"elif {wanted.condition}; then",
                f"  printf '%s: already applied.\\n' {name}",
                "else",
                f"  fail 3 {quoted(visible(changed))}",
                "fi",
            )
        ),
        frozenset({"write", "stored", "document"}) | before.uses | wanted.uses,
        needs,
    )


def adding(
    *,
    stage: Stage,
    order: int,
    title: str,
    files: Iterable[str] = (),
    wanted: Asked,
    busy: tuple[Asked, str] | None = None,
    write: Words,
    needs: tuple[Needed, ...] = (),
) -> Step:
    """The step that runs *write* unless *wanted* holds; deferred with its message while *busy* holds."""
    name = quoted(visible(title))
    wait = [] if busy is None else [f"elif {busy[0].condition}; then", f"  fail 5 {quoted(visible(busy[1]))}"]
    text = (
        comment(title),
        *files,
        *wanted.files,
        *(busy[0].files if busy else ()),
        f"if {wanted.condition}; then",
        f"  printf '%s: already applied.\\n' {name}",
        *wait,
        "else",
        f"  write {line(*write)}",
        *(f"  stored {test}" for test in wanted.verified),
        f"  did {name}",
        "fi",
    )
    uses = {"write", "stored", *wanted.uses, *(busy[0].uses if busy else ()), *({"document"} if files else ())}
    return Step(stage, order, title, "\n".join(text), frozenset(uses), needs)
