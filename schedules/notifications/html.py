"""A message as HTML for e-mail: inline styles, no images, no scripts, colours for light and dark backgrounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from schedules.notifications.model import Message

_BODY = "margin:0;padding:16px;font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif"
_FRAME = "max-width:720px;margin:0 auto;overflow-wrap:anywhere"
_TITLE = "font-size:18px;line-height:1.35;margin:0 0 16px"
_HEAD = "font-weight:600;margin:16px 0 4px"
_PLAIN = "margin:0 0 8px"
_LIST = "margin:0 0 12px;padding:0 0 0 4px;list-style:none"
_ITEM = "margin:0 0 8px;padding:0 0 0 10px;border-left:3px solid #808080"
_TOTALS = "margin:20px 0 0;padding:12px 0 0;border-top:1px solid #808080"
_LINK = "display:inline-block;margin:16px 0 0;padding:8px 14px;border:1px solid #808080;border-radius:6px;color:inherit"


def html_of(message: Message) -> str:
    """The whole document, with the same content as the text. Only an http(s) URL becomes a link."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(message.subject)}</title></head>\n"
        f'<body style="{_BODY}"><div style="{_FRAME}">\n'
        f'<h1 style="{_TITLE}">{escape(message.subject.removeprefix("[ecr-audit] "))}</h1>\n'
        f"{''.join(_blocks(message.changed))}"
        f'<div style="{_TOTALS}">\n{"".join(_blocks(message.totals))}</div>\n'
        f"{_link(message.link)}"
        "</div></body></html>\n"
    )


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """Each line as a paragraph; indented lines as a list, with the line before them as its heading."""
    head, items = "", list[str]()
    for line in lines:
        if line.startswith("  "):
            items.append(line.strip())
            continue
        yield from _block(head, items)
        head, items = line, []
    yield from _block(head, items)


def _block(head: str, items: list[str]) -> Iterator[str]:
    if head:
        yield f'<p style="{_HEAD if items else _PLAIN}">{escape(head)}</p>\n'
    if items:
        entries = "".join(f'<li style="{_ITEM}">{escape(item)}</li>\n' for item in items)
        yield f'<ul style="{_LIST}">\n{entries}</ul>\n'


def _link(link: str) -> str:
    if not link.startswith(("https://", "http://")):
        return f'<p style="{_PLAIN}">{escape(link)}</p>\n' if link else ""
    return f'<p style="margin:0"><a style="{_LINK}" href="{escape(link)}">Open in ecr-audit</a></p>\n'
