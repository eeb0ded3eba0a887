"""Messages read like sentences, whatever a row holds."""

from __future__ import annotations

import pytest

from checks.engine.text import fields, render


@pytest.mark.parametrize(
    ("template", "row", "text"),
    [
        ("{a} and {b}", {"a": None, "b": 0}, "unknown and 0"),
        ("{a:,}", {"a": 12345}, "12,345"),
        ("{a:,}", {"a": None}, "unknown"),
        ("{a:names}", {"a": '["x","y"]'}, "x, y"),
        ("{a:names}", {"a": '[""]'}, "every repository"),
        ("{a:names}", {"a": "[]"}, "none"),
        ("{a:names}", {"a": ""}, "none"),
        ("{a:names}", {"a": None}, "unknown"),
        ("{a:names}", {"a": str(list("abcdefghij")).replace("'", '"')}, "a, b, c, d, e, f, g, h and 2 more"),
        ("{a:count image}", {"a": 1}, "1 image"),
        ("{a:count image}", {"a": 1000}, "1,000 images"),
        ("{a:count repository}", {"a": 0}, "0 repositories"),
        ("{a:count image}", {"a": None}, "unknown images"),
        ("{a:on or off}", {"a": True}, "on"),
        ("{a:on or off}", {"a": False}, "off"),
        ("{a:on or off}", {"a": None}, "unknown"),
        ("{a:prefixes}", {"a": '["prod/","dev"]'}, "prod/*, dev*"),
        ("{a:prefixes}", {"a": '[""]'}, "every repository"),
        ("{a:prefixes}", {"a": None}, "unknown"),
        ("it {a:if would allow else allows}", {"a": True}, "it would allow"),
        ("it {a:if would allow else allows}", {"a": False}, "it allows"),
        ("it {a:if would allow else allows}", {"a": None}, "it allows"),
        ("one{a:if ; two else }", {"a": False}, "one"),
        ("one{a:after ; missing in }", {"a": '["x","y"]'}, "one; missing in x, y"),
        ("one{a:after ; missing in }", {"a": "[]"}, "one"),
        ("one{a:after ; missing in }", {"a": None}, "one"),
        ("no{a:because}", {"a": "it rains"}, "no: it rains"),
        ("no{a:because}", {"a": ""}, "no"),
        ("no{a:because}", {"a": None}, "no"),
    ],
)
def test_values_are_told(template, row, text):
    assert render(template, row) == text


def test_a_template_says_which_columns_it_needs():
    assert fields("{b} {a:names} {b} {{c}} plain") == ("b", "a")


def test_a_missing_column_is_an_error():
    with pytest.raises(KeyError):
        render("{a}", {})


def test_a_list_that_is_none_is_an_error():
    with pytest.raises(ValueError, match="not a JSON array"):
        render("{a:names}", {"a": '{"b": 1}'})


def test_values_with_braces_are_not_templates():
    assert render("{a}", {"a": "${aws:username} {b}"}) == "${aws:username} {b}"
