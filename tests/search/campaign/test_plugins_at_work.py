"""A plug-in that fails in a campaign, or gives what it must not, is named at its line."""

import pickle
from contextlib import closing

import numpy as np
import pytest

from dsl.errors import PluginFails, UnknownName
from dsl.language.registry import PRIMITIVES
from dsl.plugins import blamed, load
from dsl.run.namespace import NAMESPACE
from search.config import Config
from search.errors import CampaignFailed
from search.ledger import FILE, Ledger
from search.run import run_campaign
from tests.support.commands import run
from tests.support.fakes import config, fake_worker
from tests.support.plugins import CHANGE, SOFT_SIGN, forgotten


@pytest.fixture(autouse=True)
def _forgotten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("evaluators.training.environment.prepare_process", lambda: None)
    (tmp_path / "change.py").write_text(CHANGE)
    with forgotten():
        yield


def campaign(tmp_path, **changes) -> None:
    """A small campaign, run in `run`."""
    run_campaign(config(**changes), tmp_path / "run", make_worker=fake_worker)


def test_an_error_of_a_plug_in_at_work_is_said_at_its_line(tmp_path):
    text = CHANGE.replace("return None", "raise RuntimeError('not this time')")
    (tmp_path / "change.py").write_text(text)
    load("change.py")
    with pytest.raises(RuntimeError) as met:
        campaign(tmp_path, mutation={"nothing_at_all": 1e6})
    said = (
        "change.py:6: the kind of mutation 'nothing_at_all' fails with RuntimeError: not this time"
    )
    assert str(blamed(met.value)) == said
    with closing(Ledger.read(tmp_path / "run" / FILE)) as ledger:
        assert ledger.failure == said
    with pytest.raises(AttributeError) as met:
        ledger.no_such_thing  # noqa: B018
    assert blamed(met.value) is None


def test_a_command_says_such_an_error_without_a_traceback(tmp_path):
    rule = "def broken():\n    return 1 / 0\n"
    text = "from dsl.zoo.entry import Dense, entry\n"
    text += f"@entry(paper='none', year=2026, reference=Dense())\n{rule}"
    (tmp_path / "rules.py").write_text(text)
    status, out, err = run("show", "broken", "--plugin", "rules.py")
    words = "rules.py:4: the zoo entry 'broken' fails with ZeroDivisionError: division by zero\n"
    assert (status, out, err) == (1, "", words)


WOBBLE = """from dsl.language.registry import primitive


@primitive("K -> K", torch="torch.sin({x})", latex="{x}")
def wobble(xp, x):
    if (x > 3).any():
        return x
    return xp.sin(x)
"""


def _wobbling(tmp_path, **changes) -> Config:
    (tmp_path / "wobble.py").write_text(WOBBLE)
    load("wobble.py")
    words = {"primitives": {"weights": {"wobble": 2.0}}, **changes}
    return config(**words, tasks=[{"name": "quadratic", "steps": 4}])


def test_a_primitive_that_cannot_be_trained_with_is_named_in_the_place_of_the_baseline(tmp_path):
    with pytest.raises(CampaignFailed) as met:
        run_campaign(_wobbling(tmp_path), tmp_path / "run")
    said, advice = str(met.value).splitlines()
    assert said.startswith(
        "CampaignFailed: wobble.py:6: the primitive 'wobble' fails with TracerBoolConversionError:"
    )
    assert "called by no start" in said
    assert "use xp.where" in advice and "`stepsmith primitives check wobble.py`" in advice
    (tmp_path / "own.rule").write_text("def own(w, g, *, lr=0.1):\n    return lr * wobble(g)\n")
    with pytest.raises(CampaignFailed, match="; called by own"):
        run_campaign(_wobbling(tmp_path, start="own.rule"), tmp_path / "other")


def test_all_that_happens_below_a_primitive_is_its_fault(tmp_path):
    (tmp_path / "wobble.py").write_text(WOBBLE.replace("xp.sin(x)", "xp.no_such_function(x)"))
    load("wobble.py")
    with pytest.raises(AttributeError) as met:
        PRIMITIVES["wobble"].meaning(NAMESPACE, 1.0 * np.ones(2))
    fault = blamed(met.value)
    assert fault is not None and fault.primitive == "wobble"
    again = pickle.loads(pickle.dumps(fault))
    assert (str(again), again.declared) == (str(fault), fault.declared)


STRATEGY = """from search.mutation.mutator import Mutation
from search.strategies.base import Options, Proposal, Strategy, strategy


class OneOptions(Options):
    kind: str = "one"


@strategy("one", OneOptions)
class One(Strategy[OneOptions]):
    def ask(self, number, rng, name):
        child, change = self.breeder.mutate(self.starts[0], rng, name)
        return Proposal(child, 0, change)

    def tell(self, judged):
        pass
"""


def _met_with(tmp_path, was: str, instead: str) -> str:
    """The failure of a campaign with a strategy that is otherwise in a line, as the run has it."""
    assert STRATEGY.count(was) == 1
    (tmp_path / "one.py").write_text(STRATEGY.replace(was, instead))
    with forgotten():
        load("one.py")
        with pytest.raises(Exception) as met:  # noqa: B017, PT011
            campaign(tmp_path, strategy={"kind": "one"})
        said = (blamed(met.value) or met.value).message  # pyright: ignore
    with closing(Ledger.read(tmp_path / "run" / FILE)) as ledger:
        assert ledger.failure == said
    (tmp_path / "run" / FILE).unlink()
    return said


