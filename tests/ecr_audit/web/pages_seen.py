"""A page as a browser takes it apart, and what is wrong with it whatever it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "br", "hr", "img", "rect", "path", "circle"}


@dataclass
class Form:
    """A form with what it would send."""

    method: str
    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)


class Seen(HTMLParser):
    """Elements, links, forms and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.links: list[str] = []
        self.assets: list[str] = []
        self.forms: list[Form] = []
        self.ids: list[str] = []
        self.text = ""
        self.problems: list[str] = []
        self._open: list[str] = []
        self._labelled = 0
        self.feed(html)
        self.close()
        self._judge(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag not in ("strong", "span", "b", "code", "a", "time"):
            self.text += " "
        if tag not in _VOID:
            self._open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        for name in given:
            if name == "style" or name.startswith("on"):
                self.problems.append(f"<{tag} {name}>")
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag in ("script", "img", "link", "iframe", "object", "embed"):
            self.assets.append(given.get("src") or given.get("href", ""))
        if tag == "script" and "src" not in given:
            self.problems.append("an inline script")
        if tag == "style":
            self.problems.append("an inline style")
        if tag == "form":
            self.forms.append(Form(given.get("method", "get"), given.get("action", "")))
        if tag in ("input", "select", "textarea", "button"):
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        if self.forms and "name" in given:
            values = self.forms[-1].fields.setdefault(given["name"], [])
            if given.get("type") != "checkbox" or "checked" in given:
                values.append(given.get("value", ""))
        hidden = given.get("type") == "hidden" or tag == "button"
        if not hidden and "label" not in self._open and "aria-label" not in given:
            self.problems.append(f"a {tag} without a label: {given}")

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self._open or self._open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self._open[-3:]}")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data

    def form(self, ending: str) -> Form:
        """The form whose address ends so."""
        return next(one for one in self.forms if one.action.partition("#")[0].endswith(ending))

    @property
    def words(self) -> str:
        """The text on one line."""
        return " ".join(self.text.split())

    def _judge(self, html: str) -> None:
        if self._open:
            self.problems.append(f"left open: {self._open}")
        for tag in ("h1", "main", "title"):
            if self.tags.get(tag, 0) < 1 or (tag != "title" and self.tags[tag] != 1):
                self.problems.append(f"{self.tags.get(tag, 0)} of <{tag}>")
        twice = {one for one in self.ids if self.ids.count(one) > 1}
        if twice:
            self.problems.append(f"ids that are there twice: {twice}")
        self.problems += [f"asset from elsewhere: {one}" for one in self.assets if not one.startswith("/static/")]
        self.problems += [f"link: {one}" for one in self.links if not re.match(r"/(?!/)|#|https://", one)]
        if re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00\x07\x1b]", html):
            self.problems.append("invisible characters")
        for fragment in (one.partition("#")[2] for one in self.links if one.startswith("#")):
            if fragment not in self.ids:
                self.problems.append(f"#{fragment} leads nowhere")
