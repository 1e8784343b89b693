"""Relations that sessions and processes share: their rows, and the calls under way that would change them,
are read from a store before a question and written back with its answer, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import FILLED
from mpr_logic.analysis.influence import read_by, written_by
from mpr_logic.analysis.occurrences import is_history
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.action import Action
from mpr_logic.checker.underway import OTHERS, UnderWay
from mpr_logic.errors import GuardError, StateError
from mpr_logic.guard.store import Reservation
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mpr_logic.analysis.program import Program
    from mpr_logic.checker.checker import Checker
    from mpr_logic.guard.store import Store, Transaction
    from mpr_logic.language.ast import Row

_HERE = Span("the store", 0, 0, 0, 0)


def shared_relations(program: Program, told: Iterable[str] = ()) -> frozenset[str]:
    """The relations that are declared ``shared``.

    Args:
        program: the rules.
        told: those that functions of the host fill: their rows are kept with each call, as ``now`` is.

    Raises:
        GuardError: what an effect does to one hangs on what each session has for itself.
    """
    shared = frozenset(name for name, each in program.schema.relations.items() if each.shared)
    own = _own(program, told) if shared else frozenset()
    for rule in program.rules:
        if rule.clause.kind in ("causes", "ends") and written_by(rule.head)[0] in shared:
            for name in sorted(read_by(program, [rule.head]) & own):
                help = (
                    "count the calls in a shared relation of their own, which they change by `causes`"
                    if is_history(name) or name == "called"
                    else "declare that one shared too, or state its facts in the rules"
                )
                raise GuardError(
                    f"{rule.clause.span}: `{written_by(rule.head)[0]}` is shared, and what changes it here "
                    f"reads `{name}`, which each session has for itself: {help}"
                )
    return shared


def _own(program: Program, told: Iterable[str]) -> frozenset[str]:
    """The relations that each session has for itself: history, and what the host or an effect fills."""
    written = {written_by(r.head)[0] for r in program.rules if r.clause.kind in ("causes", "ends")}
    relations = program.schema.relations
    filled = {name for name, each in relations.items() if each.input or each.changed_by or name in written}
    history = {
        f"{word} {name}" for name in program.schema.actions for word in ("past", "succeeded", "failed")
    }
    own = {name for name in filled if not relations[name].shared} | history | {"called"}
    own -= (FILLED - {"called"}).union(told)  # these are kept with the call
    return frozenset(own | {f"not {name}" for name in own if not is_history(name)})


class Sharing:
    """What one session's checker and a store have in common.

    Args:
        store: it holds the rows and the reservations.
        checker: of the session.
        relations: those that are shared.
        keeps: says, of an action, what is kept of the moment of its calls.
    """

    def __init__(
        self,
        store: Store,
        checker: Checker,
        relations: frozenset[str],
        keeps: Callable[[str], frozenset[str]],
    ) -> None:
        self._store = store
        self._checker = checker
        self._relations = relations
        self._keeps = keeps
        self._revision = -1
        self._rows: dict[str, dict[Row, float]] = {}
        self._others: list[Reservation] = []
        self._made: dict[str, UnderWay] = {}

    def read(self, transaction: Transaction, own: dict[str, UnderWay]) -> list[UnderWay]:
        """Take over what is in the store; returns the calls under way, those of others among them, in the
        order in which they were admitted.

        Args:
            transaction: of the store.
            own: the calls of this session that are under way.

        Raises:
            StateError: such a call is none of these rules, so that what it would change cannot be told; or a
                row does not fit.
        """
        revision = transaction.revision()
        if revision != self._revision:
            present = self._present()
            for relation in sorted(self._relations - transaction.begun()):
                transaction.begin(relation)
                for row, weight in present.get(relation, {}).items():
                    revision = transaction.change(relation, row, weight)
            stored = transaction.rows()
            self._rows = {name: stored.get(name, {}) for name in self._relations}
            add, remove = _difference(present, self._rows)
            if add or remove:
                self._checker.update(add=add, remove=remove, source="the store")
            self._others = transaction.reservations()
            self._made = {each.id: self._made[each.id] for each in self._others if each.id in self._made}
            self._revision = revision
        mine, found = iter(own.values()), []
        for each in self._others:
            if each.id not in own:
                found.append(self._call(each))
                continue
            for call in mine:
                found.append(call)
                if call.id == each.id:
                    break
        return [*found, *mine]

    def write(self, transaction: Transaction) -> None:
        """Write what was changed of the shared relations since they were read."""
        present = self._present()
        add, remove = _difference(self._rows, present)
        for fact in remove:
            self._revision = transaction.change(fact.relation, fact.row, None)
        for fact in add:
            self._revision = transaction.change(fact.relation, fact.row, fact.weight)
        self._rows = present

    def reserve(self, transaction: Transaction, call: UnderWay) -> None:
        """Hold what an admitted call would change."""
        facts = tuple((fact.relation, fact.row) for fact in call.facts)
        made = Reservation(call.id, call.action.name, call.action.args, facts)
        self._revision = transaction.reserve(made, self._store.hold)
        self._others.append(made)

    def settle(self, transaction: Transaction, id: str, *, known: bool) -> None:
        """A call has ended."""
        self._revision = transaction.settle(id, known=known)
        if known:
            self._others = [each for each in self._others if each.id != id]

    def _present(self) -> dict[str, dict[Row, float]]:
        facts = self._checker.facts()
        return {name: facts.get(name, {}) for name in self._relations}

    def _call(self, each: Reservation) -> UnderWay:
        found = self._made.get(each.id)
        if found is None:
            found = self._made[each.id] = self._read_call(each)
        return found

    def _read_call(self, each: Reservation) -> UnderWay:
        signature = self._checker.program.schema.actions.get(each.action)
        unlike = signature is None or signature.arity != len(each.args)
        # every call has a second; one without was admitted where no effect reads it
        if unlike or ("now" in self._keeps(each.action) and all(name != "now" for name, _ in each.facts)):
            raise StateError(
                "a call that other rules admitted is under way, and these cannot tell what it would change: "
                "wait until it has ended"
            )
        facts = tuple(Fact(name, row, 1.0, _HERE) for name, row in each.facts)
        return UnderWay(each.id, Action(each.action, *each.args), facts, OTHERS, only=self._relations)


def _difference(
    before: dict[str, dict[Row, float]], after: dict[str, dict[Row, float]]
) -> tuple[list[Fact], list[Fact]]:
    """What must be added and removed to come from some rows to others."""
    add = [
        Fact(name, row, weight, _HERE)
        for name, rows in after.items()
        for row, weight in rows.items()
        if before.get(name, {}).get(row) != weight
    ]
    remove = [
        Fact(name, row, weight, _HERE)
        for name, rows in before.items()
        for row, weight in rows.items()
        if row not in after.get(name, {})
    ]
    return add, remove
