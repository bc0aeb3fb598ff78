"""The rules that a campaign is made from: those it starts from, its baseline, and known rules.

A start has to be sayable: by the primitives that the campaign allows, within its limits, and by the
machine that runs candidates without compiling them. The start `zoo` stands for the rules of the zoo
that are, and that have a rate and leave room to grow.
"""

from collections.abc import Collection, Iterable

from dsl.errors import counted
from dsl.program import Program
from dsl.run.machine import Capacity, DoesNotFit, encode
from dsl.zoo import GROUPS, ZOO
from search.config import Config
from search.config.campaign import EVERY
from search.errors import ConfigChanged, NoSuchRule, SearchError
from search.ledger.results import Sources
from search.rules import find

_ROOM = 3 / 4
"""The share of the largest program's statements that a rule of the zoo may have as a start."""


def find_sources(config: Config) -> Sources:
    """The rules that a config names.

    **Raises:** NoSuchRule for a rule that does not exist or that the campaign cannot say, and where
    `mask` leaves none.
    """
    masked = set(_names(config.mask))
    starts: dict[str, Program] = {}
    for asked in config.start:
        if asked == EVERY:
            found = {n: p for n, p in ZOO.items() if _objection(config, p, as_default=True) is None}
        elif asked in GROUPS:
            found = {n: ZOO[n] for n in GROUPS[asked] if _objection(config, ZOO[n]) is None}
            if not found:
                raise NoSuchRule(
                    f"start: the campaign can say no rule of the group '{asked}'",
                    help=_instead(config, ZOO[GROUPS[asked][0]], masked),
                )
        else:
            found = {asked: _sayable(config, asked, masked)}
        starts.update((n, p) for n, p in found.items() if n not in masked)
    if not starts:
        raise NoSuchRule(
            f"mask leaves no rule to start from: {', '.join(config.mask)} hides "
            f"{', '.join(config.start)}",
            help="take a name out of mask, or name another start",
        )
    distinct = {str(program): program for program in starts.values()}
    return Sources(tuple(distinct.values()), _named(config.baseline.rule, "baseline.rule"))


def check_sources(stored: Sources, config: Config) -> None:
    """ConfigChanged if a rule that the config names is not the one that the run began with; one
    that is not there any more is as it was."""
    try:
        now = find_sources(config)
    except NoSuchRule:
        return
    was = {program.name: program for program in (stored.baseline, *stored.starts)}
    for rule in (now.baseline, *now.starts):
        if rule.name in was and not rule.same_rule(was[rule.name]):
            raise ConfigChanged(
                f"the rule '{rule.name}' is not the one that the run was started with",
                help="restore it, or start another run with --out DIR",
            )


def known_rules(config: Config) -> list[Program]:
    """The rules of the zoo that may give parts: all that the campaign's primitives can say."""
    masked = set(_names(config.mask))
    words = config.words()
    return [
        rule
        for name, rule in ZOO.items()
        if name not in masked and words.issuperset(each.op for each in rule.statements)
    ]


def _names(asked: Iterable[str]) -> Iterable[str]:
    """The names of the zoo that names and groups stand for."""
    for name in asked:
        yield from GROUPS.get(name, (name,))


def _named(text: str, key: str) -> Program:
    try:
        return find(text)
    except SearchError as error:
        raise NoSuchRule(f"{key}: {error.message}", help=error.help) from None


def _sayable(config: Config, text: str, masked: Collection[str]) -> Program:
    program = _named(text, "start")
    objection = _objection(config, program)
    if objection is not None:
        objection = _not_carried(config, program) or objection  # which no key of a config changes
        raise NoSuchRule(
            f"start: the campaign cannot say '{text}': {objection}",
            help=_instead(config, program, masked),
        )
    return program


def _instead(config: Config, program: Program, masked: Collection[str]) -> str:
    """The rule of the zoo that steps most like a program, of those that a campaign can say."""
    from dsl.behaviour.nearest import nearest

    for near in nearest(program):
        if near.name not in masked and _objection(config, ZOO[near.name]) is None:
            return (
                f"of the rules that it can say '{near.name}' steps most like it; `start: {EVERY}` "
                "takes all of them"
            )
    return "it can say no rule of the zoo either: allow it more primitives, statements or slots"


def _objection(config: Config, program: Program, *, as_default: bool = False) -> str | None:
    """The reason why a campaign cannot start from a program; None if it can."""
    used = {statement.op for statement in program.statements}
    if as_default:
        missing = sorted(used - config.words())
    else:
        missing = sorted(used & set(config.primitives.forbid))
    if missing:
        return (
            f"it applies {', '.join(missing)}, not among the primitives of the campaign "
            "(primitives.forbid)"
        )
    limit = config.mutation.max_statements * (_ROOM if as_default else 1)
    if len(program.statements) > limit:
        has = counted(len(program.statements), "statement")
        return f"it has {has}, of {limit:g} allowed (mutation.max_statements)"
    if len(program.slots) > config.mutation.max_slots:
        allowed = config.mutation.max_slots
        has = counted(len(program.slots), "slot")
        return f"it has {has}, of {allowed} allowed (mutation.max_slots)"
    if as_default and not program.hyperparameters.get("lr"):
        return "it has no rate"
    return _not_carried(config, program)


def _not_carried(config: Config, program: Program) -> str | None:
    """The reason why no machine of a campaign carries a program; None if it does."""
    used = {statement.op for statement in program.statements}
    try:
        encode(program, tuple(sorted(config.words() | used)), Capacity())
    except DoesNotFit as error:
        return f"{error}"
    return None
