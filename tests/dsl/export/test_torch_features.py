"""Exported PyTorch optimizers do what PyTorch's own are tested for, as the documentation states."""

from pathlib import Path

import pytest

from dsl.zoo import ZOO
from tests.support.everyday import each
from tests.support.odd_programs import ODD

pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.lightly_compiled]

PAGE = Path(__file__).parents[3] / "docs" / "exports.md"
DAILY = {"adamw", "lion", "nadam", "oasis", "sophia_g", "sps_max", "soap", "ai_sarah", "galore"}
KNOWN = (
    *("does not support", "unexpected keyword argument", "reads the loss", "no rate"),
    *("no learning rate", "needs a closure", "only supports tensor"),
)
"""Parts of the words that say why a rule has no such feature."""
ALMOST = {"no_rate", "sharpness", "noisy", "traded"}
"""Programs beside the zoo that differ from it where features meet them."""


@pytest.mark.parametrize("name", each(ZOO, DAILY))
def test_a_rule_supports_what_the_page_says(name):
    from tests.support.exports_page import claimed
    from tests.support.torch_features import FEATURES, outcome

    stated = claimed(PAGE.read_text())
    assert list(stated) == list(FEATURES)
    for called in FEATURES:
        assert outcome(called, name) == stated[called].get(name), called


@pytest.mark.parametrize("name", each(sorted(ODD), ALMOST))
def test_any_rule_works_or_is_refused(name):
    from tests.support.torch_features import FEATURES, outcome

    for called in FEATURES:
        words = outcome(called, name)
        assert words is None or any(known in words for known in KNOWN), (called, words)
