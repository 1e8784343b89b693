"""From tree to text, in the one canonical form.

``parse(print_module(m)) == m``, and printing what was parsed from it changes nothing: the formatter
is ``print_module(parse(text))``. Comments are kept; blank lines follow from the tree alone.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, assert_never

from mpr_logic.language.ast import (
    ActionDecl,
    Aggregate,
    Alternatives,
    Annotation,
    Arithmetic,
    Atom,
    Call,
    ClassDecl,
    Clause,
    Comparison,
    Const,
    ConstDecl,
    DefaultDecl,
    HintDecl,
    Literal,
    Member,
    Membership,
    Module,
    Named,
    Param,
    ParamDecl,
    Placed,
    Range,
    RelationDecl,
    Row,
    RuleTest,
    Sentence,
    Statement,
    TellsDecl,
    Term,
    Test,
    TypeDecl,
    Unknown,
    UseDecl,
    Value,
    Var,
    WrittenItem,
)
from mpr_logic.language.lexer import attributes, keywords
from mpr_logic.language.moments import Moment
from mpr_logic.language.sets import is_set, set_text

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 100  # a clause that is longer goes one body literal to the line
_INDENT = "    "
_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
_QUALIFIED = re.compile(r"[a-z][A-Za-z0-9_]*(::[a-z][A-Za-z0-9_]*)+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "mod": 2}


def print_module(module: Module) -> str:
    """The text of a module; it ends with a newline unless it is empty."""
    blocks: list[str] = []
    last: Statement | None = None
    for statement in module.statements:
        text = _with_comments(statement, behind=last)
        if last is not None and (_group(last) != _group(statement) or "\n" in text or "\n" in blocks[-1]):
            blocks.append("")
        blocks.append(text)
        last = statement
    if module.comments:
        if blocks:
            blocks.append("")
        blocks.extend(map(_comment, module.comments))
    return "\n".join(blocks) + "\n" if blocks else ""


def print_statement(statement: Statement) -> str:
    """The text of one statement with its comments, without a newline at the end."""
    return _with_comments(statement, behind=None)


def _with_comments(statement: Statement, behind: Statement | None) -> str:
    lines = [_comment(comment) for comment in statement.comments]
    lines.append(_bare(statement, behind))
    text = "\n".join(lines)
    return text if statement.trailing is None else f"{text}  {_comment(statement.trailing)}"


def print_clause(clause: Clause, annotations: bool = True, weight: bool = False) -> str:
    """The text of a clause without its comments.

    Args:
        clause: the clause.
        annotations: whether its annotations are printed.
        weight: whether a weight of 1 is printed too.
    """
    head = _head(clause)
    if weight or clause.weight != 1:
        head = f"{clause.weight!r} :: {head}"
    items = [print_item(item) for item in clause.body]
    text = f"{head} :- {', '.join(items)}." if items else f"{head}."
    if items and len(text) > WIDTH:
        joint = ",\n" + _INDENT
        text = f"{head} :-\n{_INDENT}{joint.join(items)}."
    if annotations and clause.annotations:
        return "\n".join([*_fill(map(_annotation, clause.annotations)), text])
    return text


def print_item(item: WrittenItem) -> str:
    """The text of one item of a body."""
    match item:
        case Literal(Atom(name, (term,)), negated) if is_set(name):
            return f"{print_term(term)} {'not in' if negated else 'in'} {set_text(name)}"
        case Literal():
            return _negation(item.negated) + (f"{item.tense} " if item.tense else "") + print_atom(item.atom)
        case Comparison():
            return f"{print_term(item.left)} {item.op} {print_term(item.right)}"
        case Test(name="is", args=(term, Const(kind))):
            return f"{print_term(term)} is {_negation(item.negated)}{kind}"
        case Test():
            return f"{_negation(item.negated)}{item.name}({_terms(item.args)})"
        case Aggregate():
            expression = "" if item.expression is None else f" {print_term(item.expression)}"
            inner = ", ".join(map(print_item, item.body))
            return f"{print_term(item.target)} {item.op} {item.function}{expression} : {{ {inner} }}"
        case Membership():
            word, members = "not in" if item.negated else "in", _terms(item.members)
            named = len(item.members) == 1 and isinstance(item.members[0], Named)
            return f"{print_term(item.term)} {word} {members if named else f'{{{members}}}'}"
        case Placed():
            other = item.other
            what = print_item(other) if isinstance(other, Literal) else print_term(other)
            return f"{print_item(item.literal)} {item.word} {what}"
        case Unknown():
            return f"unknown {print_atom(item.atom)}"
        case Alternatives():
            return f"({' ; '.join(', '.join(map(print_item, branch)) for branch in item.branches)})"
        case _:
            assert_never(item)


def print_atom(atom: Atom) -> str:
    """The text of an atom; one without arguments is its bare name."""
    if is_set(atom.name):
        return f"{_terms(atom.args)} in {set_text(atom.name)}"
    if atom.names:
        pairs = zip(atom.names, atom.args, strict=True)
        return f"{atom.name}({', '.join(f'{name}: {print_term(arg)}' for name, arg in pairs)})"
    return f"{atom.name}({_terms(atom.args)})" if atom.args else atom.name


def print_row(relation: str, row: Row) -> str:
    """The text of a ground atom of a (core) relation."""
    if is_set(relation):
        return f"{print_value(row[0])} in {set_text(relation)}"
    return f"{relation}({', '.join(map(print_value, row))})" if row else relation


def print_term(term: Term) -> str:
    """The text of a term, with no more parentheses than it needs."""
    match term:
        case Var():
            return term.name
        case Const():
            return print_value(term.value)
        case Named():
            return f"${term.name}"
        case Call():
            return f"{term.function}({_terms(term.args)})"
        case Arithmetic():
            strength = _STRENGTH[term.op]
            # operators of one strength group to the left
            return f"{_operand(term.left, strength)} {term.op} {_operand(term.right, strength + 1)}"
        case _:
            assert_never(term)


def print_value(value: Value) -> str:
    """The text of a constant. ValueError for a float that is not finite."""
    if isinstance(value, str):
        return value if _NAME.fullmatch(value) and value not in _keywords() else _quoted(value)
    if isinstance(value, Moment):
        return value.constant
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} has no text: constants are finite")
    return repr(value)


def _operand(term: Term, strength: int) -> str:
    text = print_term(term)
    weaker = isinstance(term, Arithmetic) and _STRENGTH[term.op] < strength
    return f"({text})" if weaker else text


def _terms(terms: Iterable[Term]) -> str:
    return ", ".join(map(print_term, terms))


@cache
def _keywords() -> frozenset[str]:
    return keywords()


@cache
def _attribute_words() -> frozenset[str]:
    return attributes()


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _negation(negated: bool) -> str:
    return "not " if negated else ""


def _head(clause: Clause) -> str:
    head = print_atom(clause.head)
    match clause.kind:
        case "relation":
            return head
        case "absent":
            return f"not {head}"
        case "causes" | "ends":
            if clause.effect is None:
                raise ValueError(f"a `{clause.kind}` clause needs an effect")
            return f"{head} {clause.kind} {print_atom(clause.effect)}"
        case _:
            return f"{clause.kind} {head}"


def _annotation(annotation: Annotation) -> str:
    args = ", ".join(map(_annotated, annotation.args))
    return f"@{annotation.name}({args})" if args else f"@{annotation.name}"


def _annotated(constant: Const) -> str:
    value = constant.value
    qualified = isinstance(value, str) and _QUALIFIED.fullmatch(value)
    return str(value) if qualified else print_term(constant)


def _fill(words: Iterable[str], width: int = WIDTH) -> list[str]:
    """Words on as few lines as the width allows."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _bare(statement: Statement, behind: Statement | None) -> str:
    match statement:
        case Clause():
            # right behind a declaration a fact such as `key(a).` would be read as its attribute
            attribute = (
                isinstance(behind, RelationDecl | UseDecl) and statement.head.name in _attribute_words()
            )
            return print_clause(statement, weight=attribute and not statement.annotations)
        case UseDecl():
            return f".use {_quoted(statement.path)}" + (f" as {statement.prefix}" if statement.prefix else "")
        case TypeDecl():
            members = f" {{{_terms(statement.members)}}}" if statement.members else ""
            return f".type {statement.name} <: {statement.base}{members}"
        case RelationDecl():
            return f".decl {statement.name}({_params(statement.params)}){_attributes(statement)}"
        case ActionDecl():
            return f".action {statement.name}({_params(statement.params)})"
        case ConstDecl():
            value = statement.value
            text = f"{{{_terms(value)}}}" if isinstance(value, tuple) else print_term(value)
            return f".const {statement.name} = {text}"
        case ParamDecl():
            default = "" if statement.default is None else f" = {print_term(statement.default)}"
            return f".param {statement.name}: {statement.type}{default}"
        case TellsDecl():
            return f"{print_atom(statement.action)} tells {print_atom(statement.relation)}."
        case DefaultDecl():
            return f".default forbid {statement.action}"
        case ClassDecl():
            return _class(statement)
        case RuleTest():
            return _test(statement)
        case HintDecl():
            hints = ", ".join(f"{_negation(not said)}{name}" for name, said in statement.hints)
            return f".hint {statement.action}({hints})"
        case _:
            assert_never(statement)


