"""Loading the service's configuration file, and checking its references: to its own sections, and to other files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import resources
from pathlib import Path
from textwrap import indent
from typing import Any

import sqlalchemy as sa

from checks.baseline.check_names import similar
from checks.baseline.loading import load_document
from checks.baseline.yaml_reader import Node, Problem, path_text
from schedules.configuration.service import Configuration
from schedules.deliveries.channels import CHANNELS
from schedules.deliveries.settings import Secret


def load_configuration(text: str, name: str, folder: Path) -> Configuration:
    """The configuration in *text*, from the file called *name*; its paths, relative to *folder*, become absolute.

    Raises BaselineError, and nothing else, with every problem in the order of the file. Secrets are not read: checking
    a file does not require access to them.
    """
    folder = folder.absolute()
    loaded = load_document(text, name, Configuration, what="a configuration", also=partial(_reference_problems, folder))
    web = loaded.web
    if web.proxy is not None:
        web = web.model_copy(update={"proxy": _moved(web.proxy, folder)})
    return loaded.model_copy(
        update={
            "store": _store(loaded.store, folder),
            "evidence": _evidence(loaded.evidence, folder),
            "schedules": {key: _moved(one, folder, *_FILES) for key, one in loaded.schedules.items()},
            "deliveries": {key: _moved(one, folder, *one.paths()) for key, one in loaded.deliveries.items()},
            "web": web,
        }
    )


def example_configuration() -> str:
    """The configuration example shipped with the program, which shows and explains every key."""
    text = resources.files("schedules").joinpath("service.example.yaml").read_text("utf-8")
    examples = "\n\n".join(channel.example.strip() for channel in CHANNELS.values())
    return text.replace("{deliveries}\n", indent(examples, "  ") + "\n")


_FILES = ("baseline", "waivers", "custom_checks")


def _moved(section: Any, folder: Path, *keys: str) -> Any:
    """*section* with the paths of *keys*, and of its secrets, resolved against *folder*."""
    changed: dict[str, Any] = {key: _path(getattr(section, key), folder) for key in keys if getattr(section, key)}
    for key, value in section:
        if isinstance(value, Secret) and value.file:
            changed[key] = value.model_copy(update={"file": _path(value.file, folder)})
    return section.model_copy(update=changed)


def _path(written: str, folder: Path) -> str:
    return str(folder / os.path.expanduser(written))


def _store(written: str, folder: Path) -> str:
    if not written.startswith("sqlite:"):
        return _path(written, folder) if written and "://" not in written else written
    try:
        url = sa.make_url(written)
    except (sa.exc.ArgumentError, ValueError):
        return written  # opening the store reports what is wrong
    if not url.database or url.database.startswith((":memory:", "file:")):
        return written
    return url.set(database=_path(url.database, folder)).render_as_string(hide_password=False)


def _evidence(written: str, folder: Path) -> str:
    return _path(written, folder) if written and "://" not in written else written


def _reference_problems(folder: Path, root: Node, file: str) -> Iterator[Problem]:
    """References to deliveries and files that do not exist."""
    deliveries = root.children.get("deliveries", Node(1, 1)).children
    for name, schedule in root.children.get("schedules", Node(1, 1)).children.items():
        yield from _unknown(schedule.children.get("deliveries"), deliveries, ("schedules", name, "deliveries"), file)
        for key in _FILES:
            yield from _missing(schedule.children.get(key), key, folder, ("schedules", name, key), file)
    for name, delivery in deliveries.items():
        for key in _files_of(delivery):
            yield from _missing(delivery.children.get(key), key, folder, ("deliveries", name, key), file)


def _files_of(delivery: Node) -> tuple[str, ...]:
    """Keys of a delivery that refer to files which must exist."""
    kind = delivery.children.get("type")
    channel = CHANNELS.get(kind.value) if kind is not None and isinstance(kind.value, str) else None
    return tuple(key for key, path in channel.settings.paths().items() if path.must_exist) if channel else ()


def _unknown(
    named: Node | None, deliveries: Mapping[str | int, Node], path: tuple[str | int, ...], file: str
) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, node in named.children.items() if named is not None else ():
        if not isinstance(node.value, str):
            continue
        where = path_text((*path, number))
        if node.value in seen:
            yield Problem(file, node.line, node.column, where, f"{node.value[:60]!r} is listed twice", "remove one")
        elif node.value not in deliveries:
            hint = similar(node.value, map(str, deliveries), "there are") or "add it under `deliveries`"
            message = f"there is no delivery named {node.value[:60]!r}"
            yield Problem(file, node.line, node.column, where, message, hint)
        seen.add(node.value)


def _missing(node: Node | None, key: str, folder: Path, path: tuple[str | int, ...], file: str) -> Iterator[Problem]:
    """Problem of a file that does not exist, reported when the configuration is loaded, not when an audit starts."""
    if node is None or not isinstance(node.value, str) or not node.value:
        return
    place = Path(_path(node.value, folder))
    message = _absence(place, key)
    if message:
        yield Problem(
            file, node.line, node.column, path_text(path), message, "paths are relative to this file's folder"
        )


def _absence(place: Path, key: str) -> str:
    shown = str(place) if str(place).isprintable() else repr(str(place))
    try:
        if key == "waivers":  # the first waiver that is granted creates it
            usable = place.is_file() or (not place.exists() and place.parent.is_dir())
            return "" if usable else f"{shown} is not a file and cannot be created"
        if key == "custom_checks":
            return "" if place.is_dir() else f"the folder {shown} does not exist"
        return "" if place.is_file() else f"the file {shown} does not exist"
    except (OSError, ValueError) as error:
        return f"{shown} cannot be accessed: {error.strerror if isinstance(error, OSError) else error}"
