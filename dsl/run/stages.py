"""The order in which the steps of a program can be computed many at a time.

Most of a step depends on no step before it, or only on slots that do not depend on it: that can be
computed for all steps at once. What goes round, from slots or the parameters through statements
back to them, has to be computed step after step, and nothing else with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple

from dsl.language.registry import Scope
from dsl.program import Program
from dsl.run.plan import plan

PARAMETERS = "w"


class Stage(NamedTuple):
    """A part of a program whose other values are known for every step by then.

    `statements` are in order, without those that only a branch of a choice needs. The `states`,
    slots and the parameters, follow from them. What goes `round` is computed step after step; all
    else, a statement at a time, for all steps.
    """

    statements: Sequence[int]
    states: tuple[str, ...] = ()
    round: bool = False


@lru_cache(maxsize=1024)
def stages(program: Program, slot: str | None = None) -> tuple[Stage, ...]:
    """The stages in order; the result is known after the last, and the next value of `slot`."""
    return tuple(_stages(_Needs(program), [PARAMETERS] if slot is None else [PARAMETERS, slot]))


def _stages(needs: "_Needs", wanted: Sequence[str]) -> Iterator[Stage]:
    for states in needs.groups(wanted):
        mask = needs.mask(states)
        ends = [needs.following[state] for state in states]
        if any(needs.reach[state] & mask for state in states):
            found = needs.missing(ends)
            yield Stage([at for at in found if not needs.all[at] & mask])
            yield Stage([at for at in found if needs.all[at] & mask], states, True)
        else:
            yield Stage(needs.missing(ends), states)
    yield Stage(needs.missing([needs.following[state] for state in wanted]))


class _Needs:
    """The places of a program's plan that its values need within a step, as sets of bits.

    `all` and `eager` have one for each statement, itself in it; `eager` is without what only a
    branch of a choice needs. `following` has the place of each state's next value; that of the
    parameters is the result. `reach` has the states that the next value of each goes by, at this
    step or a later one.
    """

    def __init__(self, program: Program):
        planned = plan(program)
        self.all: list[int] = []
        self.eager: list[int] = []
        self._places = planned.names
        for at, call in enumerate(planned.calls):
            lazy = call.primitive.lazy
            asks = self._bit(PARAMETERS) if call.primitive.scope is Scope.STEP else 0
            first = [place for position, place in enumerate(call.args) if position not in lazy]
            self.all.append(1 << at | asks | _union(self.all, call.args))
            self.eager.append(1 << at | asks | _union(self.eager, first))
        self.following = {slot: output.place for slot, output in planned.slots.items()}
        self.following[PARAMETERS] = planned.result.place
        self._done = 0
        self.reach = {
            state: _union(self.all, [place]) & self.mask(self.following)
            for state, place in self.following.items()
        }
        for by in self.following:
            for state, met in self.reach.items():
                if met & self._bit(by):
                    self.reach[state] = met | self.reach[by]

    def groups(self, states: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The states that what follows `states` goes by, those that go round together in one group;
        each group after those that it goes by."""
        wanted = _united(self.reach[state] for state in states)
        left = [state for state in self.following if wanted & self._bit(state)]
        left.sort(key=self._depth)
        while left:
            first, met = left[0], self.reach[left[0]]
            group = [s for s in left if met & self._bit(s) and self.reach[s] & self._bit(first)]
            group = group or [first]
            yield tuple(group)
            left = [state for state in left if state not in group]

    def _depth(self, state: str) -> tuple[int, bool]:
        """More for a state that goes by more of them; those that go round come first."""
        return self.reach[state].bit_count(), not self.reach[state] & self._bit(state)

    def mask(self, states: Iterable[str]) -> int:
        """The places of some states."""
        return sum(map(self._bit, states))

    def missing(self, ends: Sequence[int]) -> list[int]:
        """The statements that these places need in any case and that were not given before."""
        found = _union(self.eager, ends) & ~self._done
        self._done |= found
        return [at for at in range(len(self.all)) if found >> at & 1]

    def _bit(self, state: str) -> int:
        return 1 << self._places[state]


def _united(sets: Iterable[int]) -> int:
    """All that is in one of some sets."""
    return reduce(or_, sets, 0)


def _union(needs: Sequence[int], places: Sequence[int]) -> int:
    """All that some places need; a name or a number needs itself."""
    found = 0
    for place in places:
        found |= needs[place] if place < len(needs) else 1 << place
    return found
