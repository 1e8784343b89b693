# ruff: noqa: D102  the methods are the grammar's productions: it says what they are
"""From the grammar's productions to the nodes of the tree: one method for each.

A method gets the parts that the grammar keeps (tokens, and what other methods made) and the offsets
of the stretch. What a grammar cannot say (a weight's range, an escape, how long a number may be) is
checked here: it goes to ``problems``, and a stand-in takes its place so that parsing goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from mpr_logic.language import ast
from mpr_logic.language.functions import FUNCTIONS
from mpr_logic.language.lexer import Token, ValueFault, number_value, text_value, weight_value
from mpr_logic.language.sentences import sentence_faults
from mpr_logic.language.source import SourceText

if TYPE_CHECKING:
    from mpr_logic.language.diagnostics import Diagnostic

MAX_OPERATORS = 100  # in one statement: bounds the depth of a term as the scanner bounds that of brackets

Parts = list[Any]
_Read = TypeVar("_Read")


class _Head(NamedTuple):
    start: int
    kind: ast.ClauseKind
    atom: ast.Atom
    effect: ast.Atom | None = None


class _Told(NamedTuple):
    start: int
    action: ast.Atom
    relation: ast.Atom


class _Weight(NamedTuple):
    start: int
    value: float


class _Annotations(NamedTuple):
    annotations: tuple[ast.Annotation, ...]


class _Param(NamedTuple):
    start: int
    end: int
    node: ast.Param


class _Attribute(NamedTuple):
    start: int
    end: int
    word: str
    value: Any


class _Tail(NamedTuple):
    word: str
    others: tuple[ast.Atom | ast.Const, ...]


class _Named(NamedTuple):
    name: str
    term: ast.Term


class Builder:
    """Makes the nodes of one source text."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        self.operators = 0
        self.wrong_calls: list[tuple[str, int, int, int]] = []
        """Calls of no function, or with the wrong number of arguments: its name, that number, its place."""

    def refuse(self, code: str, message: str, start: int, end: int, help: str) -> None:
        """Note an error."""
        self.problems.append(self.source.diagnostic(code, message, start, end, help))

    # declarations

    def use_declaration(self, parts: Parts, start: int, end: int) -> ast.UseDecl:
        path, prefix = parts[0], parts[-1].text if len(parts) == 3 else None
        return ast.UseDecl(
            self._value(text_value, path, "rules.dl"), prefix, span=self.source.span(start, end)
        )

    def type_declaration(self, parts: Parts, start: int, end: int) -> ast.TypeDecl:
        name, base, *members = parts
        return ast.TypeDecl(name.text, base.text, tuple(members), span=self.source.span(start, end))

    def relation_declaration(self, parts: Parts, start: int, end: int) -> ast.RelationDecl:
        name, params, *attributes = parts
        for param in params:
            if param.node.optional:
                help = "only an argument of an `.action` may be left out"
                message = f"`{param.node.name}?` stands in a `.decl`"
                self.refuse("E0123", message, param.start, param.end, help)
        found: dict[str, Any] = {}
        for each in attributes:
            if each.word in found:
                message = f"the attribute `{each.word}` stands twice"
                self.refuse("E0123", message, each.start, each.end, "keep one of them")
            found[each.word] = each.value
        nodes = tuple(param.node for param in params)
        return ast.RelationDecl(name.text, nodes, **found, span=self.source.span(start, end))

    def attribute_word(self, parts: Parts, start: int, end: int) -> _Attribute:
        return _Attribute(start, end, parts[0].text, True)

    def attribute_key(self, parts: Parts, start: int, end: int) -> _Attribute:
        return _Attribute(start, end, "key", tuple(parts[1:]))

    def attribute_changed_by(self, parts: Parts, start: int, end: int) -> _Attribute:
        return _Attribute(start, end, "changed_by", self._value(text_value, parts[1], ""))

    def action_declaration(self, parts: Parts, start: int, end: int) -> ast.ActionDecl:
        name, params = parts
        for param in params:
            if param.node.bound:
                message = f"`+{param.node.name}` stands in an `.action`"
                help = "take the plus away: the question binds every argument of an action"
                self.refuse("E0308", message, param.start, param.end, help)
        nodes = tuple(param.node for param in params)
        return ast.ActionDecl(name.text, nodes, span=self.source.span(start, end))

    def default_declaration(self, parts: Parts, start: int, end: int) -> ast.DefaultDecl:
        return ast.DefaultDecl(parts[-1].text, span=self.source.span(start, end))

    def class_declaration(self, parts: Parts, start: int, end: int) -> ast.ClassDecl:
        name, *rest = parts
        params = rest.pop(0) if rest and isinstance(rest[0], tuple) else None
        for param in params or ():
            if param.node.optional:
                help = "say `?` where the action is declared; a class says the name and the type alone"
                message = f"`{param.node.name}?` stands in a `.class`"
                self.refuse("E0123", message, param.start, param.end, help)
        nodes = None if params is None else tuple(param.node for param in params)
        return ast.ClassDecl(name.text, nodes, tuple(rest), span=self.source.span(start, end))

    def member(self, parts: Parts, start: int, end: int) -> ast.Member:
        return ast.Member(parts[-1].text, len(parts) == 2, span=self.source.span(start, end))

    def member_hint(self, parts: Parts, start: int, end: int) -> ast.Member:
        *negation, word, name = parts
        if word.text != "hint":
            message = f"`{word.text}({name.text})` is no member of a class"
            help = (
                f"name the action alone: `{word.text}`; what its tool says of itself is `hint(readOnlyHint)`"
            )
            self.refuse("E0242", message, word.start, end, help)
        return ast.Member(name.text, bool(negation), True, self.source.span(start, end))

    def hint_declaration(self, parts: Parts, start: int, end: int) -> ast.HintDecl:
        action, *hints = parts
        return ast.HintDecl(action.text, tuple(hints), span=self.source.span(start, end))

    def hint(self, parts: Parts, start: int, end: int) -> tuple[str, bool]:
        return parts[-1].text, len(parts) == 1

    def const_declaration(self, parts: Parts, start: int, end: int) -> ast.ConstDecl:
        name, _, value = parts
        return ast.ConstDecl(name.text, value, span=self.source.span(start, end))

    def const_set_declaration(self, parts: Parts, start: int, end: int) -> ast.ConstDecl:
        name, _, *values = parts
        return ast.ConstDecl(name.text, tuple(values), span=self.source.span(start, end))

    def param_declaration(self, parts: Parts, start: int, end: int) -> ast.ParamDecl:
        name, type_, *default = parts
        value = default[-1] if default else None
        return ast.ParamDecl(name.text, type_.text, value, span=self.source.span(start, end))

    def parameters(self, parts: Parts, start: int, end: int) -> tuple[_Param, ...]:
        return tuple(parts)

    def parameter(self, parts: Parts, start: int, end: int) -> _Param:
        bound = isinstance(parts[0], Token)
        label, *optional, type_ = parts[1:] if bound else parts
        node = ast.Param(label, type_.text, bool(optional), self.source.span(start, end), bound)
        return _Param(start, end, node)

    # tests

    def test_declaration(self, parts: Parts, start: int, end: int) -> ast.RuleTest:
        name, *rest = parts
        ranges = rest.pop(0) if rest and isinstance(rest[0], tuple) else ()
        found = ast.RuleTest(
            self._value(text_value, name, "test"), tuple(rest), ranges, span=self.source.span(start, end)
        )
        self.problems += sentence_faults(found, self.source)
        return found

    def test_fact(self, parts: Parts, start: int, end: int) -> ast.Clause:
        *weight, head = parts
        value = weight[0].value if weight else 1.0
        return ast.Clause(head.kind, head.atom, weight=value, span=self.source.span(start, end))

    def test_holds(self, parts: Parts, start: int, end: int) -> ast.Sentence:
        ranges = parts.pop() if isinstance(parts[-1], tuple) else ()
        *words, atom = parts
        said = tuple(word.text for word in words)
        return ast.Sentence(said, atom, ranges=ranges, span=self.source.span(start, end))

    def test_verdict(self, parts: Parts, start: int, end: int) -> ast.Sentence:
        expect, verdict, *rest = parts
        return self._sentence((expect.text, verdict.text), rest, start, end)

    def test_step(self, parts: Parts, start: int, end: int) -> ast.Sentence:
        word, *rest = parts
        return self._sentence((word.text,), rest, start, end)

    def _sentence(self, words: tuple[str, ...], rest: Parts, start: int, end: int) -> ast.Sentence:
        ranges = rest.pop() if isinstance(rest[-1], tuple) and not isinstance(rest[-1], _Tail) else ()
        tail = rest.pop() if isinstance(rest[-1], _Tail) else _Tail("", ())
        (subject,) = rest
        span = self.source.span(start, end)
        return ast.Sentence(words, subject, tail.word, tail.others, ranges, span=span)

    def test_param(self, parts: Parts, start: int, end: int) -> ast.Sentence:
        word, name, _, value = parts
        atom = ast.Atom(name.text, span=self.source.span(name.start, name.end))
        return ast.Sentence((word.text,), atom, "=", (value,), span=self.source.span(start, end))

    def test_tail(self, parts: Parts, start: int, end: int) -> _Tail:
        word, *others = parts
        return _Tail(word.text, tuple(others))

    def test_ranges(self, parts: Parts, start: int, end: int) -> tuple[ast.Range, ...]:
        return tuple(parts)

    def test_range(self, parts: Parts, start: int, end: int) -> ast.Range:
        variable, _, *values = parts
        return ast.Range((variable.text,), tuple((each,) for each in values), self.source.span(start, end))

    def test_table(self, parts: Parts, start: int, end: int) -> ast.Range:
        variables = tuple(each.text for each in parts if isinstance(each, Token) and each.kind == "VAR")
        rows = tuple(each for each in parts if isinstance(each, tuple) and not isinstance(each, Token))
        return ast.Range(variables, rows, self.source.span(start, end))

    def test_row(self, parts: Parts, start: int, end: int) -> tuple[ast.Const, ...]:
        return tuple(parts)

    # clauses

    def clause(self, parts: Parts, start: int, end: int) -> ast.Clause | ast.TellsDecl:
        annotations = parts.pop(0).annotations if isinstance(parts[0], _Annotations) else ()
        weight = parts.pop(0) if isinstance(parts[0], _Weight) else None
        head: _Head | _Told = parts[0]
        body = parts[1] if len(parts) == 2 else ()
        if isinstance(head, _Told):
            return self._tells(head, bare=not (annotations or weight or body), start=start, end=end)
        # the annotations have spans of their own: the clause is what stands behind them
        span = self.source.span(weight.start if weight else head.start, end)
        value = weight.value if weight else 1.0
        return ast.Clause(head.kind, head.atom, body, head.effect, value, annotations, span=span)

    def _tells(self, head: _Told, *, bare: bool, start: int, end: int) -> ast.TellsDecl:
        if not bare:
            help = "write `action(X) tells relation(X, _).`, without a weight, annotations and conditions"
            self.refuse("E0270", "what an action tells is declared, and not derived", start, end, help)
        return ast.TellsDecl(head.action, head.relation, span=self.source.span(start, end))

    def annotations(self, parts: Parts, start: int, end: int) -> _Annotations:
        return _Annotations(tuple(parts))

    def annotation(self, parts: Parts, start: int, end: int) -> ast.Annotation:
        return ast.Annotation(parts[0], tuple(parts[1:]), self.source.span(start, end))

    def weight(self, parts: Parts, start: int, end: int) -> _Weight:
        return _Weight(start, self._value(weight_value, parts[0], 1.0))

    def head_relation(self, parts: Parts, start: int, end: int) -> _Head:
        return _Head(start, "relation", parts[0])

    def head_action(self, parts: Parts, start: int, end: int) -> _Head:
        word, atom = parts
        return _Head(start, "absent" if word.kind == "NOT" else word.text, atom)

    def head_effect(self, parts: Parts, start: int, end: int) -> _Head | _Told:
        action, word, effect = parts
        if word.kind == "TELLS":
            return _Told(start, action, effect)
        return _Head(start, word.text, action, effect)

    # bodies

    def body(self, parts: Parts, start: int, end: int) -> tuple[ast.BodyItem, ...]:
        return tuple(parts)

    inner = body

    def literal_plain(self, parts: Parts, start: int, end: int) -> ast.Literal:
        return ast.Literal(parts[0], span=self.source.span(start, end))

    def literal_not(self, parts: Parts, start: int, end: int) -> ast.Literal:
        return ast.Literal(parts[1], True, span=self.source.span(start, end))

    def literal_tense(self, parts: Parts, start: int, end: int) -> ast.Literal:
        tense, atom = parts
        return ast.Literal(atom, False, tense, self.source.span(start, end))

    def literal_not_tense(self, parts: Parts, start: int, end: int) -> ast.Literal:
        _, tense, atom = parts
        return ast.Literal(atom, True, tense, self.source.span(start, end))

    def literal_unknown(self, parts: Parts, start: int, end: int) -> ast.Unknown:
        return ast.Unknown(parts[1], self.source.span(start, end))

    def literal_placed(self, parts: Parts, start: int, end: int) -> ast.Placed:
        negated = isinstance(parts[0], Token)
        tense, atom, word, *other = parts[negated:]
        span = self.source.span(start, end)
        literal = ast.Literal(atom, negated, tense, span)
        placed = other[0] if len(other) == 1 else ast.Literal(other[1], False, other[0], other[1].span)
        return ast.Placed(literal, word.text, placed, span)

    def tense(self, parts: Parts, start: int, end: int) -> str:
        return cast("str", parts[0].text)

    test_name = fold = tense

    def comparison(self, parts: Parts, start: int, end: int) -> ast.Comparison:
        left, op, right = parts
        return ast.Comparison(op.text, left, right, self.source.span(start, end))

    def test_plain(self, parts: Parts, start: int, end: int) -> ast.Test:
        name, text, sought = parts
        return ast.Test(name, (text, sought), span=self.source.span(start, end))

    def test_not(self, parts: Parts, start: int, end: int) -> ast.Test:
        _, name, text, sought = parts
        return ast.Test(name, (text, sought), True, self.source.span(start, end))

    def test_is(self, parts: Parts, start: int, end: int) -> ast.Test:
        term, *word, name = parts
        kind = ast.Const(name.text, self.source.span(name.start, name.end))
        return ast.Test("is", (term, kind), len(word) == 2, self.source.span(start, end))

    def aggregate_count(self, parts: Parts, start: int, end: int) -> ast.Aggregate:
        target, op, _, body = parts
        return self._aggregate(target, op.text, "count", None, body, start, end)

    def aggregate_fold(self, parts: Parts, start: int, end: int) -> ast.Aggregate:
        target, op, function, expression, body = parts
        return self._aggregate(target, op.text, function, expression, body, start, end)

    def _aggregate(
        self, target: ast.Term, op: Any, function: Any, expression: Any, body: Any, start: int, end: int
    ) -> ast.Aggregate:
        if not isinstance(target, ast.Var | ast.Const):
            self.refuse(
                "E0116",
                f"the result of `{function}` goes to a variable or a constant",
                start,
                end,
                f"write `N = {function} ...` and compare `N` in a literal of its own",
            )
            target = ast.Var("_", target.span)
        return ast.Aggregate(target, function, expression, body, self.source.span(start, end), op)

    def membership_in(self, parts: Parts, start: int, end: int) -> ast.Membership:
        term, _, *members = parts
        return ast.Membership(term, tuple(members), span=self.source.span(start, end))

    def membership_not_in(self, parts: Parts, start: int, end: int) -> ast.Membership:
        term, _, _, *members = parts
        return ast.Membership(term, tuple(members), True, self.source.span(start, end))

    def named_constant(self, parts: Parts, start: int, end: int) -> ast.Named:
        return ast.Named(parts[0].text[1:], self.source.span(start, end))

    def member_variable(self, parts: Parts, start: int, end: int) -> ast.Const:
        name = parts[0].text
        help = "a set holds constants: compare with `=` instead, or ask a relation that has the values"
        self.refuse("E0127", f"the variable `{name}` stands in a set", start, end, help)
        return ast.Const("", self.source.span(start, end))

    def alternatives(self, parts: Parts, start: int, end: int) -> ast.Alternatives:
        if len(parts) == 1:
            help = "take them away; what they may hold is alternatives: `(a ; b)`"
            self.refuse("E0126", "these parentheses hold one alternative", start, end, help)
        return ast.Alternatives(tuple(parts), self.source.span(start, end))

    def compared_name(self, parts: Parts, start: int, end: int) -> ast.Comparison:
        """``(a) = X``: what looked like an alternative is a term in parentheses."""
        body, op, right = parts
        match body:
            case (ast.Literal(ast.Atom(name, ()), False, None),):
                left: ast.Term = ast.Const(name, body[0].span)
            case (ast.Literal(ast.Atom(name, args, ()), False, None),):
                left = self._called(name, args, body[0].span, start + 1, op.start)
            case _:
                help = "compare a term; a literal is true or false, and has no value"
                self.refuse("E0126", "these parentheses hold no term", start, op.start, help)
                left = ast.Var("_")
        return ast.Comparison(op.text, left, right, self.source.span(start, end))

    # atoms and terms

    def atom(self, parts: Parts, start: int, end: int) -> ast.Atom:
        return ast.Atom(parts[0].text, tuple(parts[1:]), (), self.source.span(start, end))

    def atom_named(self, parts: Parts, start: int, end: int) -> ast.Atom:
        names = tuple(each.name for each in parts[1:])
        terms = tuple(each.term for each in parts[1:])
        return ast.Atom(parts[0].text, terms, names, self.source.span(start, end))

    def named(self, parts: Parts, start: int, end: int) -> _Named:
        return _Named(*parts)

    def arithmetic(self, parts: Parts, start: int, end: int) -> ast.Arithmetic:
        left, op, right = parts
        self._count_operator(op.start, op.end)
        return ast.Arithmetic(op.text, left, right, self.source.span(start, end))

    def call(self, parts: Parts, start: int, end: int) -> ast.Call:
        function, *args = parts
        self._count_operator(function.start, function.end)
        return self._called(function.text, tuple(args), self.source.span(start, end), start, end)

    def _called(
        self, name: str, args: tuple[ast.Term, ...], span: ast.Span, start: int, end: int
    ) -> ast.Call:
        declared = FUNCTIONS.get(name)
        if declared is None or not declared.takes_so_many(len(args)):
            self.wrong_calls.append((name, len(args), start, end))
        return ast.Call(name, args, span)

    def _count_operator(self, start: int, end: int) -> None:
        self.operators += 1
        if self.operators == MAX_OPERATORS + 1:
            self.refuse(
                "E0112",
                f"this statement has more than {MAX_OPERATORS} operators",
                start,
                end,
                "compute a part of it in a rule of its own",
            )

    def parenthesis(self, parts: Parts, start: int, end: int) -> ast.Term:
        return cast("ast.Term", parts[0])

    def variable(self, parts: Parts, start: int, end: int) -> ast.Var:
        return ast.Var(parts[0].text, self.source.span(start, end))

    def name(self, parts: Parts, start: int, end: int) -> ast.Const:
        token = parts[0]
        text = token if isinstance(token, str) else token.text
        return ast.Const(text, self.source.span(start, end))

    def reserved(self, parts: Parts, start: int, end: int) -> str:
        return cast("str", parts[0].text)

    def label(self, parts: Parts, start: int, end: int) -> str:
        return parts[0] if isinstance(parts[0], str) else cast("str", parts[0].text)

    def text(self, parts: Parts, start: int, end: int) -> ast.Const:
        return ast.Const(self._value(text_value, parts[0], ""), self.source.span(start, end))

    def number(self, parts: Parts, start: int, end: int) -> ast.Const:
        return ast.Const(self._value(number_value, parts[0], 0), self.source.span(start, end))

    def negative(self, parts: Parts, start: int, end: int) -> ast.Const:
        return ast.Const(-self._value(number_value, parts[1], 0), self.source.span(start, end))

    def _value(self, read: Callable[[str], _Read], token: Token, instead: object) -> _Read:
        """The value of a token; where it is written wrongly, an error is noted and a stand-in returned."""
        try:
            return read(token.text)
        except ValueFault as fault:
            start = token.start
            self.refuse(fault.code, fault.message, start + fault.start, start + fault.end, fault.help)
            return cast("_Read", instead)
