"""A campaign starts from what it names, and a start that it cannot have is said to be so."""

import pytest

from dsl.zoo import GROUPS, ZOO
from search.campaign.sources import check_sources, find_sources, known_rules
from search.errors import ConfigChanged, NoSuchRule
from tests.support.fakes import config

SIGN = "def signed(w, g, *, lr=1e-3):\n    return lr * sign(g)\n"


def names(**changes):
    return [start.name for start in find_sources(config(**changes)).starts]


def test_the_default_is_every_rule_that_fits():
    found = names(start="zoo")
    assert {"adamw", "lion", "adan", "optimistic_amsgrad"} <= set(found)
    assert found == sorted(found)
    allowed = config(start="zoo")
    for name in found:
        rule = ZOO[name]
        assert {each.op for each in rule.statements} <= allowed.words()
        assert len(rule.slots) <= allowed.mutation.max_slots and rule.hyperparameters["lr"]


def test_the_words_of_a_campaign_decide_which_rules_of_the_zoo_fit():
    few = names(start="zoo", primitives={"only": ["sign", "interp", "mul", "add"]})
    assert "lion" in few and "adamw" not in few
    assert "lion" not in names(start="zoo", primitives={"forbid": ["sign"]})


def test_one_and_many_names_and_groups(tmp_path):
    file = tmp_path / "signed.rule"
    file.write_text(SIGN)
    assert names(start="lion") == ["lion"]
    assert names(start=["lion", "adamw", "lion"]) == ["lion", "adamw"]
    assert names(start=[str(file), "lion"]) == ["signed", "lion"]
    assert set(names(start="plain")) <= set(GROUPS["plain"])


def test_rules_that_ask_oracles_are_starts_where_the_campaign_allows_it():
    assert not {"sam", "adahessian"} & set(names(start="zoo"))
    assert "sam" in names(start="zoo", oracles=["grad_at"])
    assert {"adahessian", "sophia_h"} <= set(names(start="zoo", oracles=["hvp"]))


def test_a_mask_takes_rules_out_of_starts_and_donors():
    masked = config(start="zoo", mask=["lion", "adaptive"])
    left = {start.name for start in find_sources(masked).starts}
    known = {rule.name for rule in known_rules(masked)}
    assert left and not left & {"lion", *GROUPS["adaptive"]}
    assert known and not known & {"lion", *GROUPS["adaptive"]}
    assert {"lion", "adamw"} <= {rule.name for rule in known_rules(config(start="zoo"))}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": "adamv"}, "start: unknown rule 'adamv'; did you mean 'adam"),
        ({"baseline": {"rule": "adamx"}}, "baseline.rule: unknown rule 'adamx'; did you mean"),
        ({"start": "no.rule"}, "start: cannot read no.rule: No such file"),
        ({"start": "nowhere:ab12"}, "start: no run at nowhere"),
        (
            {"start": "lion", "primitives": {"forbid": ["sign"]}},
            "start: the campaign cannot say 'lion': it applies sign, not among the primitives of "
            "the campaign (primitives.forbid)\nhelp: of the rules that it can say '",
        ),
        (
            {"start": "adan", "mutation": {"max_slots": 1}},
            "start: the campaign cannot say 'adan': it has 4 slots, of 1 allowed "
            "(mutation.max_slots)\n"
            "help: of the rules that it can say '",
        ),
        ({"start": "soap"}, "start: the campaign cannot say 'soap': no register holds a Gram"),
        (
            {"start": "shampoo"},
            "start: the campaign cannot say 'shampoo': no register holds a Gram\n"
            "help: of the rules that it can say 'adagrad_norm' steps most like it; `start: zoo`",
        ),
        ({"start": "lion", "mask": ["lion"]}, "mask leaves no rule to start from: lion hides lion"),
    ],
)
def test_a_start_that_cannot_be_had(changes, message):
    with pytest.raises(NoSuchRule) as caught:
        find_sources(config(**changes))
    assert str(caught.value).startswith(message)


def test_a_file_that_changed_since_the_run_began_is_refused(tmp_path):
    file = tmp_path / "signed.rule"
    file.write_text(SIGN)
    settings = config(start=str(file))
    began = find_sources(settings)
    check_sources(began, settings)
    file.write_text(SIGN.replace("sign(g)", "sign(2 * g)"))
    with pytest.raises(ConfigChanged, match="'signed' is not the one that the run was started"):
        check_sources(began, settings)
    file.unlink()
    check_sources(began, settings)
