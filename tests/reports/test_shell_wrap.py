"""Breaking lines for a page changes nothing that a shell, a JSON reader or a JMESPath reader can see."""

from __future__ import annotations

import json
import subprocess

import jmespath  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.shell_wrap import fit


def _run(script: str) -> tuple[str, int]:
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=10, check=False)
    return done.stdout + done.stderr, done.returncode


SCRIPTS = {
    "words": "printf '<%s>' aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk llll mmmm nnnn",
    "single quotes": "  printf '<%s>' 'one word that is longer than the page is wide, with many blanks in it' x",
    "double quotes": 'v=1; printf "<%s>" "one word that is longer than the page is wide, with $v and blanks" x',
    "substitution": "printf '<%s>' \"$(printf '%s ' 'quoted inside of a substitution and long')\" and a few more words",
    "comment at the end": "printf x # a comment that reaches over the end of the line and much further than that",
    "comment": "# a comment that reaches over the end of the line and much further than that\nprintf x",
    "and or": "false || { printf 'wrong account: nothing done\\n' >&2; printf x; } && true && printf done; exit 3",
    "escapes": "printf '<%s>' a\\ b \"c\\\"d e\" 'it'\\''s a long line with quotes of every kind' and\\ an\\ end",
    "continued": "printf '<%s>' aaaa bbbb \\\n  cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk llll mmmm",
    "text kept": "cat <<'TEXT'\nwords that are kept letter by letter, however long their line may be\n\nTEXT\nprintf x",
    "quote over lines": "printf '%s' 'first line of a quotation that is long enough to want breaking\nsecond one'",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_do_the_same(name: str) -> None:
    page = fit(SCRIPTS[name], 40, 50)
    assert _run(page.text) == _run(SCRIPTS[name])


@pytest.mark.parametrize("name", ["words", "single quotes", "double quotes", "comment", "and or", "continued"])
def test_lines_fit(name: str) -> None:
    page = fit(SCRIPTS[name], 40, 50)
    assert page.whole
    assert max(len(line) for line in page.text.split("\n")) <= 40


@pytest.mark.parametrize("name", ["text kept", "quote over lines"])
def test_what_cannot_be_broken_is_told(name: str) -> None:
    assert not fit(SCRIPTS[name], 40, 50).whole


def test_documents_mean_the_same() -> None:
    value = {"Statement": [{"Sid": "Allow, and: more", "Action": ["ecr:ReplicateImage", "ecr:CreateIt"], "n": 1}]}
    query = 'rules[?a == `{"x":[1,2],"y":"a, b"}` && b != \'c, d\' && length(destinations) > `0`] | length(@) > `0`'
    script = f"cat <<'JSON'\n{json.dumps(value)}\nJSON\ncat <<'QUERY2'\n{query}\nQUERY2"
    page = fit(script, 44, 50)
    assert page.whole
    document, question = page.text.split("cat <<'QUERY2'\n")
    assert json.loads(document.removeprefix("cat <<'JSON'\n").removesuffix("\nJSON\n")) == value
    found = question.removesuffix("\nQUERY2")
    assert "\n" in found
    assert jmespath.compile(found).parsed == jmespath.compile(query).parsed


def test_nothing_can_come_between_the_lines_of_a_block() -> None:
    """What a page break puts between blocks is a comment, so blocks with comments between them do the same."""
    for script in SCRIPTS.values():
        page = fit(script, 40, 50)
        assert _run("\n# page 7 of 12\n".join(page.blocks)) == _run(script)


def test_a_block_longer_than_a_page_is_told() -> None:
    script = "cat <<'JSON'\n" + "\n".join(["[", *["1,"] * 80, "1]"]) + "\nJSON"
    assert fit(script, 40, 100).whole
    assert not fit(script, 40, 60).whole


def test_nothing_stays_nothing() -> None:
    assert fit("", 40, 50).count == 0
    assert fit("one", 40, 50).count == 1


_WORD = st.text(st.sampled_from("ab '\"\\$`#|;&"), max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(_WORD, min_size=1, max_size=6))
def test_any_quoted_words_arrive_unchanged(words: list[str]) -> None:
    import shlex

    script = "printf '<%s>\\n' " + " ".join(shlex.quote(word) for word in words)
    assert _run(fit(script, 24, 50).text) == _run(script)
