"""The common part of laws about whole programs: the change that one makes, slots replaced."""

from collections.abc import Callable
from typing import NamedTuple

from dsl.program import Arg, Name, Program, Statement
from dsl.program.walk import Rewriter
from dsl.rewrite.prune import prune

Shorter = Callable[[Program], Program | None]
"""Gives a program with fewer statements, or None."""


class RewrittenProgram(NamedTuple):
    """A program that a law about slots or hyperparameters makes, and its words."""

    name: str
    before: str
    after: str
    program: Program


def no_longer(made: Program, program: Program) -> bool:
    """True if a program has no more statements than another."""
    return len(made.statements) <= len(program.statements)


def instead(program: Program, slot: str, statement: Statement) -> Program:
    """The program where a statement at its start makes what a slot held."""
    written = Rewriter(program)
    written.place[Name(slot)] = written.put(statement.op, *statement.args)
    written.copy()
    left = {name: init for name, init in program.slots.items() if name != slot}
    return prune(written.finish(slots=left))


def without(program: Program, slot: str, arg: Arg) -> Program:
    """The program where something else stands for a slot."""
    written = Rewriter(program, {Name(slot): arg})
    written.copy()
    left = {name: init for name, init in program.slots.items() if name != slot}
    return prune(written.finish(slots=left))
