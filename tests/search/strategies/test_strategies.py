import pytest

from dsl.zoo import ZOO
from evaluators.seeds import candidate_rng
from search.mutation import Mutator, PrimitiveSampler, SearchSpace
from search.strategies import STRATEGIES

SPACE = SearchSpace(PrimitiveSampler({"sign": 1.0, "add": 1.0}), statements=30, slots=4)
MUTATOR = Mutator(SPACE, {"insert": 1, "delete": 1})


def make(kind, **options):
    declared = STRATEGIES[kind]
    return declared(declared.options_type(kind=kind, **options), ZOO["adamw"], MUTATOR)


def play(strategy, count, score):
    strategy.tell(0, strategy.start, 0.5)
    asked = []
    for index in range(1, count):
        proposal = strategy.ask(index, candidate_rng(0, index), f"c{index}")
        strategy.tell(index, proposal.program, score(index))
        asked.append(proposal)
    return asked


@pytest.mark.parametrize("kind", STRATEGIES)
def test_told_the_same_a_strategy_asks_the_same(kind):
    def score(index):
        return None if index % 7 == 0 else (index * 37 % 100) / 100

    assert play(make(kind), 60, score) == play(make(kind), 60, score)


def test_the_population_keeps_its_size_and_loses_its_oldest():
    strategy = make("regularized_evolution", population=5, tournament=2)
    play(strategy, 20, lambda index: 0.1)
    alive = [strategy.elite(place) for place in range(6)]
    assert [each and each[0] for each in alive] == [19, 18, 17, 16, 15, None]


def test_a_tournament_of_many_finds_the_best_alive():
    strategy = make("regularized_evolution", population=10, tournament=100)
    asked = play(strategy, 14, lambda index: 1.0 if index == 4 else 0.2)
    assert {proposal.parent for proposal in asked[4:]} == {4}


def test_a_program_without_a_score_loses_to_any_other():
    strategy = make("regularized_evolution", population=4, tournament=50)
    asked = play(strategy, 4, lambda index: None)
    assert {proposal.parent for proposal in asked} == {0}


def test_random_search_always_starts_from_the_start():
    strategy = make("random_search", changes=3)
    asked = play(strategy, 30, lambda index: float(index))
    assert {proposal.parent for proposal in asked} == {0}
    assert {proposal.mutation.detail.count(",") for proposal in asked} == {0, 1, 2}


def test_the_best_alive_are_measured_again_and_keep_the_mean():
    strategy = make("regularized_evolution", population=10, tournament=100)
    play(strategy, 14, lambda index: 1.0 if index == 4 else index / 100)
    number, program = strategy.elite(0)
    assert number == 4 and program.name == "c4"
    assert [strategy.elite(place)[0] for place in (1, 2)] == [13, 12]
    assert strategy.elite(10) is None
    strategy.again(4, [0.2, 0.05])
    assert [strategy.elite(place)[0] for place in (0, 1, 2)] == [13, 4, 12]
    strategy.again(4, [0.2, 0.05, None])
    assert [strategy.elite(place)[0] for place in (0, 1)] == [13, 12]
    assert make("random_search").elite(0) is None
