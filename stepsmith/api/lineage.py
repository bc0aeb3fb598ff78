"""The way to a program as a list that shows itself."""

from search.report.lineage import LineageStep
from stepsmith.api.html import code


class Lineage(list[LineageStep]):
    """The steps that led to a program, its ancestors first and itself last; shown as
    `stepsmith show RUN:HASH --lineage` prints them."""

    def __repr__(self) -> str:
        return "\n".join([*map(str, self), "", str(self[-1].program)])

    def _repr_html_(self) -> str:
        return code(repr(self))
