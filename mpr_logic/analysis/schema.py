"""The schema of a program, from its declarations: types, relations, actions and defaults."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import BUILT_IN, OWNABLE
from mpr_logic.analysis.classes import collect_classes, collect_hints
from mpr_logic.analysis.enumerations import allowed, read_members
from mpr_logic.analysis.program import ANY, NamedConstant, Schema, Signature
from mpr_logic.analysis.report import count, declaration, did_you_mean, where
from mpr_logic.analysis.settings import named_constants
from mpr_logic.analysis.tells import collect_tells, tells_declaration
from mpr_logic.analysis.times import MOMENTS
from mpr_logic.analysis.types import BUILTIN, base, type_help
from mpr_logic.language.ast import (
    ActionDecl,
    ClassDecl,
    Const,
    ConstDecl,
    DefaultDecl,
    HintDecl,
    Member,
    Param,
    ParamDecl,
    RelationDecl,
    TellsDecl,
    TypeDecl,
)
from mpr_logic.language.printer import print_param, print_statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.analysis.enumerations import Members
    from mpr_logic.analysis.program import ActionClass
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Span, Statement

MAX_ARGUMENTS = 64
EVERY = "*"
"""The name that stands for all actions in `.default forbid`."""
RESERVED = frozenset(
    "not forbid permit prefer past succeeded failed causes ends count sum min max mod"
    " contains starts_with ends_with matches lower length".split()
)


def collect(
    statements: Iterable[Statement],
    report: DiagnosticCollector,
    *,
    built_in: bool = True,
    params: Mapping[str, object] | None = None,
) -> Schema:
    """Read the declarations among the statements.

    What is wrong is reported; what can be used of it is used, so that one wrong declaration does
    not make an error of every rule that speaks of it.

    Args:
        statements: those of all modules.
        report: gets what is wrong.
        built_in: the built-in relations are there.
        params: the values that the host sets parameters to.

    Raises:
        OptionError: ``params`` names what is no parameter.
    """
    all_of = list(statements)
    declared = [s for s in all_of if isinstance(s, TypeDecl)]
    types = _types(declared, report)
    members = read_members(declared, types, report)
    constants = named_constants(all_of, types, members, params or {}, report)
    relations: dict[str, Signature] = dict(BUILT_IN) if built_in else {}
    actions: dict[str, Signature] = {}
    for each in all_of:
        if isinstance(each, (RelationDecl, ActionDecl)):
            _declare(each, types, members, relations, actions, report)
    classes = _classes(all_of, types, members, relations, actions, report)
    closed: set[str] = set()
    all_closed = False
    for each in all_of:
        if not isinstance(each, DefaultDecl):
            continue
        if each.action == EVERY or (each.action == ANY and ANY in classes):
            all_closed = True
            closed.update(actions)
        elif each.action in actions:
            closed.add(each.action)
        elif each.action in classes:
            closed.update(classes[each.action].members)
        elif each.action in relations:
            report.error(
                "E0202",
                f"`{each.action}` is a relation, not an action",
                each.span,
                "only an action can be forbidden by default",
            )
        else:
            report.error(
                "E0201",
                f"`{each.action}` is not declared",
                each.span,
                did_you_mean(each.action, [*actions, *classes], f"declare it: .action {each.action}(...)"),
            )
    hints = [(s.action, name, said) for s in all_of if isinstance(s, HintDecl) for name, said in s.hints]
    reading = frozenset(action for action, name, said in hints if name == "readOnlyHint" and said)
    schema = Schema(types, relations, actions, frozenset(closed), all_closed, classes, members, constants)
    schema = replace(schema, reading=reading)
    told = [s for s in all_of if isinstance(s, TellsDecl)]
    return replace(schema, tells=collect_tells(told, schema, report)) if told else schema


def declarations_of(schema: Schema) -> list[Statement]:
    """The statements that declare a schema; built-in relations need none."""
    statements: list[Statement] = [
        TypeDecl(name, base, tuple(map(Const, schema.members.get(name, ()))))
        for name, base in schema.types.items()
    ]
    statements += [_named(name, each) for name, each in schema.constants.items()]
    statements += [_relation(s) for s in schema.relations.values() if not s.builtin]
    statements += [ActionDecl(s.name, _plain(s.params)) for s in schema.actions.values()]
    for name, each in schema.classes.items():
        if not each.signature.builtin:
            params = _plain(each.signature.params[: each.shared])
            statements.append(ClassDecl(name, params, tuple(map(Member, each.members))))
    closed = [EVERY] if schema.all_closed else sorted(schema.closed)
    statements += [DefaultDecl(name) for name in closed]
    return [*statements, *(tells_declaration(each, schema) for each in schema.tells)]


def _named(name: str, constant: NamedConstant) -> ConstDecl | ParamDecl:
    """The declaration of a named constant; of a parameter the default is its value."""
    values = tuple(map(Const, constant.values))
    if constant.type is not None:
        return ParamDecl(name, constant.type, values[0])
    return ConstDecl(name, values if constant.is_set else values[0])


def _relation(signature: Signature) -> RelationDecl:
    params = _plain(signature.params)
    key = None if signature.key is None else tuple(params[place].name for place in signature.key)
    return RelationDecl(
        signature.name,
        params,
        open_world=signature.open_world,
        input=signature.input,
        key=key,
        changed_by=signature.changed_by,
        shared=signature.shared,
        complete=signature.complete,
    )


def _plain(params: Iterable[Param]) -> tuple[Param, ...]:
    """Arguments without the places where they were written."""
    return tuple(Param(p.name, p.type, p.optional, bound=p.bound) for p in params)


def _classes(
    statements: Iterable[Statement],
    types: dict[str, str],
    members: Members,
    relations: dict[str, Signature],
    actions: dict[str, Signature],
    report: DiagnosticCollector,
) -> dict[str, ActionClass]:
    """The classes of actions that are declared, and the built-in one."""
    declared = [s for s in statements if isinstance(s, ClassDecl)]
    hints = collect_hints((s for s in statements if isinstance(s, HintDecl)), actions, report)
    found: dict[str, Signature] = {}
    for each in sorted(declared, key=lambda s: s.params is None):  # the arguments may stand in another file
        if not _class_name(each, relations, actions, report):
            continue
        params = each.params if each.params is not None or each.name in found else ()
        if params is None:
            continue
        old = found.get(each.name)
        if old is None:
            if len(params) > MAX_ARGUMENTS:
                too_many(each.name, len(params), each.span, report)
            action = ActionDecl(each.name, params, span=each.span)
            found[each.name] = _signature(action, types, members, report)
        elif [(p.name, p.type) for p in old.params] != [(p.name, p.type) for p in params]:
            report.error(
                "E0240",
                f"the class `{each.name}` shares other arguments elsewhere",
                each.span,
                f"the first declaration is .class {declaration(old)}{where(old.span)}: "
                "say the same, or leave the arguments out",
            )
    return collect_classes(declared, found, hints, relations, actions, report)


def _class_name(
    each: ClassDecl,
    relations: dict[str, Signature],
    actions: dict[str, Signature],
    report: DiagnosticCollector,
) -> bool:
    """Whether a class may have its name."""
    other = actions.get(each.name) or relations.get(each.name)
    if each.name in RESERVED:
        report.error("E0108", f"`{each.name}` is a word of the language", each.span, "choose another name")
    elif other is not None:
        word = "an action" if each.name in actions else "a relation"
        report.error(
            "E0208",
            f"`{each.name}` is declared as {word} too",
            each.span,
            f"give one of them another name{f'; the other stands{where(other.span)}' if other.span else ''}",
        )
    elif each.name == ANY:
        help = "it has every action; give a class of your own another name"
        report.error("E0240", f"`{ANY}` is built in", each.span, help)
    else:
        return True
    return False


def _types(declared: list[TypeDecl], report: DiagnosticCollector) -> dict[str, str]:
    first: dict[str, TypeDecl] = {}
    for each in declared:
        old = first.get(each.name)
        if each.name in BUILTIN and each.name not in MOMENTS:
            report.error(
                "E0208", f"`{each.name}` is a built-in type", each.span, "give your type another name"
            )
        elif old is None:
            first[each.name] = each
        elif (old.base, old.members) != (each.base, each.members) or (
            old.span.file == each.span.file and old.span != each.span
        ):
            report.error("E0208", f"type `{each.name}` is declared twice", each.span, _first(old))
    types = {name: each.base for name, each in first.items()}
    for each in first.values():
        if each.base not in types and each.base not in BUILTIN:
            help = type_help(each.base, types)
            report.error("E0209", f"type `{each.base}` is not declared", each.span, help)
            types[each.name] = "any"
    for cycle in _cycles(types):
        path = " <: ".join([*cycle, cycle[0]])
        report.error(
            "E0210",
            f"type `{cycle[0]}` stands under itself: {path}",
            first[cycle[0]].span,
            "let one of them stand under a built-in type: " + ", ".join(BUILTIN),
        )
        types.update(dict.fromkeys(cycle, "any"))
    return types


def _cycles(types: dict[str, str]) -> list[list[str]]:
    found: list[list[str]] = []
    done: set[str] = set()
    for start in types:
        path: list[str] = []
        name = start
        while name in types and name not in done and name not in path:
            path.append(name)
            name = types[name]
        if name in path:
            found.append(path[path.index(name) :])
        done.update(path)
    return found


def _first(old: TypeDecl | RelationDecl | ActionDecl) -> str:
    return f"the first declaration stands{where(old.span)}: keep one of them"


def _declare(
    each: RelationDecl | ActionDecl,
    types: dict[str, str],
    members: Members,
    relations: dict[str, Signature],
    actions: dict[str, Signature],
    report: DiagnosticCollector,
) -> None:
    if each.name in RESERVED:
        report.error("E0108", f"`{each.name}` is a word of the language", each.span, "choose another name")
        return
    if len(each.params) > MAX_ARGUMENTS:
        too_many(each.name, len(each.params), each.span, report)
    is_action = isinstance(each, ActionDecl)
    known = relations.get(each.name)
    if known is not None and known.builtin and each.name in OWNABLE and each.params != known.params:
        del relations[each.name]  # it is the program's own
    own, others = (actions, relations) if is_action else (relations, actions)
    signature = _signature(each, types, members, report)
    if each.name in relations and relations[each.name].builtin:
        _declare_built_in(each, signature, relations, report)
        return
    if each.name in others:
        word = "a relation" if is_action else "an action"
        report.error(
            "E0208",
            f"`{each.name}` is declared as {word} too",
            each.span,
            f"give one of them another name; the first stands{where(others[each.name].span)}",
        )
        return
    old = own.get(each.name)
    if old is None:
        own[each.name] = signature
    elif not _alike(old, signature):
        kind = "action" if is_action else "relation"
        help = f"the first declaration stands{where(old.span)}: keep one of them"
        if old.span is not None and old.span.file != each.span.file:
            first = ActionDecl(old.name, _plain(old.params)) if is_action else _relation(old)
            help = f"the one{where(old.span)} says {print_statement(first)}: let both say the same"
        report.error("E0208", f"{kind} `{each.name}` is declared twice", each.span, help)


def _declare_built_in(
    each: RelationDecl | ActionDecl,
    signature: Signature,
    relations: dict[str, Signature],
    report: DiagnosticCollector,
) -> None:
    """Report a declaration that is not the one that a built-in relation has; keep the place of its own."""
    known = relations[each.name]
    same = isinstance(each, RelationDecl) and signature.params == known.params
    if not same or not (signature.plain or signature.attributes == known.attributes):
        report.error(
            "E0223",
            f"`{each.name}` is built in: it is there without a declaration",
            each.span,
            f"its form is .decl {declaration(known)}: take the declaration away, or choose another name",
        )
    elif known.span is not None and known.span.file == each.span.file:
        report.error("E0208", f"relation `{each.name}` is declared twice", each.span, "take both away")
    else:
        relations[each.name] = replace(known, span=each.span)


def too_many(name: str, arguments: int, span: Span, report: DiagnosticCollector) -> None:
    """Report a relation or an action with more arguments than an engine takes."""
    report.error(
        "E0221",
        f"`{name}` has {count(arguments, 'argument')}",
        span,
        f"at most {MAX_ARGUMENTS} are allowed: split it into several relations",
    )


def _alike(old: Signature, new: Signature) -> bool:
    """Whether two files have one declaration: files that share relations may each declare them."""
    return (
        old.params == new.params
        and old.attributes == new.attributes
        and old.span is not None
        and new.span is not None
        and (old.span.file != new.span.file or old.span == new.span)  # a file may be used twice
    )


def _signature(
    each: RelationDecl | ActionDecl, types: dict[str, str], members: Members, report: DiagnosticCollector
) -> Signature:
    seen: set[str] = set()
    params: list[Param] = []
    for param in each.params:
        if param.name in seen:
            report.error(
                "E0208",
                f"`{each.name}` has two arguments named `{param.name}`",
                _param_span(param, each),
                "give each argument a name of its own",
            )
        seen.add(param.name)
        if param.type not in types and param.type not in BUILTIN:
            report.error(
                "E0209",
                f"type `{param.type}` is not declared",
                _param_span(param, each),
                type_help(param.type, types),
            )
            param = replace(param, type="any")  # so that no rule is blamed for it
        elif param.optional and base(types, param.type) not in ("symbol", "any"):
            report.error(
                "E0225",
                f"`{param.name}?` is {param.type}, and an argument that is left out is the name `null`",
                _param_span(param, each),
                "let it be of type any, or of symbol or a type under it",
            )
        params.append(param)
    bases = tuple(base(types, p.type) for p in params)
    listed = tuple(allowed(members, types, p) for p in params) if members else ()
    if isinstance(each, ActionDecl):
        # a plus there was refused when the text was read
        free = tuple(replace(p, bound=False) for p in params)
        return Signature(each.name, free, bases, span=each.span, members=listed)
    _modes(each, report)
    asked = max((place for place, param in enumerate(params) if param.bound), default=-1)
    leading = [
        replace(param, bound=True) for param in params[: asked + 1]
    ]  # so that no rule is blamed for it
    return Signature(
        each.name,
        (*leading, *params[asked + 1 :]),
        bases,
        each.open_world,
        each.span,
        input=each.input or each.shared or each.changed_by is not None,
        key=_key(each, report),
        changed_by=each.changed_by,
        shared=each.shared,
        complete=each.complete,
        members=listed,
    )


def _modes(each: RelationDecl, report: DiagnosticCollector) -> None:
    """Report a plus that stands behind a column without one, or where rows are stated."""
    asked = [param for param in each.params if param.bound]
    if not asked:
        return
    first = [*asked, *(param for param in each.params if not param.bound)]
    if first != list(each.params):
        open_from = [param.bound for param in each.params].index(False)
        late = next(param for param in each.params[open_from:] if param.bound)
        report.error(
            "E0308",
            f"`+{late.name}` of `{each.name}` stands behind an argument without a plus",
            _param_span(late, each),
            f"what a question binds stands first: .decl {each.name}({', '.join(map(print_param, first))})",
        )
    flags = {"open_world": each.open_world, "input": each.input, "shared": each.shared}
    flags["complete"] = each.complete
    words = [word for word, is_set in flags.items() if is_set]
    words += [w for w, value in (("key", each.key), ("changed_by", each.changed_by)) if value is not None]
    if words:
        report.error(
            "E0308",
            f"`{each.name}` is asked of `{asked[0].name}`, never stated, so it cannot be `{words[0]}`",
            each.span,
            f"take `{words[0]}` away, or the plus: rows that are stated can be listed",
        )


def _key(each: RelationDecl, report: DiagnosticCollector) -> tuple[int, ...] | None:
    """The places of the arguments that are the key."""
    if each.key is None:
        return None
    names = [param.name for param in each.params]
    for place, name in enumerate(each.key):
        if name not in names:
            help = did_you_mean(name, names, "name arguments of the relation, or none: key()")
            report.error("E0222", f"`{each.name}` has no argument `{name}` for its key", each.span, help)
        elif name in each.key[:place]:
            message = f"the key of `{each.name}` names `{name}` twice"
            report.error("E0222", message, each.span, "keep one of them")
    return tuple(sorted({names.index(name) for name in each.key if name in names}))


def _param_span(param: Param, each: RelationDecl | ActionDecl) -> Span:
    return param.span if param.span.line else each.span
