"""A start has the rates of its sweep, which the next campaign finds in the cache."""

import pytest

from search.campaign import events
from search.ledger import reading
from search.pool.worker import CampaignWorker
from search.run import run_campaign
from tests.support.fakes import FakeEvaluator, config, fake_tune

RATES = {"lion": {"digits": 0.011}, "sgd": {"digits": 0.022}}


class Sweeps:
    """Counts sweeps, and gives each rule rates of its own."""

    def __init__(self):
        self.rules = []

    def __call__(self, program, *how):
        self.rules.append(program.name)
        return RATES[program.name]


@pytest.fixture
def campaign(tmp_path):
    def run(folder, sweeps, **changes):
        tried = {}

        class Noting(FakeEvaluator):
            def evaluate(self, program, seeds, rates, early):
                tried.setdefault(program.name, rates)
                return super().evaluate(program, seeds, rates, early)

        settings = config(start=["adamw", "lion", "sgd"], budget={"candidates": 5}, **changes)
        run_campaign(
            settings,
            tmp_path / folder,
            make_worker=lambda: CampaignWorker(Noting, fake_tune, sweeps),
            cache_folder=tmp_path / "cache",
        )
        return tried

    return run


def test_starts_are_judged_at_the_rates_of_their_sweep_and_the_baseline_at_its_own(campaign):
    sweeps = Sweeps()
    tried = campaign("run", sweeps)
    assert sweeps.rules == ["lion", "sgd"]
    assert [tried[name] for name in ("c0", "c1", "c2")] == [{"digits": 2e-3}, *RATES.values()]


def test_a_campaign_stopped_while_it_tunes_its_starts_goes_on_with_the_next(tmp_path):
    class Stop(BaseException):
        pass

    def stop(event):
        if isinstance(event, events.TuningStarts) and event.done == 1:
            raise Stop

    starts, one = ["adamw", "lion", "sgd"], {"batch": 1}
    settings = config(start=starts, budget={"candidates": 5}, evaluation=one)
    sweeps = Sweeps()

    def worker():
        return CampaignWorker(FakeEvaluator, fake_tune, sweeps)

    with pytest.raises(Stop):
        run_campaign(settings, tmp_path / "run", stop, worker)
    result = run_campaign(settings, tmp_path / "run", make_worker=worker)
    assert sweeps.rules == ["lion", "sgd"]
    whole = run_campaign(settings, tmp_path / "whole", make_worker=worker)
    assert result.content_hash == whole.content_hash


def test_the_ledger_and_the_cache_hold_what_was_found(campaign, tmp_path):
    campaign("run", Sweeps())
    with reading(tmp_path / "run") as ledger:
        assert [start.rates for start in ledger.starts[1:]] == list(RATES.values())
    again, other = Sweeps(), Sweeps()
    assert campaign("again", again) == campaign("run2", again)
    assert again.rules == []
    campaign("other", other, tasks=[{"name": "digits", "steps": 21}])
    assert other.rules == ["lion", "sgd"]
