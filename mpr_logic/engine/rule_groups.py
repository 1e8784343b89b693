"""Rules of one shape as one rule, joined with a table of their constants.

Ten thousand learned rules differ in their constants alone. Each shape becomes a single rule in which
the constants are variables, bound by a relation that has one row for each rule; the planner then
finds the few rules that a question can match by an ordinary index lookup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.analysis.shapes import group_by_shape
from mpr_logic.engine.planner import body_relations, item_variables, term_variables
from mpr_logic.engine.store import Relation
from mpr_logic.language.ast import Atom, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.language.ast import BodyItem, Term

MEMBER = "$rule"
"""The variable that says which rule of the group it is: its index in ``RuleGroup.rules``."""

WORTH_A_TABLE = 4
"""The fewest rules of one shape that become a table; fewer run as they are written."""


@dataclass(frozen=True, slots=True, eq=False)
class RuleGroup:
    """Rules that run the same code.

    Without a ``table`` it is one rule, as written, or the copy of the asserted rows of a derived relation,
    and ``rules`` is then empty."""

    args: tuple[Term, ...]
    body: tuple[BodyItem, ...]
    rules: tuple[Rule, ...] = ()
    table: Relation | None = None

    @property
    def given(self) -> int:
        """The number of leading arguments that the question binds for the rule: see Rule."""
        return self.rules[0].given if self.rules else 0

    @property
    def weighs(self) -> bool:
        """Whether any of its rules weighs less than 1."""
        return any(rule.weight != 1.0 for rule in self.rules)


def variables_in_order(args: Sequence[Term], body: Sequence[BodyItem]) -> list[str]:
    """The named variables of a rule in order of their first occurrence, placeholders left out."""
    names = [n for term in args for n in term_variables(term)]
    names += [n for item in body for n in item_variables(item)]
    return [n for n in dict.fromkeys(names) if not n.startswith("$")]


def asserted(name: str) -> str:
    """The name under which the asserted rows of a derived relation are stored."""
    return f"{name} asserted"


def copy_asserted(name: str, arity: int) -> RuleGroup:
    """The group that copies the asserted rows of a derived relation."""
    columns = tuple(Var(f"C{i}") for i in range(arity))
    return RuleGroup(columns, (Literal(Atom(asserted(name), columns)),))


def group(rules: Iterable[Rule], name: str) -> list[RuleGroup]:
    """Group the rules of one head, in the order of each group's first rule."""
    groups: list[RuleGroup] = []
    for number, shape in enumerate(group_by_shape(rules, ignore_weight=True)):
        width = len(shape.rows[0])
        if len(shape.rules) < WORTH_A_TABLE or not width:
            groups.extend(RuleGroup(rule.args, rule.body, (rule,)) for rule in shape.rules)
            continue
        args, body = shape.abstract()
        table = Relation(f"{name} shape {number}", width + 1)
        for index, constants in enumerate(shape.rows):
            table.add((*constants, index))
        columns = (*(Var(f"${i}") for i in range(width)), Var(MEMBER))
        body = (*body, Literal(Atom(table.name, columns)))
        groups.append(RuleGroup(args, body, tuple(shape.rules), table))
    return groups


def relations_below(program: Program, groups: Mapping[str, Sequence[RuleGroup]]) -> dict[str, frozenset[str]]:
    """For each derived relation, itself and all relations below it."""
    below: dict[str, frozenset[str]] = {}
    for stratum in program.strata:
        reached: set[str] = set(stratum)
        for head in stratum:
            for each in groups[head]:
                for name in body_relations(each.body):
                    reached |= below.get(name, {name})
        below.update(dict.fromkeys(stratum, frozenset(reached)))
    return below
