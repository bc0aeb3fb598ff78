import codecs

import pytest
import yaml
from pydantic import ValidationError

from dsl import DslError, parse
from dsl.zoo import ZOO
from search.config import load_config
from search.errors import ConfigError
from tests.support.fakes import CONFIG, config


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump(CONFIG))
    return file


def message(path, *overrides):
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    return str(caught.value).replace(str(path), "c.yaml").splitlines()[0]


def test_a_config_resolves_to_all_its_keys_and_reads_back(path, tmp_path):
    found = load_config(path)
    again = tmp_path / "again.yaml"
    again.write_text(yaml.safe_dump(found.resolved()))
    assert load_config(again) == found
    assert found.resolved()["baseline"] == {"rule": "adamw", "evaluations": 48, "seeds": 2}


def test_overrides_are_yaml_at_a_path(path):
    config = load_config(
        path, ["budget.candidates=5", "tasks.0.steps=7", "primitives.forbid=[sin, cos]"]
    )
    assert config.budget.candidates == 5
    assert config.tasks[0].steps == 7
    assert config.primitives.forbid == ["sin", "cos"]


def test_one_share_stands_for_all_hurdles(path):
    for keep in ("0.5", "[0.5]"):
        screen = load_config(path, [f"screen={{keep: {keep}}}"]).screen
        assert screen is not None and screen.kept == {2: 0.5, 5: 0.5}


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("wrkers=1", "c.yaml: wrkers: unknown key; did you mean 'workers'?"),
        ("mutation.inser=1", "c.yaml: mutation.inser: unknown key; did you mean 'insert'?"),
        ("tasks.0.stps=1", "c.yaml: tasks.0.stps: unknown key; did you mean 'steps'?"),
        ("strategy.poplation=1", "c.yaml: strategy.poplation: unknown key; did you mean 'popul"),
        ("workers=-1", "c.yaml: workers: wanted 0 or more, met -1"),
        ("workers=two", "c.yaml: workers: wanted a whole number, met 'two'"),
        ("workers=true", "c.yaml: workers: wanted a whole number, met True"),
        ("workers=1.5", "c.yaml: workers: wanted a whole number, met 1.5"),
        ("mutation.insert=1e-3", "c.yaml: mutation.insert: wanted a number (write 0.001 or"),
        ("mutation.insert=.nan", "c.yaml: mutation.insert: wanted a finite number, met nan"),
        ("mutation.max_statements=97", "c.yaml: mutation.max_statements: wanted 96 or less, met"),
        ("strategy.population=1", "c.yaml: strategy.population: wanted 2 or more, met 1"),
        ("strategy.kind=regularised", "c.yaml: strategy: unknown strategy 'regularised'; did you"),
        ("strategy=3", "c.yaml: strategy: wanted a mapping with a `kind`, one of best_of_n"),
        ("oracles=[hpv]", "c.yaml: oracles: unknown oracle 'hpv'; did you mean 'hvp'?"),
        ("objectives=[speed]", "c.yaml: objectives: unknown objective 'speed'"),
        ("objectives=[size]", "c.yaml: objectives: quality is always one of them, met size"),
        ("final.pick={memory: -1}", "c.yaml: final.pick: no rule has a memory of at most -1; 0 is"),
        ("final.pick={slots: 1}", "c.yaml: final.pick: unknown demand 'slots'"),
        ("screen={keep: [0.5, 2]}", "c.yaml: screen.keep.1: wanted 1.0 or less, met 2"),
        ("screen={keep: []}", "c.yaml: screen: keep has 0 shares for 2 hurdles; name one for eac"),
        ("mask=[adamv]", "c.yaml: mask: unknown rule or group 'adamv'; did you mean 'adam"),
        ("tasks.0.name=digit", "c.yaml: tasks.0.name: unknown task 'digit'; did you mean 'digits'"),
        ("tasks=[]", "c.yaml: tasks: wanted at least 1, met []"),
        ("primitives.only=[sing]", "c.yaml: primitives: unknown primitive 'sing'; did you mean"),
        ("campaign=../x", "c.yaml: campaign: wanted a name of lower-case letters, digits and _, "),
        ("budget=null", "c.yaml: budget: wanted keys and values, met nothing"),
        ("workers", "--set workers: wanted key=value"),
        ("workers=[", "--set workers=[: the value is not YAML"),
        ("tasks.4.name=x", "--set tasks.4.name=x: tasks is a list of 1, '4' is no place in it"),
        ("workers.x=1", "--set workers.x=1: workers is 0 and holds no keys"),
    ],
)
def test_an_error_names_file_key_value_and_what_would_do(path, override, expected):
    assert message(path, override).startswith(f"ConfigError: {expected}")


