"""What a model may speak of, and what it is told of it: each relation and action in a line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.analysis import analyse
from mpr_logic.analysis.schema import declarations_of
from mpr_logic.analysis.terms import literals
from mpr_logic.language.ast import ActionDecl, DefaultDecl, Module, RelationDecl
from mpr_logic.models.constrained import LITERALS, constants_of, specialise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mpr_logic.analysis.program import Schema, Signature
    from mpr_logic.models.grammar import Grammar


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The relations and actions that a model's rules may speak of.

    ``remarks`` holds what a comment at its declaration says of a name; ``constants`` are the names that a
    rule may use for the values of a type.
    """

    schema: Schema
    relations: tuple[str, ...]
    actions: tuple[str, ...]
    remarks: Mapping[str, str]
    constants: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, modules: Sequence[Module]) -> Vocabulary:
        """All that the modules of a program declare, and the built-in relations that their rules read.

        Raises:
            ProgramError: together they are no valid program.
        """
        program = analyse(modules)
        schema = program.schema
        remarks: dict[str, str] = {}
        for statement in (s for module in modules for s in module.statements):
            if isinstance(statement, RelationDecl | ActionDecl):
                said = " ".join([*statement.comments, statement.trailing or ""]).split()
                if said:
                    remarks.setdefault(statement.name, " ".join(said))
        read = {literal.atom.name for rule in program.rules for literal in literals(rule.body)}
        relations = tuple(name for name, s in schema.relations.items() if not s.builtin or name in read)
        return cls(schema, relations, tuple(schema.actions), remarks, constants_of(program))

    def only(
        self, *, relations: Collection[str] | None = None, actions: Collection[str] | None = None
    ) -> Vocabulary:
        """A part of it: a smaller grammar, and a shorter prompt.

        Raises:
            ValueError: there is no such relation or action.
        """
        wanted = {*(self.relations if relations is None else relations)}
        wanted |= {*(self.actions if actions is None else actions)}
        missing = sorted(wanted - {*self.relations, *self.actions})
        if missing:
            raise ValueError(f"`{missing[0]}` is not declared")
        return replace(
            self,
            relations=tuple(r for r in self.relations if r in wanted),
            actions=tuple(a for a in self.actions if a in wanted),
        )

    def grammar(self, literals: int = LITERALS) -> Grammar:
        """The grammar of an answer over these relations and actions: see :func:`specialise`."""
        return specialise(
            self.schema,
            relations=self.relations,
            actions=self.actions,
            constants=self.constants,
            literals=literals,
        )

    def explained(self) -> tuple[list[str], list[str]]:
        """The relations, and the actions, a line for each."""
        return (
            [self._line(self.schema.relations[name]) for name in self.relations],
            [self._line(self.schema.actions[name]) for name in self.actions],
        )

    def _line(self, signature: Signature) -> str:
        args = ", ".join(f"{p.name}: {p.type}" for p in signature.params)
        remark = self.remarks.get(signature.name)
        return f"{signature.name}({args}){f': {remark}' if remark else ''}"


def declarations(schema: Schema) -> Module:
    """The declarations of a schema as a module: what a candidate is checked against by itself."""
    found = [each for each in declarations_of(schema) if not isinstance(each, DefaultDecl)]
    return Module(tuple(found), file="<declarations>")


def wrapped(names: Iterable[str], width: int = 100) -> list[str]:
    """Names as lines of text, separated by commas."""
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) > width:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{name}"
    return lines
