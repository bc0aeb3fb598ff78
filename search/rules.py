"""Rules by what people call them: names of the zoo, files, discovered rules, programs of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

from search.errors import NoSuchRule

if TYPE_CHECKING:
    from dsl.program import Program

RULE_FORMS = (
    "A .rule file; a name of the zoo; a discovered rule, by the folder of its campaign or its name "
    "in discovered/ or runs/; RUN:HASH."
)
"""The forms of a rule that commands and configs take; `find` reads them."""

_WINNER = "winner.rule"


def find(rule: str) -> "Program":
    """The program that a text names; NoSuchRule, with the nearest name, if it names none.

    A file, RUN:HASH (any program of a run), a name of the zoo, the folder of a campaign or of a
    discovered rule (its winner), or such a folder's name; in this order.
    """
    path = Path(rule)
    if _is_file(rule):
        return _from_file(path)
    if (place := of_run(rule)) is not None:
        return _from_run(*place)
    from dsl.zoo import ZOO

    if rule in ZOO:
        return ZOO[rule]
    if rule and path.is_dir():
        return _from_folder(path)
    if folders := _discovered().get(rule):
        return _the_one(rule, folders)
    from dsl.errors import did_you_mean, listed

    known = [*ZOO, *_discovered()]
    raise NoSuchRule(
        f"unknown rule '{rule}'{did_you_mean(rule, known)}",
        help=f"{listed(rule, known)}; `stepsmith zoo` lists those of the zoo. Or give a .rule "
        "file, the folder of a campaign or its name, or RUN:HASH",
    )


def of_run(rule: str) -> tuple[str, str] | None:
    """The run and the first digits of a hash that a RUN:HASH names; None for another text."""
    if ":" not in rule or _is_file(rule):
        return None
    run, _, prefix = rule.rpartition(":")
    return run, prefix


def _is_file(rule: str) -> bool:
    return rule.endswith(".rule") or Path(rule).is_file()


def _from_folder(folder: Path) -> "Program":
    """The winner that a campaign left in its folder."""
    winner = folder / _WINNER
    if winner.is_file():
        return _from_file(winner)
    if _is_run(folder):
        raise NoSuchRule(
            f"the campaign in {folder} has no winner yet",
            help=f"{folder}:HASH is one of its programs; `stepsmith top {folder}` lists them",
        )
    raise NoSuchRule(f"{folder} is a folder without a {_WINNER}")


def _is_run(folder: Path) -> bool:
    from search.ledger import FILE

    return (folder / FILE).is_file()


def _discovered() -> dict[str, list[Path]]:
    """Folders that hold a winner, by name: rules that came with Stepsmith, and runs."""
    from search.ledger import shelves

    found: dict[str, list[Path]] = {}
    for base in dict.fromkeys(shelf.resolve() for shelf in shelves()):
        for winner in sorted(base.glob(f"*/{_WINNER}")):
            found.setdefault(winner.parent.name, []).append(winner.parent)
    return found


def _the_one(name: str, folders: list[Path]) -> "Program":
    """The rule in all of these folders."""
    from dsl import canonical_hash

    programs = [_from_folder(folder) for folder in folders]
    if len({canonical_hash(program) for program in programs}) > 1:
        raise NoSuchRule(
            f"several rules are called '{name}'",
            help=f"give the folder of one: {', '.join(map(str, folders))}",
        )
    return programs[0]


def _from_file(path: Path) -> "Program":
    from dsl import DslError, parse
    from evaluators.files.text_file import read_text

    try:
        text = read_text(path)
    except UnicodeDecodeError:
        raise NoSuchRule(f"{path} is not a text file") from None
    except OSError as error:
        raise NoSuchRule(f"cannot read {path}: {error.strerror or error}") from None
    try:
        return parse(text)
    except DslError as error:
        _check_plugins(path.parent)
        raise NoSuchRule(f"{path}: {error}") from None


def _check_plugins(folder: Path) -> None:
    """PluginMissing if the folder of a file is that of a run whose programs cannot be read without
    a plug-in."""
    if _is_run(folder):
        from search.ledger import reading

        with reading(folder):
            pass


def _from_run(run: str, prefix: str) -> "Program":
    from search.ledger import find_rule, find_run

    if not run or not prefix:
        raise NoSuchRule("RUN:HASH is the folder of a run and the first digits of a hash in it")
    return find_rule(find_run(run), prefix)
