"""The rate at which Python looks for cycles while a campaign runs."""

import gc

import pytest

from search.campaign.cycles import OBJECTS, seldom_collected


@pytest.fixture(autouse=True)
def as_before():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_cycles_are_looked_for_seldom_and_then_as_before():
    gc.set_threshold(700, 10, 10)
    with seldom_collected():
        assert gc.get_threshold() == (OBJECTS, 10, 10)
    assert gc.get_threshold() == (700, 10, 10)


def test_a_failure_leaves_all_as_it_was():
    gc.set_threshold(700, 10, 10)
    with pytest.raises(ValueError, match="a reason"), seldom_collected():
        raise ValueError("a reason")
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("own", [(0, 10, 10), (10 * OBJECTS, 5, 5)])
def test_who_looks_more_seldom_still_or_never_goes_on_so(own):
    gc.set_threshold(*own)
    with seldom_collected():
        assert gc.get_threshold() == own
