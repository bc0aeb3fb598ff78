"""Every optimizer of the installed libraries is in the zoo or on the list of those left, and the
page says so."""

from pathlib import Path

import pytest

from dsl.zoo import ENTRIES

pytest.importorskip("pytorch_optimizer")
pytestmark = pytest.mark.torch

from tests.support import coverage, coverage_page  # noqa: E402

PAGE = Path(__file__).parents[3] / "docs" / "coverage.md"


@pytest.mark.parametrize("library", coverage.LIBRARIES)
def test_every_optimizer_of_a_library_is_listed_once(library):
    offered, compared = set(coverage.offered(library)), set(coverage.compared(library))
    beside, left = set(coverage.BESIDE[library]), set(coverage.LEFT[library])
    assert [one.name for one in coverage.known(library)] == sorted(offered)
    assert beside | left <= offered
    assert not beside & left and not (beside | left) & compared


@pytest.mark.parametrize("library", coverage.LIBRARIES)
def test_rules_that_stand_for_an_optimizer_are_in_the_zoo(library):
    named = [rule for one in coverage.known(library) for rule in one.rules]
    assert set(named) <= set(ENTRIES)
    assert all(one.rules or one.note for one in coverage.known(library))


def test_a_new_optimizer_of_a_library_is_missed(monkeypatch):
    offered = coverage.offered("optax")
    monkeypatch.setattr(coverage, "offered", lambda _: [*offered, "brand_new"])
    with pytest.raises(KeyError, match="optax.brand_new: neither in the zoo"):
        list(coverage.known("optax"))


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == coverage_page.page()