def _test(test: RuleTest) -> str:
    head = f".test {_quoted(test.name)}{_ranges(test.ranges)} {{"
    lines: list[str] = []
    for item in test.items:
        lines += map(_comment, item.comments)
        text = print_clause(item) if isinstance(item, Clause) else print_sentence(item)
        lines.append(text if item.trailing is None else f"{text}  {_comment(item.trailing)}")
    lines += map(_comment, test.ending)
    inner = [f"{_INDENT}{line}" for each in lines for line in each.split("\n")]
    return "\n".join([head, *inner, "}"]) if inner else f"{head}}}"


def print_sentence(sentence: Sentence) -> str:
    """The text of a sentence of a test, without its comments."""
    words = [*sentence.words, _object(sentence.object)]
    words += [sentence.tail] if sentence.tail else []
    words += [", ".join(map(_object, sentence.others))] if sentence.others else []
    return f"{' '.join(words)}{_ranges(sentence.ranges)}."


def _object(each: Atom | Const) -> str:
    if isinstance(each, Atom):
        return print_atom(each)
    return _quoted(each.value) if isinstance(each.value, str) else print_value(each.value)


def _ranges(ranges: Iterable[Range]) -> str:
    texts = ", ".join(map(_range, ranges))
    return f" :- {texts}" if texts else ""


