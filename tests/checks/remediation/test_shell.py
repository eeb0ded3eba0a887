"""What scripts are made of, run by a real bash; the AWS CLI does not come into it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.remediation import shell
from tests.checks.policy_documents.test_canonical import DIFFERENT, EQUAL

HOSTILE = (
    "-rf",
    "--profile=other",
    "it's",
    'say "hi"',
    "$(touch owned)",
    "`touch owned`",
    "${HOME}",
    "a\nb",
    "a\rb",
    "JSON\nJSON1\nTEXT\nQUERY",
    "; touch owned #",
    "&& false",
    "\\",
    "\\\n",
    "*",
    "~",
    "!!",
    "é ü 漢 🚢",
    "\x1b[31mred",
    "  spaced  ",
    "%s%n",
    "'\"'\"'",
    "EOF\n$(touch owned)\nJSON",
    '"; touch owned; "',
)


def run(text: str, folder: Path) -> str:
    done = subprocess.run(["bash", "-c", text], cwd=folder, capture_output=True, check=True)
    assert not (folder / "owned").exists()
    return done.stdout.decode()


def test_every_value_reaches_a_command_as_it_is(tmp_path: Path) -> None:
    words = shell.line("printf", "%s\\0", *HOSTILE)
    assert tuple(run(words, tmp_path).split("\0")[:-1]) == HOSTILE


def test_every_text_reaches_its_file_as_it_is_but_for_final_line_breaks(tmp_path: Path) -> None:
    script = [f"work={tmp_path}", shell.functions(["document"])]
    script += [shell.file(f"file-{number}", text, "JSON") for number, text in enumerate(HOSTILE)]
    run("\n".join(script), tmp_path)
    kept = [(tmp_path / f"file-{number}").read_bytes().decode() for number in range(len(HOSTILE))]
    assert kept == [text.rstrip("\n") for text in HOSTILE]


def test_comments_stay_comments_and_show_control_characters(tmp_path: Path) -> None:
    text = shell.comment(*HOSTILE)
    assert run(f"{text}\nprintf ok", tmp_path) == "ok"
    assert "\x1b" not in text
    assert text.count("\n") == len(HOSTILE) - 1


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30))
@settings(max_examples=30, deadline=None)
def test_a_here_document_ends_where_it_should(text: str) -> None:
    body = shell.here_document(text, "JSON")
    first, *_, last = body.split("\n")
    assert first == f"<<'{last}'"
    assert last not in text.split("\n")


@pytest.mark.parametrize("use", [shell.quoted, lambda text: shell.file("x", text, "JSON")])
def test_a_nul_is_an_error_rather_than_a_shorter_text(use: object) -> None:
    with pytest.raises(ValueError, match="NUL"):
        use("a\x00b")  # type: ignore[operator]  # one of the two functions above


POLICY = {"Version": "2012-10-17", "Statement": [{"Sid": "A", "Action": ["ecr:ReplicateImage"], "Resource": "*"}]}


@pytest.mark.parametrize(
    ("now", "alike"),
    [
        (json.dumps(POLICY, indent=4), True),
        (json.dumps(POLICY, separators=(",", ":"), sort_keys=True), True),
        (json.dumps(POLICY).replace('["ecr:ReplicateImage"]', '"ecr:ReplicateImage"'), True),
        (json.dumps(json.dumps(POLICY, indent=1)), True),
        (json.dumps(POLICY).replace("Replicate", "Put"), False),
        (json.dumps(POLICY).replace('"Sid": "A", ', ""), True),
        ("", False),
    ],
)
def test_texts_are_alike_whatever_their_blanks_and_order(tmp_path: Path, now: str, alike: bool) -> None:
    (tmp_path / "now").write_text(now)
    (tmp_path / "wanted").write_text(json.dumps(POLICY, indent=2))
    script = f"set -euo pipefail\nwork={tmp_path}\n{shell.functions(['alike'])}\nif alike wanted; then echo yes; fi"
    assert run(script, tmp_path) == ("yes\n" if alike else "")


def test_texts_are_alike_where_policies_are_the_same(tmp_path: Path) -> None:
    """The guard of a script knows every spelling of the canonical form, but for statements that were split."""
    spelled = {name: pair for name, pair in EQUAL.items() if not name.startswith(("split", "names of"))}
    pairs = [*spelled.values(), *(pair for name, pair in DIFFERENT.items() if name != "partition")]
    lines = ["set -euo pipefail", f"work={tmp_path}", shell.functions(["alike"])]
    for number, (one, other) in enumerate(pairs):
        (tmp_path / f"{number}-now").write_text(one)
        (tmp_path / f"{number}-wanted").write_text(other)
        lines += [f'cp "$work/{number}-now" "$work/now"', f"if alike {number}-wanted; then echo {number}; fi"]
    assert [int(number) for number in run("\n".join(lines), tmp_path).split()] == list(range(len(spelled)))