def test_a_file_that_is_no_config_is_named(tmp_path, path):
    assert "No such file" in message(tmp_path / "nowhere.yaml")
    path.write_text("a: [1,")
    assert message(path).startswith("ConfigError: c.yaml, line 1, column 7: not YAML")
    path.write_text("- 1")
    assert message(path).startswith("ConfigError: c.yaml: wanted keys and values, met [1]")
    path.write_bytes(b"\xff\xfe\x00")
    assert "not a text file" in message(path)
    path.write_text("!!python/object/apply:os.system ['true']")
    assert "not YAML" in message(path)
    path.write_text("campaign: x")
    assert message(path) == "ConfigError: c.yaml: tasks: missing"


def test_an_unknown_name_comes_with_the_nearest_that_are_known(path):
    with pytest.raises(ConfigError) as caught:
        load_config(path, ["tasks.0.name=quadratik"])
    told = caught.value.help
    assert told.startswith("the nearest of ") and "names are quadratic, " in told
    assert len(told.split(", ")) == 5
    with pytest.raises(ConfigError, match="help: the names are best_of_n, .*regularized_evolution"):
        load_config(path, ["strategy.kind=nothing_like_it"])


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_file_with_a_byte_order_mark_is_read(path, mark):
    plain, code = load_config(path), _CODES[mark]
    path.write_bytes(mark + path.read_text().replace("\n", "\r\n").encode(code))
    assert load_config(path) == plain


_CODES = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@pytest.mark.parametrize("name", ["sign", "interp", "hvp"])
def test_a_campaign_may_be_called_like_a_primitive(path, name):
    assert load_config(path, [f"campaign={name}"]).campaign == name
    named = ZOO["lion"].renamed(name)
    assert parse(str(named)) == named


@pytest.mark.parametrize("name", ["global", "lambda"])
def test_a_campaign_has_a_name_that_its_winner_can_have(path, name):
    assert message(path, f"campaign={name}").startswith(f"ConfigError: c.yaml: campaign: '{name}' ")
    assert "a campaign, whose winner is called so" in message(path, f"campaign={name}")
    with pytest.raises(DslError):
        parse(str(ZOO["sgd"].renamed(name)))


def test_an_oracle_that_a_task_does_not_answer_is_named_with_those_that_it_does():
    with pytest.raises(ValidationError, match="'rosenbrock' does not answer the oracle 'sampled_"):
        config(tasks=[{"name": "rosenbrock", "steps": 10}], oracles=["sampled_grad"])


def test_oracles_bring_the_words_of_known_rules_that_ask_them():
    plain, asking = config(), config(oracles=["hvp"])
    assert asking.words() - plain.words() >= {"hvp", "rademacher", "every"}
    assert plain.words() < asking.words() and "grad_at" not in asking.words()


def test_a_config_that_names_no_strategy_recombines(path):
    path.write_text(yaml.safe_dump({key: CONFIG[key] for key in CONFIG if key != "strategy"}))
    assert load_config(path).strategy.kind == "recombination"
    assert load_config(path, ["strategy.population=7"]).strategy.population == 7


def test_a_suite_that_is_none_says_what_that_file_wants(path, tmp_path):
    suite = tmp_path / "mine.yaml"
    suite.write_text("suite: mine\npurpose: p\ntasks: [{name: wines, steps: 9}]\n")
    with pytest.raises(ConfigError) as met:
        load_config(path, [f"tasks={suite}"])
    said, help = str(met.value).splitlines()
    assert said.startswith("ConfigError: ") and said.count("ConfigError") == 1
    assert said.endswith("line 3: tasks.0.name: unknown task 'wines'; did you mean 'wine'?")
    assert help.startswith("help: the nearest of ") and "--plugin" in help
