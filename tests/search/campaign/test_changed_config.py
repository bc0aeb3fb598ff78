"""A run goes on with a config that differs in what decides nothing, or in a larger budget; any
other difference is named, and so is what may differ."""

import copy
from pathlib import Path

import pytest

from search.campaign import events
from search.config import Config, check_same
from search.config.resuming import marks, may_change
from search.errors import ConfigChanged
from search.run import run_campaign
from tests.support.fakes import config, fake_worker


class Stop(BaseException):
    """Ends a campaign from an observer, as Ctrl-C would."""


def leaves(plain, path=""):
    """The keys of plain data that hold no others, by their path."""
    for key, value in plain.items():
        inner = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value:
            yield from leaves(value, inner)
        else:
            yield inner


def changed(plain, path, value):
    """Plain data with another value at a path."""
    made = copy.deepcopy(plain)
    *above, last = path.split(".")
    node = made
    for key in above:
        node = node[key]
    node[last] = value
    return made


KINDS = [{"kind": "recombination"}, {"kind": "regularized_evolution", "population": 8}]
EVERY = {path: kind for kind in KINDS for path in leaves(config(strategy=kind).comparable())}
FREE = sorted(set(leaves(config().resolved())) - set(leaves(config().comparable())))
LARGER = ["budget.candidates", "budget.score", "budget.steps"]


def test_what_may_change_is_said_in_a_sentence():
    assert may_change(Config) == (
        "change workers, cluster, budget.seconds, evaluation.batch, evaluation.timeout and, "
        "without final.meta_validation, final.watch, and raise budget.candidates, budget.steps "
        "and budget.score"
    )
    assert {path for path, _ in marks(Config)} == {*FREE, *LARGER, "cluster"}


def test_a_key_that_decides_what_is_found_stays_as_it_was():
    for path in set(EVERY) - set(LARGER):
        now = config(strategy=EVERY[path])
        stored = changed(now.comparable(), path, "another")
        with pytest.raises(ConfigChanged) as caught:
            check_same(stored, now, Path("runs/tiny"))
        first, cure = str(caught.value).splitlines()
        was, now_says = first.split(", the config now says ")
        assert was.startswith(f"ConfigChanged: runs/tiny was started with {path} = ")
        assert "another" in was and "another" not in now_says
        assert "change it back, or start another run with --out DIR" in cure
        assert [key for key in FREE + LARGER if key not in cure] == []


def test_a_value_said_in_another_way_is_the_same():
    now = config(screen={"keep": 0.5, "after": [1, 2]})
    check_same(changed(now.comparable(), "screen.keep", 0.5), now, Path("runs/tiny"))
    with pytest.raises(ConfigChanged, match=r"screen.keep = \[0.4, 0.4\], the config now says"):
        check_same(changed(now.comparable(), "screen.keep", 0.4), now, Path("runs/tiny"))


@pytest.mark.parametrize(
    ("path", "less", "more"),
    [
        ("budget.candidates", 59, 60),
        ("budget.score", 1.1, 1.2),
        ("budget.score", 1.1, None),
        ("budget.steps", 600, 700),
        ("budget.steps", 600, None),
    ],
)
def test_a_budget_grows_and_does_not_shrink(path, less, more):
    made = [changed(config().resolved(), path, value) for value in (less, more)]
    small, large = map(Config.model_validate, made)
    check_same(small.comparable(), large, Path("runs/tiny"))
    with pytest.raises(ConfigChanged, match="the budget of a run may grow, not shrink") as caught:
        check_same(large.comparable(), small, Path("runs/tiny"))
    assert f"was started with {path} = " in str(caught.value)


def test_what_decides_nothing_may_change_while_a_run_is_interrupted(tmp_path):
    undisturbed = run_campaign(config(), tmp_path / "undisturbed", make_worker=fake_worker)

    def stop(event):
        if isinstance(event, events.VerdictEntered) and event.progress.judged == 25:
            raise Stop

    with pytest.raises(Stop):
        run_campaign(config(), tmp_path / "run", stop, fake_worker)
    other = config(
        evaluation={"generation": 20, "batch": 3, "timeout": 7.0},
        budget={"candidates": 60, "seconds": 1e6},
    )
    again = run_campaign(other, tmp_path / "run", make_worker=fake_worker)
    assert again.content_hash == undisturbed.content_hash
