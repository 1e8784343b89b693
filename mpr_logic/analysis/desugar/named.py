"""Named constants, ``$most``: the value in the place of the name; of a set, its members in the braces."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from mpr_logic.analysis.desugar.part import Part
from mpr_logic.analysis.report import nearest
from mpr_logic.analysis.terms import rewrite_aggregate, rewrite_item, rewrite_term, rewrite_written, term_span
from mpr_logic.language.ast import Aggregate, Alternatives, Const, Membership, Named, Placed, Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.desugar.part import Context
    from mpr_logic.analysis.program import NamedConstant
    from mpr_logic.language.ast import Atom, BodyItem, Clause, Span, Term, WrittenItem


def expand_names(clause: Clause, context: Context) -> Sequence[Part]:
    """The clause with the values of its named constants."""
    if not context.named:
        return (Part(clause),)
    before = context.report.broken
    expanded = _Names(clause, context).expanded()
    return (Part(expanded),) if context.report.broken == before else ()


class _Names:
    """The names in one clause."""

    def __init__(self, clause: Clause, context: Context) -> None:
        self._clause = clause
        self._constants = context.schema.constants
        self._report = context.report

    def expanded(self) -> Clause:
        """The clause with values in the place of names."""
        clause = self._clause
        head = self._atom(clause.head)
        effect = None if clause.effect is None else self._atom(clause.effect)
        body = tuple(map(self._item, clause.body))
        same = head is clause.head and effect is clause.effect
        if same and all(new is old for new, old in zip(body, clause.body, strict=True)):
            return clause
        return replace(clause, head=head, effect=effect, body=body)

    def _atom(self, atom: Atom) -> Atom:
        args = tuple([rewrite_term(term, self._value) for term in atom.args])
        return atom if all(map(_same, args, atom.args)) else replace(atom, args=args)

    def _item(self, item: WrittenItem) -> WrittenItem:
        if isinstance(item, Membership):
            members = tuple(value for member in item.members for value in self._members(member))
            return replace(item, term=rewrite_term(item.term, self._value), members=members)
        if isinstance(item, Alternatives):
            return replace(item, branches=tuple(tuple(map(self._item, each)) for each in item.branches))
        if isinstance(item, Aggregate):
            return rewrite_aggregate(item, self._value, lambda inner: cast("BodyItem", self._item(inner)))
        if isinstance(item, Unknown):
            return replace(item, atom=self._atom(item.atom))
        if isinstance(item, Placed):
            return rewrite_written(item, self._value)
        return rewrite_item(item, self._value)

    def _value(self, term: Term) -> Term:
        """The one value of a name; any other leaf as it is."""
        if not isinstance(term, Named):
            return term
        found = self._found(term)
        if found is not None and found.is_set:
            message = f"`${term.name}` is a set, and one value is wanted here"
            self._report.error("E0235", message, self._span(term), f"write `X in ${term.name}`, and use `X`")
        return term if found is None or found.is_set else Const(found.values[0], term.span)

    def _members(self, member: Const | Named) -> Sequence[Const]:
        """The values of a member of a set, which may be the name of a set."""
        if isinstance(member, Const):
            return (member,)
        found = self._found(member)
        return () if found is None else [Const(value, member.span) for value in found.values]

    def _found(self, term: Named) -> NamedConstant | None:
        found = self._constants.get(term.name)
        if found is None:
            close = nearest(term.name, self._constants)
            known = ", ".join(f"`${name}`" for name in self._constants)
            variable = term.name[0].upper() + term.name[1:]
            declare = f"declare it: .const {term.name} = value; or write the variable `{variable}`"
            help = (
                f"did you mean `${close}`?"
                if close
                else f"there are {known}; or {declare}"
                if known
                else declare
            )
            self._report.error(
                "E0230", f"the constant `${term.name}` is not declared", self._span(term), help
            )
        return found

    def _span(self, term: Named) -> Span:
        return term_span(term, self._clause.head.span)


def _same(new: object, old: object) -> bool:
    return new is old
