"""Names as text that a reader can trust: nothing invisible, nothing that turns the direction of reading.

AWS lets people choose account names, tags and statement ids; a report must neither be broken nor be faked by them.
Each such character is written as `<U+202E>`, so that nothing is lost and nothing is hidden.
"""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, except tab and line feed
    "\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e"  # soft hyphen, Arabic mark, fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, direction
    "\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\ud800-\udfff"  # lone surrogates: not encodable as UTF-8
    "\ufffe\uffff\U000e0000-\U000e0fff"  # noncharacters, tags
    "]"
)


def visible(text: str) -> str:
    """The text with every invisible, direction-changing or unencodable character spelled out; line ends become LF."""
    if text.isascii() and text.isprintable():
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _INVISIBLE.sub(_spell, text)


def one_line(text: str) -> str:
    """`visible` text on one line: line ends and tabs become spaces."""
    return " ".join(visible(text).split()) if not (text.isascii() and text.isprintable()) else text


def _spell(match: re.Match[str]) -> str:
    return f"<U+{ord(match[0]):04X}>"
