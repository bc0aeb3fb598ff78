"""The table of the laws that primitives declare."""

from collections.abc import Collection

from dsl.language.registry import PRIMITIVES, Law


def laws_table(names: Collection[str]) -> str:
    """The laws of some primitives in Markdown, those of each in the order of its declaration."""
    rows = ["| primitive | law | name | level | where |", "| --- | --- | --- | --- | --- |"]
    for primitive in PRIMITIVES.values():
        if primitive.name in names:
            for law in (*primitive.laws, *primitive.equations):
                rows.append(f"| {' | '.join((f'`{primitive.name}`', *_cells(law)))} |")
    return "\n".join(rows) + "\n"


def _cells(law: Law) -> tuple[str, str, str, str]:
    where = ", ".join(f"`{each}`" for each in law.when)
    return f"`{law.text}`", law.title, law.domain.name.lower(), where
