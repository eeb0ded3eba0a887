"""The shell of the scripts: quoting, comments, here-documents, and the few functions that they share.

Written for bash 3.2 (macOS) and later; they need only POSIX tools and the AWS CLI.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType


def quoted(value: str) -> str:
    """*value* as one word of the shell. ValueError for a NUL, which no argument can hold."""
    if "\x00" in value:
        raise ValueError("a shell argument cannot hold a NUL character")
    return shlex.quote(value)


class Raw(str):
    """A word of a command line that is already shell text, not a value to be quoted."""

    __slots__ = ()


def line(*words: str) -> str:
    """A command line of *words*, every one quoted but those that are `Raw`."""
    return " ".join(word if isinstance(word, Raw) else quoted(word) for word in words)


def in_work(name: str) -> Raw:
    """The word for a parameter that the AWS CLI reads from this file of the work folder."""
    return Raw(f'"file://$work/{name}"')


def visible(text: str) -> str:
    """*text* on one line, with control characters escaped, for comments and messages."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def comment(*lines: str) -> str:
    """*lines* as comments, whatever they contain."""
    return "\n".join(f"# {visible(line)}".rstrip() for line in lines)


def here_document(text: str, word: str) -> str:
    """A quoted here-document whose delimiter begins with *word* and is not a line of *text*."""
    lines = set(text.splitlines()) | set(text.split("\n"))
    names = (word, *(f"{word}{count}" for count in range(len(lines) + 1)))
    delimiter = next(name for name in names if name not in lines)
    return f"<<'{delimiter}'\n{text}\n{delimiter}"


def file(name: str, text: str, word: str) -> str:
    """Shell text that writes *text* to *name* in the work folder."""
    if "\x00" in text:
        raise ValueError("a here-document cannot hold a NUL character")
    return f"document {name} {here_document(text, word)}"


_FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "fail": """\
fail() { # fail CODE MESSAGE
  printf '%s\\n' "$2" >&2
  exit "$1"
}""",
        "document": """\
document() { # document NAME: stores its input, without a final line break
  text=$(cat)
  printf '%s' "$text" > "$work/$1" || fail 1 'Could not write to the work folder.'
}""",
        "holds": """\
holds() { # holds QUERY COMMAND...: whether the JMESPath query in this file is true of the response
  query=$1
  shift
  answer=$("$@" --output json --query "$(cat "$work/$query")") || fail 1 "Could not read: $*"
  [ "$answer" = true ]
}""",
        "fetch": """\
fetch() { # fetch CODE COMMAND...: stores the response of AWS; empty where it returns this error code
  none=$1
  shift
  if ! "$@" > "$work/now" 2> "$work/error"; then
    grep -q "($none)" "$work/error" || { cat "$work/error" >&2; fail 1 "Could not read: $*"; }
    : > "$work/now"
  fi
}""",
        "exists": """\
exists() { # exists CODE COMMAND...: whether AWS returns anything
  fetch "$@"
  [ -s "$work/now" ]
}""",
        "same": """\
same() { # same NAME: whether the response is exactly this text
  [ "$(cat "$work/now")" = "$(cat "$work/$1")" ]
}""",
        "alike": """\
forms() { # forms FILE: its JSON documents in one spelling, to compare them
  LC_ALL=C awk '
    function space() { while (substr(s, p, 1) ~ /[ \\t\\r\\n]/) p++ }
    function text(  from, c) {
      for (from = ++p; p <= n && (c = substr(s, p, 1)) != "\\""; p += c == "\\\\" ? 2 : 1);
      c = substr(s, from, p++ - from); gsub(/\\\\\\//, "/", c); return c
    }
    function plain(x,  out, at, c) {
      for (; (at = index(x, "\\\\")); x = substr(x, at + 2)) {
        c = substr(x, at + 1, 1); out = out substr(x, 1, at - 1) (c ~ /[nrt]/ ? " " : c == "u" ? "\\\\u" : c)
      }
      return out x
    }
    function joined(one, m,  i, j, x, out) {
      for (i = 2; i <= m; i++) {
        x = one[i]; for (j = i; j > 1 && one[j - 1] > x; j--) one[j] = one[j - 1]; one[j] = x
      }
      kept = 0
      for (i = 1; i <= m; i++) if (i == 1 || one[i] != one[i - 1]) out = out (kept++ ? "," : "") one[i]
      return out
    }
    function member(  k, v) {
      if (substr(s, p, 1) != "\\"") { bad = 1; return "" }
      k = text(); space(); p++
      if (k ~ /:/ && k !~ /^For/) k = tolower(k)
      v = value(k)
      if (k == "Version" && !variables || k == "Condition" && v == "{}") return ""
      if (k ~ /^(Sid|Id|description)$/) return ""
      return "\\"" k "\\":" v
    }
    function value(key,  open, v, m, one) {
      space(); open = substr(s, p, 1)
      if (open == "{" || open == "[") {
        for (p++; !bad; ) {
          space(); v = substr(s, p, 1)
          if (v == "}" || v == "]") { p++; break }
          if (v == ",") p++
          else if (v == "") bad = 1
          else if ((v = open == "[" ? value(key) : member()) != "") one[++m] = v
        }
        v = joined(one, m)
        if (open == "[") return kept == 1 ? v : "[" v "]"
        return v == "\\"AWS\\":\\"*\\"" ? "\\"*\\"" : "{" v "}"
      }
      if (open == "\\"") v = text()
      else {
        match(substr(s, p, 99), /^[^],:}{[ \\t\\r\\n]*/); v = substr(s, p, RLENGTH); p += RLENGTH
        if (v == "") bad = 1
      }
      if (key ~ /^(Not)?Action$/) v = tolower(v)
      if (key == "AWS" && v ~ /^arn:aws[a-z-]*:iam::[0-9]+:root$/) { split(v, part, ":"); v = part[5] }
      return "\\"" v "\\""
    }
    { s = s $0 "\\n" }
    END {
      n = length(s); p = 1; space()
      if (substr(s, p, 1) ~ /["[]/) { # documents as texts in JSON
        for (; p <= n; p++) if (substr(s, p, 1) == "\\"") { out = out plain(text()) " "; p-- }
        s = out; n = length(s); p = 1
      }
      variables = s ~ /\\$\\{/
      for (space(); p <= n && !bad; space()) print value("")
      if (bad) print s
    }' "$1"
}
alike() { # alike NAME: whether the response is equivalent to this text
  found=$(forms "$work/now") && known=$(forms "$work/$1") || fail 1 'Could not compare two documents: awk failed.'
  [ "$found" = "$known" ]
}
reads_alike() { # reads_alike NAME CODE COMMAND...: the same, with a new request
  name=$1
  shift
  fetch "$@"
  alike "$name"
}""",
        "write": """\
write() { # write COMMAND...: runs it; with DRY_RUN=1 only prints it, with the documents that it would send
  if [ -n "${DRY_RUN:-}" ]; then
    printf 'dry run, not done:'
    printf ' %q' "$@"
    printf '\\n'
    for word; do
      case $word in file://*) cat "${word#file://}" && printf '\\n' ;; esac
    done
    return
  fi
  "$@" > "$work/written" || fail 1 'AWS rejected the request (see its error above).'
}""",
        "did": """\
did() { # did WHAT: reports the step as done, unless DRY_RUN is set
  [ -n "${DRY_RUN:-}" ] || printf '%s: done.\\n' "$1"
}""",
        "stored": """\
stored() { # stored TEST...: waits until the test succeeds and the change can be read back
  [ -z "${DRY_RUN:-}" ] || return 0
  for pause in 0 1 2 4; do
    sleep "$pause"
    if "$@"; then return 0; fi
  done
  fail 4 'AWS does not return what was written: check the resource, then run the audit again.'
}""",
        "remember": """\
left=0
remember() { # remember CODE: a step was skipped; the others do not depend on it and continue
  [ "$1" -le "$left" ] || left=$1
}""",
        "express": """\
express() { # express OPERATION WORD SINCE: fails unless this AWS CLI can send it
  case $(aws ecr "$1" --generate-cli-skeleton input 2> /dev/null) in
    *"$2"*) ;;
    *) fail 2 "This AWS CLI ($(aws --version 2>&1)) cannot send $2 with $1: update it to a version of $3 or later." ;;
  esac
}""",
    }
)
"""Functions by name, in the order in which scripts define them."""

_ALWAYS = ("fail",)
_CALLS = {
    "exists": ("fetch",),
    "alike": ("fetch",),
    "write": ("did",),
}


def functions(names: Iterable[str]) -> str:
    """The shell text of the named functions and of those that they call."""
    wanted = {*names, *_ALWAYS}
    wanted |= {callee for name in wanted for callee in _CALLS.get(name, ())}
    return "\n".join(text for name, text in _FUNCTIONS.items() if name in wanted)


def preamble(title: Sequence[str], uses: Iterable[str]) -> str:
    """The first lines of a script: what it is, strictness, work folder, functions."""
    return "\n".join(
        (
            "#!/usr/bin/env bash",
            comment(*title),
            "set -euo pipefail",
            "export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off",
            "work=$(mktemp -d)",
            "trap 'rm -rf \"$work\"' EXIT",
            functions(uses),
            "command -v aws > /dev/null || fail 2 'The AWS CLI (aws) is not on the PATH: install it first.'",
        )
    )


def guard(account: str, region: str) -> str:
    """Lines that stop unless the credentials belong to *account*, and that set the Region."""
    return "\n".join(
        (
            f"export AWS_REGION={quoted(region)} AWS_DEFAULT_REGION={quoted(region)}",
            "caller=$(aws sts get-caller-identity --query Account --output text) ||",
            "  fail 2 'AWS does not accept these credentials (see its error above).'",
            f'[ "$caller" = {quoted(account)} ] ||',
            f'  fail 2 "Wrong account: these credentials belong to $caller, this script changes {account}."',
        )
    )
