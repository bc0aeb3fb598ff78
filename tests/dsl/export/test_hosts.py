"""Files of every host: names, refusals, meanings of hyperparameters."""

import ast

import pytest

from dsl import PRIMITIVES, parse
from dsl.checks.single import one_primitive
from dsl.export import HOSTS
from dsl.export.names import camel_case
from dsl.language import sources
from dsl.language.hyperparameters import COMMON, host_name
from dsl.language.oracle import Source
from dsl.zoo import ENTRIES, ZOO
from tests.support.exporting import loaded

SOURCES = {s.argument: s for s in vars(sources).values() if isinstance(s, Source)}


def asking(source: Source):
    """A program that asks an oracle of a source."""
    found = PRIMITIVES.values()
    program = one_primitive(next(primitive for primitive in found if primitive.asks is source))
    assert program is not None
    return program


def test_files_of_hosts_have_names_of_their_own():
    assert len({host.suffix for host in HOSTS.values()}) == len(HOSTS)


@pytest.mark.parametrize("argument", SOURCES)
def test_an_optax_file_names_the_function_that_is_missing(argument):
    import jax.numpy as jnp

    program, source = asking(SOURCES[argument]), SOURCES[argument]
    optimizer = loaded(HOSTS["optax"].to_source(program))[program.name]()
    params = jnp.ones(2)
    with pytest.raises(ValueError) as refused:
        optimizer.update(params, optimizer.init(params), params)
    example = f"call update(..., {argument}={source.example})"
    assert str(refused.value) == f"{program.name} needs {argument}, {source.holds}: {example}"


@pytest.mark.torch
@pytest.mark.parametrize("argument", SOURCES)
def test_a_pytorch_file_names_the_function_that_is_missing(argument):
    torch = pytest.importorskip("torch")
    program, source = asking(SOURCES[argument]), SOURCES[argument]
    names = loaded(HOSTS["torch"].to_source(program, name="asks"))
    p = torch.nn.Parameter(torch.ones(2))
    with pytest.raises(RuntimeError) as refused:
        names["Asks"]([p]).step()
    if source is sources.LOSS:
        assert str(refused.value) == "Asks.step needs a closure that returns the loss"
    else:
        assert str(refused.value) == f"Asks.step needs {argument}, {source.here}"


@pytest.mark.parametrize("host", HOSTS)
def test_hyperparameters_say_what_they_mean(host):
    source = HOSTS[host].to_source(ZOO["adamw"])
    for name in ("b1", "b2", "eps", "wd"):
        assert COMMON[name].meaning in source
    assert f"{host_name('wd', host)}: " in source
    assert "a constant of the rule" not in source


@pytest.mark.parametrize("host", HOSTS)
def test_a_rule_of_the_zoo_has_meanings_of_its_own_under_any_name(host):
    own = ENTRIES["gravity"].hypers["b1"].meaning
    assert own != COMMON["b1"].meaning
    assert own in HOSTS[host].to_source(ZOO["gravity"], name="another")
    other = parse("def gravity(w, g, m=zeros, *, b1=0.9):\n    m = interp(g, m, b1)\n    return m")
    assert COMMON["b1"].meaning in HOSTS[host].to_source(other)


@pytest.mark.parametrize("host", HOSTS)
def test_long_meanings_are_wrapped_and_unknown_names_have_the_formula(host):
    rule = parse("def f(w, g, *, lr=1, unheard_of=2):\n    return lr * g * unheard_of")
    source = HOSTS[host].to_source(rule)
    ast.parse(source)
    assert "unheard_of: a constant of the rule, see the formula." in source
    assert max(map(len, HOSTS[host].to_source(ZOO["ademamix"]).splitlines())) <= 100


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("qhadam", "QHAdam"),
        ("adamw_8bit", "AdamW8bit"),
        ("schedule_free_adamw", "ScheduleFreeAdamW"),
        ("lion_of_mine", "LionOfMine"),
        ("any", "AnyRule"),
    ],
)
def test_classes_are_named_as_the_field_names_them(name, title):
    assert camel_case(parse(f"def {name}(w, g):\n    return g")) == title


@pytest.mark.parametrize("host", HOSTS)
def test_what_counts_is_an_integer(host):
    every = "when(every(t, k, 0), square(g), v)"
    rule = parse(f"def f(w, g, t, v=zeros, *, k=5, c=2):\n    v = {every}\n    return c * g * v")
    source = HOSTS[host].to_source(rule)
    assert "k: int = 5" in source and "c: float = 2.0" in source
    assert "period: int = 10" in HOSTS[host].to_source(ZOO["soap"])
