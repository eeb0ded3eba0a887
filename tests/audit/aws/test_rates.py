"""The adaptive limit, on a clock that the test turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.aws.calls import RateLimit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_limited_before_the_first_throttling() -> None:
    clock = Clock()
    limit = RateLimit(clock)
    assert [limit.reserve() for _ in range(1000)] == [0.0] * 1000
    assert limit.rate is None


def throttled_at(per_second: int) -> tuple[RateLimit, Clock]:
    clock = Clock()
    limit = RateLimit(clock)
    for number in range(per_second * 2):
        clock.now = number / per_second
        limit.reserve()
    limit.throttled()
    return limit, clock


def test_the_first_throttling_sets_a_rate_below_the_measured_one() -> None:
    limit, _ = throttled_at(100)
    assert limit.rate == pytest.approx(70, rel=0.1)


def test_a_burst_of_refusals_counts_once() -> None:
    limit, _ = throttled_at(100)
    before = limit.rate
    for _ in range(20):
        limit.throttled()
    assert limit.rate == before


def test_places_are_given_out_at_the_rate() -> None:
    limit, _ = throttled_at(100)
    assert limit.rate is not None
    waits = [limit.reserve() for _ in range(10)]
    assert waits == pytest.approx([number / limit.rate for number in range(1, 11)])


def test_answers_speed_it_up_until_it_is_no_limit_any_more() -> None:
    limit, _ = throttled_at(20)
    before = limit.rate
    limit.answered()
    assert before is not None
    assert limit.rate is not None
    assert limit.rate > before
    for _ in range(50_000):
        limit.answered()
    assert limit.rate is None


@given(st.lists(st.tuples(st.sampled_from(["send", "throttle", "answer"]), st.floats(0.0, 3.0)), max_size=60))
def test_whatever_happens_a_wait_is_finite_and_a_rate_positive(events: list[tuple[str, float]]) -> None:
    clock = Clock()
    limit = RateLimit(clock)
    for event, seconds in events:
        clock.now += seconds
        if event == "throttle":
            limit.throttled()
        elif event == "answer":
            limit.answered()
        else:
            assert 0.0 <= limit.reserve() <= 2.0 * len(events)
        assert limit.rate is None or limit.rate >= 0.5
