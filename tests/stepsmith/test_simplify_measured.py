"""`stepsmith simplify --level measured`: real training on small tasks, and what it refuses."""

import json

import pytest

from dsl import parse
from tests.dsl.zoo.test_lion import WHOLE
from tests.support.commands import refused, run, working_in

TEXT = """
def noisy(w, g, m=zeros, *, lr=0.1, b1=0.9):
    x = g + 1e-7 * tanh(w)
    m = interp(x, m, b1)
    u = m * lr / sqrt(m * m)
    return u
"""
SUITE = """
suite: small
purpose: a quick look
tasks:
  - {name: quadratic, steps: 20}
"""


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """A folder with a rule and a suite."""
    files = {"noisy.rule": TEXT, "small.yaml": SUITE}
    with working_in(tmp_path_factory.mktemp("measured"), files) as folder:
        yield folder


MEASURED = ("--level", "measured")
SMALL = (*MEASURED, "--suite", "small.yaml", "--seeds", 4, "--evaluations", 60, "--margin", 0.2)


def simplified(*options):
    return run("simplify", "noisy.rule", *SMALL, "--workers", 0, *options)


@pytest.fixture(scope="module")
def found(surroundings):
    status, out, err = simplified("--json", "--explain")
    assert status == 0, err
    return json.loads(out), err


def test_what_no_task_sees_is_taken_away_after_the_laws(found):
    facts, err = found
    assert "tanh" not in facts["text"] and "sqrt" not in facts["text"]
    assert "lr" in parse(facts["text"]).hyperparameters
    assert [step["law"] for step in facts["chain"]][-1] == "a value over its magnitude"
    table = facts["measured"]
    assert facts["text"] == table["choices"][table["chosen"]]["text"]
    first, *others = table["choices"]
    assert "tanh" in first["text"] and first["difference"] is None
    assert others and all(each["edits"] and each["difference"] for each in others)
    assert (table["suite"], table["seeds"], table["fresh_seeds"]) == ("small", 4, 4)
    assert 0 < table["evaluations"] <= 60


def test_a_person_sees_the_table_and_how_far_it_is(found):
    facts, err = found
    assert "tuning adamw and noisy" in err and "small: 1 task, 4 fresh seeds" in err
    choices = facts["measured"]["choices"]
    assert all(f"{each['score']:.3f}" in err for each in choices)
    assert err.count("->") == 2, "one line of the table, and what the arrow is"


def test_the_same_again_is_the_same_and_a_size_that_is_not_there_is_refused(found):
    facts, before = found
    *err, last = refused("simplify", "noisy.rule", *SMALL, "--workers", 0, "--size", 1).splitlines()
    assert err[-3:] == before.splitlines()[-3:], "the table, and what it took"
    assert "adamw" not in err[0], "tunings are kept"
    least = min(each["statements"] + len(each["slots"]) for each in facts["measured"]["choices"])
    assert last == f"--size: nothing in the table is as small as 1, met {least}"


TASKS = (
    "quadratic_ill,deep_linear,wine,diabetes,digits_softmax,digits_long_tail,digits_split,"
    "digits_blurred"
)
"""The cheaper tasks of the suite, those among them on which momentum is worth something."""


@pytest.mark.slow
def test_the_raw_program_of_the_lion_paper_loses_its_clip_and_arcsin(surroundings):
    (surroundings / "whole.rule").write_text(WHOLE)
    status, out, err = run(
        "simplify", "whole.rule", *MEASURED, "--tasks", TASKS, "--workers", 0, "--json"
    )
    assert status == 0, err
    table = json.loads(out)["measured"]
    first, *others = (parse(each["text"]) for each in table["choices"])
    assert {"clip_by_global_norm", "arcsin"} < {each.op for each in first.statements}
    left = parse(json.loads(out)["text"])
    assert left in others and list(left.slots) == ["v"]
    assert sorted(each.op for each in left.statements) == ["interp", "interp", "mul", "sign"]
    assert table["choices"][table["chosen"]]["difference"]["difference"]["low"] > -0.01


ONE_SENTENCE = {
    "a suite that there is not": (("--suite", "helt_out"), "did you mean 'held_out'"),
    "a task that is not in it": (("--tasks", "digits"), "meta_validation has no task 'digits'"),
    "no budget": (("--evaluations", 0), "--evaluations: wanted 1 to 1000000, met 0"),
    "a budget without a test": (("--evaluations", 40), "allow no test on 32 seeds"),
    "one seed": (("--seeds", 1), "--seeds: wanted 4 to 1000, met 1"),
    "no margin": (("--margin", 0), "--margin: wanted a score above 0"),
    "no size at all": (("--size", 0), "--size: wanted 1 or more statements and slots, met 0"),
    "a size below none": (("--size", -3), "--size: wanted 1 or more statements and slots, met -3"),
    "no name among tasks": (("--tasks", ","), "--tasks: wanted names with commas between, met ','"),
    "too many workers": (("--workers", 5000), "--workers: wanted 0 to 1024, met 5000"),
}


@pytest.mark.parametrize(("options", "message"), ONE_SENTENCE.values(), ids=ONE_SENTENCE)
def test_a_wish_that_cannot_be_met_is_one_sentence(surroundings, options, message):
    assert message in refused("simplify", "noisy.rule", *MEASURED, *options)


def test_options_of_measuring_mean_nothing_without_it(surroundings):
    err = refused("simplify", "noisy.rule", "--level", "finite", "--suite", "search")
    assert err == "--suite is for --level measured, met --level finite\n"


def test_a_rule_that_no_task_answers_is_refused_before_any_work(surroundings):
    (surroundings / "still.rule").write_text("def still(w, g, *, lr=0.1):\n    return lr * w\n")
    assert "is no optimizer" in refused("simplify", "still.rule", *SMALL, "--workers", 0)


def test_a_file_that_is_there_is_refused_before_any_work(surroundings):
    (surroundings / "there.rule").write_text("mine")
    message = refused("simplify", "noisy.rule", *SMALL, "-o", "there.rule")
    assert "there.rule exists" in message and "tuning" not in message
