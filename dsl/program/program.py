"""A program: an immutable, typed, flat list of statements.

Each statement applies one primitive to names, numbers and the values of earlier statements. Names
of local values are notes for the reader and take no part in equality; what a name meant is resolved
when a program is built, so a statement can be moved, copied or hashed without looking anything up.

    def lion(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0):
        u = sign(interp(g, m, b1))      #  %0 = interp(g, m, b1)   %1 = sign(%0)
        m = interp(g, m, b2)            #  %2 = interp(g, m, b2)
        return lr * (u + wd * w)        #  %3 = wd * w  %4 = %1 + %3  %5 = lr * %4

    result %5; next value of m: %2

Dead statements are part of a program (search steps over them); `dsl.rewrite.canonical` removes
them.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from html import escape
from types import MappingProxyType
from typing import Any

from dsl.errors import DslError
from dsl.identity import hashed
from dsl.language.hyperparameters import Hyper
from dsl.language.kinds import Kind
from dsl.language.numbers import checked
from dsl.program.check import (
    Kinds,
    check_hyperparameters,
    check_names,
    check_outputs,
    name_kinds,
)
from dsl.program.listing import listing
from dsl.program.printer import print_body, print_program
from dsl.program.stated import stated
from dsl.program.terms import Arg, Const, Parts, Statement
from dsl.program.walk import Site


@dataclass(frozen=True, eq=False, repr=False)
class Program(Parts):
    """An update rule whose parts fit together.

    Two programs are equal when everything but the docstring and the names of locals is, the order
    of slots and hyperparameters included. Building one checks it: KindError, UnknownName or
    DslError if it is not a program of the language.

    A section `Hyperparameters:` of the docstring becomes `meanings`, and is printed of them. A
    default that is changed to lie outside of its range takes the range away. Slots that start from
    hyperparameters start from their defaults, whatever these are.
    """

    def __post_init__(self) -> None:
        try:
            doc, found = stated(self.doc, self.hyperparameters)
            if found:
                self.__dict__.update(doc=doc, meanings={**self.meanings, **found})
            self._freeze()
            check_names(self)
            check_outputs(self, self._kinds)
            hash(self)
        except DslError:
            raise
        except (AttributeError, TypeError, ValueError) as error:
            raise DslError(f"not the parts of a program: {error}") from None

    def _freeze(self) -> None:
        hypers = {name: checked(value) for name, value in self.hyperparameters.items()}
        slots = {slot: init.given(hypers) for slot, init in self.slots.items()}
        nexts = dict(self.next_values)
        if nexts.keys() == slots.keys():
            nexts = {slot: nexts[slot] for slot in slots}
        self.__dict__.update(
            slots=MappingProxyType(slots),
            hyperparameters=MappingProxyType(hypers),
            next_values=MappingProxyType(nexts),
            meanings=MappingProxyType(_kept(self.meanings, hypers)),
        )

    @cached_property
    def _kinds(self) -> Kinds:
        kinds = Kinds(self.name_kinds)
        kinds.extend(self.statements)
        return kinds

    @cached_property
    def name_kinds(self) -> Mapping[str, Kind]:
        """The kind of every name that statements may read."""
        return name_kinds(self)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """The kind of each statement's value."""
        return tuple(self._kinds.values)

    def kind_of(self, arg: Arg) -> Kind:
        """The kind of an argument."""
        return self._kinds.of(arg)

    @cached_property
    def starts_from(self) -> frozenset[str]:
        """The hyperparameters that slots start from."""
        return frozenset(name for init in self.slots.values() for name in init.names if name)

    @cached_property
    def lengths(self) -> frozenset[str]:
        """The hyperparameters that say how long slots of a family are: whole numbers."""
        return frozenset(init.length for init in self.slots.values() if init.length)

    @cached_property
    def _key(self) -> tuple[object, ...]:
        """All that takes part in equality, the name aside."""
        slots, hypers = tuple(self.slots.items()), tuple(self.hyperparameters.items())
        return self.inputs, slots, hypers, self.statements, self.outputs

    def same_rule(self, other: "Program") -> bool:
        """True if the two differ at most in name, docstring and names of locals, as `digest` says,
        which takes longer to compute."""
        return self._key == other._key

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self._key))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Program) and self.name == other.name and self.same_rule(other)

    def __getstate__(self) -> dict[str, Any]:
        """The parts alone: what is computed from them, the hash above all, is of this process."""
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        frozen = (name for name, part in parts.items() if isinstance(part, MappingProxyType))
        return parts | {name: dict(parts[name]) for name in frozen}

    def __setstate__(self, parts: dict[str, Any]) -> None:
        self.__dict__.update({"meanings": {}, "point": None, **parts})
        self._freeze()

    def with_hyperparameters(self, **values: float) -> "Program":
        """The program with other defaults; UnknownName for one it does not have."""
        check_hyperparameters(self, values)
        return replace(self, hyperparameters={**self.hyperparameters, **values})

    def with_numbers(
        self, constants: Mapping[Site, float], hyperparameters: Mapping[str, float]
    ) -> "Program":
        """The program with other constants, by statement and position, and other defaults, without
        its docstring. All else is as it was, so it fits together and is not checked again."""
        check_hyperparameters(self, hyperparameters)
        if self.starts_from and not self.starts_from.isdisjoint(hyperparameters):
            again = replace(self, hyperparameters={**self.hyperparameters, **hyperparameters})
            return again.with_numbers(constants, {})
        statements = list(self.statements)
        for (at, position), value in constants.items():
            op, args, name = (old := statements[at]).op, list(old.args), old.name
            assert isinstance(args[position], Const), "only a number gives way to a number"
            args[position] = Const(value)
            statements[at] = Statement(op, tuple(args), name)
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        parts["hyperparameters"] = {**self.hyperparameters, **hyperparameters}
        parts |= {"statements": tuple(statements), "doc": ""}
        return Program.known(self._kinds.values, **parts)

    @staticmethod
    def known(kinds: Iterable[Kind], **parts: Any) -> "Program":
        """The program of parts, all of them, that are known to fit together and are not checked
        again; `kinds` are those of the values of its statements."""
        program = object.__new__(Program)
        program.__setstate__(parts)
        program.__dict__["_kinds"] = Kinds(program.name_kinds, kinds)
        return program

    def renamed(self, name: str) -> "Program":
        """The program under another name."""
        return replace(self, name=name)

    @cached_property
    def digest(self) -> str:
        """A hash of the program exactly as it is, dead statements included; hex, 16 digits.

        Programs that differ at most in their own name, docstring and names of locals share it; see
        `dsl.identity`.
        """
        return hashed("digest", listing(self))

    @property
    def line(self) -> str:
        """The statements of its text in one line, for a row of a table."""
        return "; ".join(print_body(self, self.kinds))

    def __str__(self) -> str:
        return print_program(self, self.kinds)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """The text as notebooks show it."""
        return f"<pre>{escape(str(self))}</pre>"


def _kept(meanings: Mapping[str, Hyper], defaults: Mapping[str, float]) -> dict[str, Hyper]:
    """The meanings of the hyperparameters that there are, in their order, with the ranges that
    their defaults lie in."""
    if not meanings:
        return {}
    kept = {name: meanings[name] for name in defaults if name in meanings}
    return {
        name: hyper if hyper.holds(defaults[name]) else Hyper(hyper.meaning, -math.inf)
        for name, hyper in kept.items()
    }
