"""Compiles that take long are named, with about how long they take, in place of XLA's alarm."""

import time

import jax
import pytest

from evaluators.training import compiling as module
from evaluators.training.compiling import compiling, sentence


@pytest.fixture
def at_once(monkeypatch):
    """Something is said of every compile that takes longer than nothing."""
    monkeypatch.setattr(module, "PATIENCE", 0.0)


def compile_slowly(monkeypatch, name: str = "slow_one") -> None:
    """Have JAX compile a function that it did not meet before, in a tenth of a second or more."""
    compile_it = jax._src.compiler.backend_compile_and_load

    def slowly(*args, **kwargs):
        time.sleep(0.2)
        return compile_it(*args, **kwargs)

    monkeypatch.setattr("jax._src.compiler.backend_compile_and_load", slowly)

    def function(x):
        return x + 1

    function.__name__ = name
    jax.jit(function).lower(1.0).compile()


def test_a_compile_that_takes_long_is_named(at_once, monkeypatch, capfd):
    with compiling("the loop that trains lion on my_task"):
        compile_slowly(monkeypatch)
    assert "Compiling the loop that trains lion on my_task: " in capfd.readouterr().err


def test_what_nobody_named_goes_by_its_function(at_once, monkeypatch, capfd):
    module.watch()
    compile_slowly(monkeypatch, "nobodys")
    assert "Compiling the function " in (said := capfd.readouterr().err) and "nobodys" in said


def test_nothing_is_said_of_a_short_one_nor_after_the_end(monkeypatch, capfd):
    monkeypatch.setattr(module, "PATIENCE", 0.6)
    with compiling("a short one"):
        compile_slowly(monkeypatch)
    time.sleep(0.6)
    assert capfd.readouterr().err == ""


def test_the_sentence_says_about_how_long():
    assert sentence("it", 43.0) == (
        "Compiling it: about 40 seconds in all; it is kept for the next time"
    )
    assert "about 2 minutes in all" in sentence("it", 100.0)
    assert "longer than its size would say" in sentence("it", 3.0)