def test_what_a_strategy_gives_wrongly_is_said_at_its_line(tmp_path):
    gives = "one.py:11: the strategy 'one' gives "
    last, ask = "return Proposal(child, 0, change)", "def ask(self, number, rng, name):"
    for instead, said in (
        ("return child", "Program for candidate 1, wanted a Proposal"),
        ("pass", "None for candidate 1, wanted a Proposal"),
        ("return Proposal(child, 7, change)", "7 for candidate 1, wanted a parent from 0 to 0"),
        ("return Proposal(child, 0, 'change')", "'change' for candidate 1, wanted a Mutation as"),
        ("return Proposal(child, 0, Mutation('k', 1))", "1 for candidate 1, wanted texts in"),
    ):
        assert _met_with(tmp_path, last, instead).startswith(gives + said)
    elite = "def elite(self, place):\n        return 3\n\n    "
    assert _met_with(tmp_path, ask, f"{elite}{ask}") == (
        "one.py:11: the strategy 'one' gives 3 for candidate 20, wanted a number and a Program, "
        "or None"
    )
    kept = (
        "def __init__(self, *given):\n        super().__init__(*given)\n        self.best = 0\n\n"
    )
    assert _met_with(tmp_path, ask, f"{kept}    {ask}") == (
        "one.py:11: the strategy 'one' has a state that cannot be stored: One keeps best, and has "
        "no state()"
    )
    state = "def state(self):\n        return {1, 2}\n\n    "
    assert "one.py:11: the strategy 'one' has a state that cannot be stored: set is" in _met_with(
        tmp_path, ask, state + ask
    )


def test_what_a_strategy_calls_wrongly_is_said_at_both_places(tmp_path):
    said = _met_with(tmp_path, "mutate(self.starts[0]", "mutate(None")
    assert said.startswith("one.py:12: the strategy 'one' fails with AttributeError: 'NoneType'")
    assert " (raised at search.mutation.editor:" in said
    said = _met_with(tmp_path, "child, change =", "from dsl import parse; parse('def f(w):')\n#")
    assert said.startswith("one.py:12: the strategy 'one' fails with FormError: ")


def test_a_candidate_has_its_name_and_parent_whatever_the_strategy_calls_them(tmp_path):
    wrong = "import numpy\n        return Proposal(self.starts[0], numpy.int64(0), change)"
    (tmp_path / "one.py").write_text(STRATEGY.replace("return Proposal(child, 0, change)", wrong))
    load("one.py")
    campaign(tmp_path, strategy={"kind": "one"})
    with closing(Ledger.read(tmp_path / "run" / FILE)) as ledger:
        rows = [row.candidate for row in ledger.rows()]
    assert all(row.text.startswith(f"def c{row.number}(") for row in rows)
    assert {type(row.parent) for row in rows[1:]} == {int}


def test_a_change_without_words_is_refused(tmp_path):
    (tmp_path / "change.py").write_text(CHANGE.replace("return None", "return 7"))
    load("change.py")
    with pytest.raises(PluginFails) as met:
        campaign(tmp_path, mutation={"nothing_at_all": 1e6})
    assert met.value.message.startswith(
        "change.py:4: the kind of mutation 'nothing_at_all' gives 7, wanted words"
    )


def test_a_change_that_makes_no_program_is_its_own_fault(tmp_path):
    editing = "editor.insert(0, 'no_such_word', ())\n    return 'x'"
    (tmp_path / "change.py").write_text(CHANGE.replace("return None", editing))
    load("change.py")
    with pytest.raises(UnknownName) as met:
        campaign(tmp_path, mutation={"nothing_at_all": 1e6})
    fault = blamed(met.value)
    assert fault is not None and fault.message.startswith(
        "change.py:6: the kind of mutation 'nothing_at_all' fails with UnknownName: unknown"
    )


def test_words_of_another_shape_than_they_state_are_refused_at_first_use(tmp_path):
    whole = SOFT_SIGN.replace("return x / (1 + xp.abs(x))", "return xp.sum(x)")
    start = """
from dsl.language.initialisers import initialiser
from dsl.language.kinds import Kind


@initialiser(Kind.TENSOR, torch="{w}")
def three(xp, w):
    return xp.zeros(3)
"""
    (tmp_path / "whole.py").write_text(whole + start)
    (tmp_path / "one.rule").write_text("def one(w, g):\n    return soft_sign(g)\n")
    (tmp_path / "two.rule").write_text("def two(w, g, m=three()):\n    m = m + g\n    return m\n")
    status, _, err = run("show", "one.rule", "--plugin", "whole.py")
    assert status == 1 and err.startswith(
        "whole.py:6: the primitive 'soft_sign' gives the shape [] for a parameter of shape [3], "
        "wanted [3], that of a Tensor\n"
    )
    status, _, err = run("show", "two.rule", "--plugin", "whole.py")
    assert status == 1 and err.startswith("whole.py:21: the initialiser 'three' gives the shape")
