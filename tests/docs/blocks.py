"""The command blocks of a document as one shell script, run from top to bottom as a reader would.

A comment before a block, which readers of the rendered page do not see, may say:

    <!-- not run: REASON -->                      what it needs that no test has
    <!-- kept running until: TEXT -->             started in the background, and waited for until it prints TEXT
    <!-- kept running, pasted until: TEXT -->     the same, and the shell is given what it printed, as people paste it
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(
    r"<!-- (not run|kept running until|kept running, pasted until): ((?:(?!-->).)+) -->\s*\Z", re.DOTALL
)

# An audit that found something is no failed command, nor is a comparison that found differences.
_PRELUDE = r"""
set -euo pipefail
ecr-audit() {
  local code=0
  command ecr-audit "$@" || code=$?
  case "$1:$code" in run:[34] | schedule:[34]) return 0 ;; esac
  return "$code"
}
kept() { # kept FILE TEXT: the commands in FILE, in the background, until they have printed TEXT
  bash "$1" > "$1.log" 2>&1 &
  for _ in $(seq 600); do
    if grep -qF -- "$2" "$1.log"; then return 0; fi
    if ! kill -0 $! 2> /dev/null; then break; fi
    sleep 0.1
  done
  cat "$1.log" >&2
  return 1
}
"""


@dataclass(frozen=True, slots=True)
class Block:
    """One block of shell commands."""

    line: int
    """Where it begins in the document, from 1."""
    text: str
    how: str = ""
    """`not run`, `kept running until`, `kept running, pasted until`, or empty: run."""
    why: str = ""
    """The reason not to run it, or the text to wait for."""


def blocks_of(text: str) -> Iterator[Block]:
    """The blocks marked `sh` in a Markdown *text*."""
    for found in _FENCE.finditer(text):
        if found[2] != "sh":
            continue
        directive = _DIRECTIVE.search(text[: found.start()])
        indent = len(found[1])
        body = "".join(line[indent:] if line.strip() else line for line in found[3].splitlines(keepends=True))
        how, why = (directive[1], " ".join(directive[2].split())) if directive else ("", "")
        yield Block(text.count("\n", 0, found.start()) + 1, body, how, why)


def script_of(blocks: list[Block], aside: Path) -> str:
    """Bash that runs *blocks* in order and says at each on standard error where it stands; *aside* keeps its files."""
    parts = [_PRELUDE]
    for block in blocks:
        if block.how == "not run":
            continue
        parts.append(f"echo ':: line {block.line}' >&2\n")
        if not block.how:
            parts.append(block.text)
            continue
        file = aside / f"kept-{block.line}.sh"
        file.write_text(f"set -euo pipefail\n{block.text}")
        parts.append(f"kept {shlex.quote(str(file))} {shlex.quote(block.why)}\n")
        if "pasted" in block.how:
            parts.append(f". {shlex.quote(f'{file}.log')}\n")
    return "".join(parts)