def _range(given: Range) -> str:
    if len(given.variables) == 1 and all(len(row) == 1 for row in given.rows):
        return f"{given.variables[0]} in {{{_terms(row[0] for row in given.rows)}}}"
    rows = ", ".join(f"({_terms(row)})" for row in given.rows)
    return f"({', '.join(given.variables)}) in {{{rows}}}"


def _params(params: Iterable[Param]) -> str:
    return ", ".join(map(print_param, params))


def print_param(param: Param) -> str:
    """The text of an argument of a declaration."""
    return f"{'+' if param.bound else ''}{param.name}{'?' if param.optional else ''}: {param.type}"


def _attributes(declared: RelationDecl) -> str:
    words = [""]
    words += ["open_world"] if declared.open_world else []
    words += ["input"] if declared.input else []
    words += [f"key({', '.join(declared.key)})"] if declared.key is not None else []
    words += [f"changed_by({_quoted(declared.changed_by)})"] if declared.changed_by is not None else []
    words += ["shared"] if declared.shared else []
    words += ["complete"] if declared.complete else []
    return " ".join(words)


def _class(declared: ClassDecl) -> str:
    params = "" if declared.params is None else f"({_params(declared.params)})"
    members = list(map(_member, declared.members))
    text = f".class {declared.name}{params} {{{', '.join(members)}}}"
    if len(text) <= WIDTH or not members:
        return text
    lines = _fill([f"{each}," for each in members[:-1]] + members[-1:], WIDTH - len(_INDENT))
    return "\n".join([f".class {declared.name}{params} {{", *(f"{_INDENT}{line}" for line in lines), "}"])


def _member(member: Member) -> str:
    return _negation(member.negated) + (f"hint({member.name})" if member.hint else member.name)


def _comment(text: str) -> str:
    return f"% {text}" if text and not text.startswith("%") else f"%{text}"


def _group(statement: Statement) -> tuple[str, ...]:
    """The group of a statement; statements of one group have no blank line between them.

    A group is one kind of declaration, or the clauses of one head.
    """
    if isinstance(statement, Clause):
        return ("rule" if statement.body else "fact", statement.kind, statement.head.name)
    return (type(statement).__name__,)
