"""The rules that a campaign is made from: those it starts from, its baseline, and known rules.

A start has to be sayable: by the primitives that the campaign allows, within its limits, and by the
machine that runs candidates without compiling them. The start `zoo` stands for the rules of the zoo
that are, and that have a rate and leave room to grow.
"""

from collections.abc import Iterable

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
                raise NoSuchRule(f"start: the campaign can say no rule of the group '{asked}'")
        else:
            found = {asked: _sayable(config, asked)}
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


def _sayable(config: Config, text: str) -> Program:
    program = _named(text, "start")
    objection = _objection(config, program)
    if objection is not None:
        raise NoSuchRule(f"start: the campaign cannot say '{text}': {objection}")
    return program


def _objection(config: Config, program: Program, *, as_default: bool = False) -> str | None:
    """The reason why a campaign cannot start from a program; None if it can."""
    used = {statement.op for statement in program.statements}
    if as_default:
        missing = sorted(used - config.words())
    else:
        missing = sorted(used & set(config.primitives.forbid))
    if missing:
        return f"it applies {', '.join(missing)}, not among the primitives of the campaign"
    limit = config.mutation.max_statements * (_ROOM if as_default else 1)
    if len(program.statements) > limit:
        return f"it has {counted(len(program.statements), 'statement')}, of {limit:g} allowed"
    if len(program.slots) > config.mutation.max_slots:
        allowed = config.mutation.max_slots
        return f"it has {counted(len(program.slots), 'slot')}, of {allowed} allowed"
    if as_default and not program.hyperparameters.get("lr"):
        return "it has no rate"
    try:
        encode(program, tuple(sorted(config.words() | used)), Capacity())
    except DoesNotFit as error:
        return f"{error}"
    return None
