"""The declarations of a memory, and the check of rule texts against them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.analyse import Preparer, in_order
from mpr_logic.analysis.annotations import check_because, explicit_id
from mpr_logic.analysis.builtin_relations import BUILT_IN, OWNABLE
from mpr_logic.analysis.classes import one_class_each
from mpr_logic.analysis.report import DiagnosticCollector
from mpr_logic.analysis.schema import collect
from mpr_logic.analysis.schema import declarations_of as schema_declarations
from mpr_logic.analysis.terms import sugar
from mpr_logic.errors import ProgramError, StoreError
from mpr_logic.language.ast import (
    ActionDecl,
    ClassDecl,
    Clause,
    ConstDecl,
    DefaultDecl,
    HintDecl,
    Module,
    ParamDecl,
    RelationDecl,
    RuleTest,
    TypeDecl,
)
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_module, print_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.analysis.program import Schema
    from mpr_logic.language.ast import Statement

HEADS = ("forbid", "prefer")
"""The kinds of head that a rule may have if no person wrote it."""

EVIDENCE = "evidence"
"""The annotation that an export adds: who wrote the rule, how often it went wrong, and right."""

_HISTORY = ("absent", "past", "succeeded", "failed")
_LEARNED_KEEP = ("because", "source")


@dataclass(frozen=True, slots=True)
class Checked:
    """A clause that fits: ``text`` is its print without weight, @id and @evidence; ``key`` a hash of its
    canonical form; ``id`` its @id, or None."""

    clause: Clause
    text: str
    key: str
    id: str | None

    @property
    def short(self) -> str:
        """The id that the clause has where it is given none."""
        return f"r{self.key[:10]}"


class Declarations:
    """Declarations of types, relations and actions.

    ``outdated`` are the names in the text that are built in now, in another form: they are left out.

    Args:
        text: the declarations, as :attr:`text` of others.

    Raises:
        ProgramError: the text is not valid.
    """

    def __init__(self, text: str = "") -> None:
        module = parse(text, "<memory>")
        self.outdated = tuple(_name(s)[1] for s in module.statements if _outdated(s))
        module = replace(module, statements=tuple(s for s in module.statements if not _outdated(s)))
        self.statements = module.statements
        report = DiagnosticCollector()
        self.schema = collect(module.statements, report)
        if report.broken:
            raise ProgramError(in_order(report, [module]))

    @property
    def text(self) -> str:
        """The declarations as text."""
        return print_module(Module(self.statements))

    def with_(self, modules: Sequence[Module]) -> Declarations:
        """These and the declarations in some modules. Of one that differs in its attributes alone, such as
        `input`, the newer stands.

        Raises:
            ProgramError: one of them does not go with the others.
        """
        known = {_name(s): _bare(s) for s in self.statements}
        anew = {_name(s) for m in modules for s in m.statements}
        rest = tuple(s for s in self.statements if _name(s) not in anew)
        own = Module(rest, (), "<memory>", self.text)
        report = DiagnosticCollector()
        collect([s for m in (own, *modules) for s in m.statements], report)
        new = one_class_each(s for m in modules for s in m.statements)
        for statement in (s for s in new if not isinstance(s, Clause | RuleTest)):
            old = known.get(_name(statement))
            if old is not None and _form(old) != _form(statement):
                report.error(
                    "E0208",
                    f"`{_name(statement)[1]}` is declared otherwise in the memory",
                    statement.span,
                    f"there it is {print_statement(old)}, and its rules speak of that: declare it so, or "
                    "take another name; to declare it anew, export the rules, mend them, and import them "
                    "with the new declaration into another memory",
                )
            known[_name(statement)] = _bare(statement)
        if report.broken:
            raise ProgramError(in_order(report, [own, *modules]))
        kept = Declarations(print_module(Module(tuple(known.values()))))
        kept.outdated = self.outdated
        return kept

    def filled(self, names: Iterable[str]) -> str:
        """The declarations as text, these relations as what the host fills; not those that are asked, never
        stated."""
        wanted = set(names)
        return print_module(
            Module(
                tuple(
                    replace(s, input=True)
                    if isinstance(s, RelationDecl) and s.name in wanted and not any(p.bound for p in s.params)
                    else s
                    for s in self.statements
                )
            )
        )

    def check(self, modules: Sequence[Module]) -> list[Checked]:
        """Check each clause of some modules: names, types, safety and annotations.

        Raises:
            ProgramError: some are not valid; every fault is in it.
            StoreError: one of them is no rule that a memory can hold.
        """
        report = DiagnosticCollector()
        preparer = Preparer(self.schema, report)
        found: list[Checked] = []
        for module in modules:
            for clause in module.clauses:
                if clause.kind in _HISTORY:
                    raise StoreError(f"{clause.span}: this belongs to a state: a memory holds rules")
                given = explicit_id(clause, report) if clause.annotations else None
                prepared = preparer.prepare(clause)
                if prepared is None:
                    continue
                check_because(clause, prepared.bound, report, self.schema.constants)
                key = hashlib.sha256(prepared.text.encode("utf-8", "surrogatepass")).hexdigest()
                found.append(Checked(clause, stored_text(clause), key, given))
        if report.broken:
            raise ProgramError(in_order(report, modules))
        return found


def declarations_of(schema: Schema) -> Module:
    """The declarations of a schema, as a module."""
    written = {s.name: s.span for s in (*schema.relations.values(), *schema.actions.values()) if s.span}
    placed = [
        replace(s, span=written[s.name])
        if isinstance(s, (RelationDecl, ActionDecl)) and s.name in written
        else s
        for s in schema_declarations(schema)
    ]
    return Module(tuple(placed), (), "<program>")


def learned(text: str, because: str | None, source: str) -> Module:
    """The one rule of a text that no person wrote, without what is not its author's to say: a weight, an
    id, annotations but @because and @source.

    Raises:
        ProgramError: it is not one rule.
        StoreError: it is a rule that only a person may write.
    """
    module = parse(text, "<candidate>")
    if len(module.statements) != 1 or not isinstance(module.statements[0], Clause):
        raise StoreError("a candidate is one rule: `forbid ACTION :- BODY.`")
    (clause,) = module.clauses
    if clause.kind not in HEADS:
        raise StoreError(f"`{clause.kind}` is not for a learned rule: it may only forbid or prefer an action")
    if clause.annotation("overrides") is not None:
        raise StoreError("a learned rule overrides nothing: leave @overrides out")
    if (more := sugar(clause)) is not None:
        raise StoreError(f"a learned rule has no {more}: write a rule for each case, with its constants")
    from mpr_logic.language.ast import Annotation, Const

    given = {a.name: a for a in clause.annotations if a.name in _LEARNED_KEEP}
    if because is not None:
        given["because"] = Annotation("because", (Const(because),))
    if source:
        given["source"] = Annotation("source", (Const(source),))
    kept = tuple(given[name] for name in _LEARNED_KEEP if name in given)
    plain = replace(clause, weight=1.0, annotations=kept, comments=(), trailing=None)
    return replace(module, statements=(plain,))


def stored_text(clause: Clause) -> str:
    """A clause as it is kept: without its weight, its @id and an @evidence."""
    kept = tuple([a for a in clause.annotations if a.name not in ("id", EVIDENCE)])
    return print_statement(replace(clause, weight=1.0, annotations=kept))


def without_comments(texts: Iterable[str]) -> list[str]:
    """The texts of single clauses without their comments."""
    return [
        print_statement(replace(clause, comments=(), trailing=None))
        for text in texts
        for clause in parse(text).clauses
    ]


def concluded(text: str) -> set[str]:
    """The relations that the facts, rules and effects of a text fill."""
    found = set()
    for clause in parse(text).clauses:
        if clause.effect is not None:
            found.add(clause.effect.name)
        elif clause.kind == "relation":
            found.add(clause.head.name)
    return found


def _outdated(statement: Statement) -> bool:
    """Whether a declaration is of what is built in now, and says something else of it."""
    if (
        not isinstance(statement, (RelationDecl, ActionDecl))
        or statement.name not in BUILT_IN.keys() - OWNABLE
    ):
        return False
    form = BUILT_IN[statement.name].params
    return isinstance(statement, ActionDecl) or _arguments(statement) != [(p.name, p.type) for p in form]


def _form(statement: Statement) -> object:
    """The part of a declaration that rules depend on: its arguments and their types."""
    if isinstance(statement, TypeDecl):
        return statement.base, statement.members
    if isinstance(statement, ConstDecl):
        return statement.value
    if isinstance(statement, ParamDecl):
        return statement.type
    if isinstance(statement, (RelationDecl, ActionDecl, ClassDecl)):
        return _arguments(statement)
    return None


def _arguments(statement: RelationDecl | ActionDecl | ClassDecl) -> list[tuple[str, str]]:
    return [(param.name, param.type) for param in statement.params or ()]


def _name(statement: Statement) -> tuple[str, str]:
    if isinstance(statement, (DefaultDecl, HintDecl)):
        return type(statement).__name__, statement.action
    return type(statement).__name__, getattr(statement, "name", "")


def _bare(statement: Statement) -> Statement:
    return replace(statement, comments=(), trailing=None)
