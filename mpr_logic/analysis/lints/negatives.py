"""Numbers of calls that may be negative: whoever makes the calls chooses them, and no law or test of the
rules keeps them above 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.constraints import Constraints
from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.analysis.terms import item_vars, literals, names, term_vars
from mpr_logic.language.ast import Comparison, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.analysis.lints.domains import Domains
    from mpr_logic.analysis.program import Rule
    from mpr_logic.language.ast import BodyItem, Term

ZERO = Const(0)
INSIDE = {("item", 2), ("field", 2)}
"""The places of values inside the lists and objects of calls."""


class Negatives:
    """The columns that hold a number which a call chose, and which may be negative.

    Args:
        domains: the program, its actions, and the values of each column.
        theta: the weight from which a forbid rejects.
    """

    def __init__(self, domains: Domains, theta: float) -> None:
        self._domains = domains
        self._program = domains.program
        self._theta = theta
        builtin = self._program.schema.relations
        self.columns = {each for each in INSIDE if each[0] in builtin and builtin[each[0]].builtin}
        if any(self._refuses_inside(rule) for rule in self._program.rules):
            self.columns.clear()
        for action, signature in self._program.schema.actions.items():
            for place, base in enumerate(signature.bases):
                if base in ("int", "float") and action in domains.actions and self._open(action, place):
                    self.columns |= {(f"{word} {action}", place) for word in HISTORY}
        self._grow()

    def may_be(
        self, rule: Rule, term: Term, inside: Iterable[BodyItem] = (), *, without: BodyItem | None = None
    ) -> bool:
        """Whether a term of a rule may come to less than 0 by the number of a call; ``inside`` is what stands
        in the braces with it, ``without`` an item that is not looked at."""
        items = [*(item for item in rule.body if item is not without), *inside]
        chosen = self._chosen(rule, items)
        return not chosen.isdisjoint(names(term_vars(term))) and self._possible(rule, items, term)

    # -- inside --------------------------------------------------------------------------------

    def _chosen(self, rule: Rule, items: Iterable[BodyItem]) -> set[str]:
        """The variables that stand in one of the columns, or for a number of the proposed call."""
        stated = (each for each in items if isinstance(each, Literal) and not each.negated)
        atoms = [(each.atom.name, each.atom.args) for each in stated]
        if rule.action is not None:
            atoms.append((f"past {rule.action}", rule.args[: rule.given]))
        return {
            term.name
            for name, args in atoms
            for place, term in enumerate(args)
            if isinstance(term, Var) and not term.anonymous and (name, place) in self.columns
        }

    def _possible(self, rule: Rule, items: list[BodyItem], term: Term) -> bool:
        domains = self._domains.within(self._domains.of(rule) or {}, items)
        return Constraints([*items, Comparison("<", term, ZERO)], domains).fault() is None

    def _open(self, action: str, place: int) -> bool:
        """Whether a call may have a negative number there: no schema, law or permit says otherwise."""
        allowed = self._domains.actions[action][place]
        if allowed is not None and all(not isinstance(v, (int, float)) or v >= 0 for v in allowed):
            return False
        rules = [rule for rule in self._program.rules if rule.action == action]
        if any(self._refuses(rule, place) for rule in rules if rule.clause.kind == "forbid"):
            return False
        permits = [rule for rule in rules if rule.clause.kind == "permit"]
        closed = action in self._program.schema.closed and permits
        return not closed or any(self._possible(rule, [*rule.body], rule.args[place]) for rule in permits)

    def _refuses(self, rule: Rule, place: int) -> bool:
        """Whether a law rejects each call with a negative number there."""
        term = rule.args[place]
        if not isinstance(term, Var) or term.anonymous or rule.weight < self._theta:
            return False
        if any(isinstance(each, Const) for each in rule.args):
            return False
        if any(not isinstance(each, Comparison) for each in rule.body):
            return False
        asked = names(v for each in rule.body for v in item_vars(each))
        below = (Comparison("=", term, Const(number)) for number in (-1, -(10**9)))
        return asked == {term.name} and all(Constraints([*rule.body, b]).fault() is None for b in below)

    def _refuses_inside(self, rule: Rule) -> bool:
        """Whether a law rejects a call for a negative number inside of its lists or objects."""
        if rule.clause.kind != "forbid":
            return False
        found = {
            literal.atom.args[place]
            for literal in literals(rule.body)
            for name, place in INSIDE
            if literal.atom.name == name
        }
        below = [Comparison(op, each, ZERO) for op in ("<", "<=") for each in found]
        return any(item in below for item in rule.body)

    def _grow(self) -> None:
        """Add the columns that rules fill with such numbers."""
        rules = [rule for rule in self._program.rules if rule.clause.kind == "relation"]
        while True:
            found = set()
            for rule in rules:
                chosen = self._chosen(rule, rule.body)
                for place, term in enumerate(rule.args):
                    column = (rule.head, place)
                    if column in self.columns or not (isinstance(term, Var) and term.name in chosen):
                        continue
                    if self._possible(rule, [*rule.body], term):
                        found.add(column)
            if not found:
                return
            self.columns |= found
