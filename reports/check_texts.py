"""The doc sections of a check as paragraphs of plain text."""

from __future__ import annotations

import re


def paragraphs(text: str) -> tuple[str, ...]:
    """Paragraphs and list entries of a doc section, each on one line, list marks kept as `•`."""
    blocks: list[str] = []
    for chunk in re.split(r"\n\s*\n", text):
        for line in chunk.split("\n"):
            entry = re.match(r"^(?:[-*]|\d+\.)\s+(.*)$", line)
            if entry:
                blocks.append(f"• {entry[1]}")
            elif blocks and line and line is not chunk.split("\n")[0]:
                blocks[-1] += f" {line}"
            elif line:
                blocks.append(line)
    return tuple(plain(block) for block in blocks)


def plain(text: str) -> str:
    """Prose without its mark-up: backquotes around code and stars around stressed words go, the words stay."""
    text = re.sub(r"`+([^`]*)`+", r"\1", text)
    return " ".join(re.sub(r"(?<![\w*/])\*{1,2}(\w[^*]*\w)\*{1,2}(?![\w*])", r"\1", text).split())
