"""Exported optimizers do what those of their hosts are tested for, as the documentation states."""

from pathlib import Path

import pytest

from dsl.zoo import ZOO
from tests.support.everyday import each
from tests.support.exports_page import HOSTS, claimed, features_of
from tests.support.odd_programs import ODD

pytestmark = pytest.mark.lightly_compiled

PAGE = Path(__file__).parents[3] / "docs" / "exports.md"
DAILY = {
    "PyTorch": {
        *("adamw", "lion", "nadam", "oasis", "sophia_g", "sps_max", "soap", "ai_sarah", "galore"),
    },
    "Optax": {"adamw", "adan", "momentum_8bit", "sophia_g", "sps_max", "local_sgd", "adafactor"},
}
"""Rules that meet features in ways of their own."""

KNOWN = (
    *("does not support", "unexpected keyword argument", "reads the loss", "has no rate"),
    *("no learning rate", "needs a closure", "only supports tensor", "has no weight decay"),
    *("starts at the values", "use automatic axes"),
)
"""Parts of the words that say why a rule has no such feature."""

ALMOST = {"PyTorch": {"no_rate", "sharpness", "noisy", "traded"}, "Optax": {"sharpness", "shadows"}}
"""Programs beside the zoo that differ from it where features meet them."""


def cases(names, daily):
    """Each host with each of the names, slow if not `daily` there."""
    return [
        pytest.param(host, *case.values, marks=[*case.marks, *_marks(host)])
        for host in HOSTS
        for case in each(names, daily[host])
    ]


def _marks(host):
    return [pytest.mark.torch] if host == "PyTorch" else []


def features(host):
    """The features of a host that is installed."""
    if host == "PyTorch":
        pytest.importorskip("torch")
    return features_of(host)


@pytest.mark.parametrize(("host", "name"), cases(ZOO, DAILY))
def test_a_rule_supports_what_the_page_says(host, name):
    tried, stated = features(host), claimed(PAGE.read_text(), host)
    assert list(stated) == list(tried)
    for called in tried:
        assert tried.outcome(called, name) == stated[called].get(name), called


@pytest.mark.parametrize(("host", "name"), cases(sorted(ODD), ALMOST))
def test_any_rule_works_or_is_refused(host, name):
    tried = features(host)
    for called in tried:
        words = tried.outcome(called, name)
        assert words is None or any(known in words for known in KNOWN), (called, words)
