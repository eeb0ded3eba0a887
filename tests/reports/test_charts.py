"""Pictures leave no link out, tell every way without colour, and stay XML whatever accounts are called."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import islice, product
from xml.etree import ElementTree

import pandas as pd
import pytest

from checks.model import Severity
from reports.charts import gauges, map, matrix, trend
from reports.charts.link_styles import STYLES
from reports.history import TrendPoint
from reports.topology import Link, LinkState, Load, Topology, topology_of

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"><script>alert(1)</script>\u202e]]>&amp;\x00'


def topology(sources: int, destinations: int, links: int) -> Topology:
    left = [(f"1{number:011d}", "eu-west-1") for number in range(sources)]
    right = [(f"2{number:011d}", "eu-central-1") for number in range(destinations)]
    ways = list(LinkState)
    pairs = islice(product(left, right), links)
    drawn = tuple(Link(one, other, ways[number % len(ways)]) for number, (one, other) in enumerate(pairs))
    loads = tuple(Load(place, number, 25) for number, place in enumerate(left))
    return Topology(drawn, loads, {left[0][0]: HOSTILE, right[0][0]: "backup-vault"})


def marks(picture: str) -> Counter[str]:
    """How often each way's mark stands alone in the picture."""
    known = {style.mark for style in STYLES.values()}
    return Counter(node.text for node in ElementTree.fromstring(picture).iter(f"{SVG}text") if node.text in known)


def test_a_small_organization_gets_a_map_with_a_mark_on_every_link_that_is_not_open():
    drawn = topology(4, 4, 16)
    assert map.fits(drawn)
    found = marks(map.draw(drawn))
    assert found == {STYLES[way].mark: count for way, count in drawn.counts.items() if way is not LinkState.OPEN}


@pytest.mark.parametrize(("sources", "destinations"), [(1, 1), (8, 8), (150, 50), (3, 200), (200, 3)])
def test_a_matrix_of_any_size_has_every_link_once(sources: int, destinations: int):
    drawn = topology(sources, destinations, sources * destinations)
    found = sum((marks(picture) for picture in matrix.draw(drawn)), Counter())
    assert found == {STYLES[way].mark: count for way, count in drawn.counts.items() if count}


def test_a_matrix_of_what_is_wrong_keeps_every_wrong_link():
    drawn = topology(20, 20, 57)
    found = sum((marks(picture) for picture in matrix.draw(drawn, only_wrong=True)), Counter())
    wrong = {STYLES[way].mark: count for way, count in drawn.counts.items() if way is not LinkState.OPEN}
    assert {mark: found[mark] for mark in wrong} == wrong


def test_too_many_registries_do_not_fit_a_map():
    assert not map.fits(topology(150, 50, 400))


def test_every_way_looks_different_without_colour():
    assert len({style.mark for style in STYLES.values()}) == len(LinkState)
    assert len({style.dashes for style in STYLES.values()}) == len(LinkState)


def test_names_stay_text():
    drawn = topology(3, 3, 9)
    points = [TrendPoint(dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC), dict.fromkeys(Severity, 0), 0, True)]
    for picture in (map.draw(drawn), *matrix.draw(drawn), gauges.draw(drawn), trend.draw(points)):
        assert "<script" not in picture
        assert "\u202e" not in picture
        assert ElementTree.fromstring(picture).get("aria-label")


def test_gauges_tell_full_and_nearly_full_in_words():
    places = [(f"{number:012d}", "eu-west-1") for number in range(4)]
    loads = tuple(Load(place, used, 25) for place, used in zip(places, (26, 20, 3, None), strict=True))
    texts = [node.text for node in ElementTree.fromstring(gauges.draw(Topology((), loads, {}))).iter(f"{SVG}text")]
    assert [text for text in texts if "of 25" in (text or "") or text == "unknown"] == [
        "✘ 26 of 25", "▲ 20 of 25", "3 of 25", "unknown"
    ]  # fmt: skip


LINK = {"source_account": "1" * 12, "source_region": "eu-west-1", "destination_account": "2" * 12,
        "destination_region": "eu-west-1", "present": True, "cross_account": True, "missing_prefixes": "[]",
        "grant_given": True, "grant_covers_rule": True, "create_covered": True, "absent_repository_count": 0,
        "destination_region_valid": True, "inactive_accounts": "[]", "regions_not_enabled": "[]"}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "way"),
    [
        ({}, LinkState.OPEN),
        ({"present": None}, LinkState.UNKNOWN),
        ({"present": False, "grant_given": False}, LinkState.MISSING),
        ({"grant_given": False}, LinkState.BLOCKED),
        ({"grant_given": False, "cross_account": False}, LinkState.OPEN),
        ({"inactive_accounts": '["222222222222 (CLOSED)"]'}, LinkState.BLOCKED),
        ({"regions_not_enabled": '["222222222222/eu-west-1 (DISABLED)"]'}, LinkState.BLOCKED),
        ({"destination_region_valid": False}, LinkState.BLOCKED),
        ({"inactive_accounts": None, "regions_not_enabled": None}, LinkState.OPEN),
        ({"grant_given": None}, LinkState.UNKNOWN),
        ({"missing_prefixes": '[""]'}, LinkState.PARTIAL),
        ({"missing_prefixes": None}, LinkState.UNKNOWN),
        ({"uncovered_prefixes": '["prod/"]'}, LinkState.PARTIAL),
        ({"uncreatable_repository_count": 2}, LinkState.PARTIAL),
        ({"uncreatable_repository_count": None}, LinkState.OPEN),
        ({"uncovered_prefixes": None}, LinkState.OPEN),
    ],
)
def test_how_a_link_stands(changes: dict[str, object], way: LinkState):
    registries = pd.DataFrame([{"account": "1" * 12, "region": "eu-west-1", "is_source": True,
                                "destinations_needed": 3, "destinations_limit": 25}])  # fmt: skip
    found = topology_of(pd.DataFrame([{**LINK, **changes}]), registries, {})
    assert [link.state for link in found.links] == [way]
    assert found.loads == (Load(("1" * 12, "eu-west-1"), 3, 25),)
