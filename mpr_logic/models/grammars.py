"""Grammars of answers: what a model may write, as data, specialised to the declarations that rules may speak
of, and in the notations of servers, Lark and GBNF."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mpr_logic.analysis import analyse
from mpr_logic.analysis.schema import declarations_of
from mpr_logic.analysis.terms import literals
from mpr_logic.analysis.types import NUMBERS, base, columns_of, under
from mpr_logic.language.ast import ActionDecl, Const, DefaultDecl, Module, RelationDecl
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.program import Program, Schema, Signature


START = "start"
"""The name of the rule that stands for a whole answer."""


class Ref(NamedTuple):
    """Stands for what another rule stands for."""

    name: str


class Chars(NamedTuple):
    """From ``least`` to ``most`` characters of a set, written as in the brackets of a regular expression."""

    chars: str
    least: int
    most: int


Symbol: TypeAlias = str | Ref | Chars
"""A text stands for itself."""

Symbols: TypeAlias = tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """``rules`` maps a name (lower-case letters and digits) to its alternatives, the rule ``start`` among
    them. No rule refers to itself, not even through others: whatever it stands for is finite."""

    rules: Mapping[str, tuple[Symbols, ...]]


def choice(texts: Iterable[str]) -> Grammar:
    """The grammar of an answer that is one of some texts, and nothing else.

    Raises:
        ValueError: there is no text.
    """
    alternatives = tuple((text,) for text in dict.fromkeys(texts))
    if not alternatives:
        raise ValueError("a choice needs at least one text")
    return Grammar({START: alternatives})


def lark_text(grammar: Grammar) -> str:
    """The grammar as Lark text; the answer is its rule ``start``.

    It keeps to what OpenAI's custom tools, llguidance and Lark itself all take: no imports, no lookarounds,
    no priorities, no templates, strings and regular expressions with bounded repetition.
    """
    terminals: dict[Chars, str] = {}
    lines = [
        f"{name}: {' | '.join(_lark_sequence(each, terminals) for each in alternatives)}"
        for name, alternatives in grammar.rules.items()
    ]
    lines += [f"{name}: {_lark_regex(chars)}" for chars, name in terminals.items()]
    return "\n".join(lines) + "\n"


def _lark_sequence(sequence: Symbols, terminals: dict[Chars, str]) -> str:
    return " ".join(_lark_symbol(each, terminals) for each in sequence)


def _lark_symbol(symbol: Symbol, terminals: dict[Chars, str]) -> str:
    if isinstance(symbol, Ref):
        return symbol.name
    if isinstance(symbol, Chars):
        return terminals.setdefault(symbol, f"CHARS{len(terminals) + 1}")
    return _lark_quoted(symbol)


def _lark_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _lark_regex(chars: Chars) -> str:
    return f"/[{chars.chars.replace('/', chr(92) + '/')}]{{{chars.least},{chars.most}}}/"


def gbnf_text(grammar: Grammar) -> str:
    """The grammar as GBNF; the answer is its rule ``root``."""
    lines = [
        f"{_gbnf_name(name)} ::= {' | '.join(' '.join(map(_gbnf_symbol, each)) for each in alternatives)}\n"
        for name, alternatives in grammar.rules.items()
    ]
    return "".join(lines)


def _gbnf_name(name: str) -> str:
    return "root" if name == START else name


def _gbnf_symbol(symbol: Symbol) -> str:
    if isinstance(symbol, Ref):
        return _gbnf_name(symbol.name)
    if isinstance(symbol, Chars):
        return f"[{symbol.chars}]{{{symbol.least},{symbol.most}}}"
    return '"' + symbol.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


CAUSE, RULE = "Cause: ", "Rule: "
"""The beginnings of the two lines of an answer."""

LITERALS = 3
"""The most literals that a rule's body may have, unless another bound is given."""
READINGS = 8
"""The most ways to narrow the types of one action's arguments that a grammar has rules for: ``examine(X)`` of
an object, of a receptacle."""

# without a colon: small models go on with `Rule:` where the line should end
SENTENCE = Chars(r"^\x00-\x1f\x7f:", 10, 240)
TEXT = Chars("A-Za-z0-9 @.:_-", 1, 40)
DIGITS = Chars("0-9", 1, 6)
UNITS = ("s", "m", "h", "d")
# by itself: llguidance reads the longest text that could go on and never goes back, and `not ` may go on
# in many ways
NOT = "not "
TENSES = ("past ", "succeeded ", "failed ")  # of an action in a body
PLACES = (" since ", " before ", " after ")
"""The words between two literals of the history."""
SPANS = ("1m", "10m", "1h", "24h", "7d")
"""The longest times since a call, in a rule that asks for that."""
TESTS = ("contains", "starts_with", "ends_with")
ORDERS = (" < ", " <= ", " > ", " >= ", " = ", " != ")

Scope = tuple[tuple[str, str], ...]
"""The variables of a head, each with its type."""


def specialise(
    schema: Schema,
    *,
    relations: Collection[str] | None = None,
    actions: Collection[str] | None = None,
    constants: Mapping[str, Iterable[str]] | None = None,
    literals: int = LITERALS,
) -> Grammar:
    """The grammar of ``Cause: <a sentence>`` and, on the next line, ``Rule: <clause>``.

    Args:
        schema: what is declared.
        relations: the relations that a body may speak of; all that are declared where None.
        actions: the actions that a rule may speak of; all where None.
        constants: for a declared type, the names that may stand for its values, as :func:`constants_of`
            finds them. Where a type has none, a rule speaks of its values by variables only.
        literals: the longest body.

    Raises:
        ValueError: there is no such relation or action, or none at all to speak of, or no literal is allowed.
    """
    if literals < 1:
        raise ValueError(f"a body has at least one literal, not {literals}")
    about = _chosen(schema.actions, actions, "action")
    spoken = _chosen(schema.relations, relations, "relation")
    if not about:
        raise ValueError("no action is declared: a rule would have nothing to speak of")
    return _Specialised(schema, spoken, about, constants or {}, literals).grammar()


def constants_of(program: Program, most: int = 200) -> dict[str, list[str]]:
    """The constants that the rules and facts of a program use, as they are written, by the declared type of
    the argument where they stand: at most so many of a type, those that are used most often first."""
    found: dict[str, Counter[str]] = {}
    atoms = [(fact.relation, fact.row) for fact in program.facts if " " not in fact.relation]
    for rule in program.rules:
        for literal in literals(rule.body):
            values = tuple(t.value if isinstance(t, Const) else None for t in literal.atom.args)
            atoms.append((literal.atom.name, values))  # type: ignore[arg-type]
    for relation, row in atoms:
        for param, value in zip(columns_of(program.schema, relation).params, row, strict=True):
            if value is not None:
                found.setdefault(param.type, Counter())[print_value(value)] += 1
    return {
        type_: [name for name, _ in sorted(counts.items(), key=lambda c: (-c[1], c[0]))[:most]]
        for type_, counts in sorted(found.items())
    }


def _chosen(declared: Mapping[str, Signature], names: Collection[str] | None, kind: str) -> list[Signature]:
    missing = sorted(set(names or ()) - declared.keys())
    if missing:
        raise ValueError(f"{kind} `{missing[0]}` is not declared")
    return [s for name, s in declared.items() if (name in names if names is not None else not s.builtin)]


def _classes(schema: Schema, actions: Collection[str]) -> list[Signature]:
    """The declared classes whose members a rule may speak of, with the arguments that these share."""
    return [
        replace(s, params=s.params[: of.shared], bases=s.bases[: of.shared])
        for of in schema.classes.values()
        if not (s := of.signature).builtin and of.members and {*of.members} <= {*actions}
    ]


class _Specialised:
    """The grammar of a rule about an action, written rule by rule; each when it is first referred to.

    What it lets through parses, and analysis finds no unknown name, no wrong number of arguments, no clash
    of types and no unbound variable in it, for the grammar leaves no room for them:

    - An action stands in the head with its variables: ``forbid put(O, R)``. They are bound by the question.
    - A literal of the body is made of these variables, of known constants and of ``_``.
    - One more variable, named after its type, may be brought in by a positive literal; the literal right
      behind that one uses it: ``kind(O, SomeSort), not heatable(SomeSort)``.
    - The relations of a body stand in the order of their declarations, each once: no literal repeats, and
      the number of literals is bounded, since small models loop.
    - Of a class of actions a body may ask whether one was tried. The head is of one action: what a model
      learned of one says nothing about others.
    - Behind the relations and actions may stand one literal with a place in time, ``not past stir(P) since
      past heat(_, P)``. How long ago a call was is asked only where other rules read the clock, ``called``.

    ``permit``, ``@overrides`` and weights have no place in it: a model's rule never permits, and what a model
    says of its own confidence carries nothing. Aggregates, arithmetic and ``matches`` are left out too.
    """

    def __init__(
        self,
        schema: Schema,
        relations: list[Signature],
        actions: list[Signature],
        constants: Mapping[str, Iterable[str]],
        literals: int,
    ) -> None:
        self.types = schema.types
        self.actions = actions
        self.constants = {type_: tuple(names) for type_, names in constants.items()}
        self.longest = literals
        tried = [*actions, *_classes(schema, {each.name for each in actions})]
        self.spoken = [(each, True) for each in relations] + [(each, False) for each in tried]
        self.columns = list(dict.fromkeys(p.type for each in relations for p in each.params))
        self.rules: dict[str, tuple[Symbols, ...]] = {}
        self.scopes: dict[Scope, int] = {}
        self.numbers: dict[str, int] = {}  # of types: their names may hold what a rule's name may not

    def grammar(self) -> Grammar:
        """All of it, from the start."""
        start = (CAUSE, SENTENCE, "\n" + RULE, Ref("verb"), Ref("head"), ".")
        self.rules[START] = (start,)
        self.rules["verb"] = (("forbid ",), ("prefer ",))
        self.rules["tense"] = (*((t,) for t in TENSES), *((NOT, t) for t in TENSES))
        self.rules["did"] = tuple((t,) for t in TENSES)
        self.rules["place"] = tuple((t,) for t in PLACES)
        self.rules["span"] = tuple((t,) for t in SPANS)
        self.rules["head"] = ()  # stands here, and is filled when all that it refers to is known
        heads = [
            (head + " :- ", Ref(self._body(scope))) for a in self.actions for head, scope in self._heads(a)
        ]
        self.rules["head"] = tuple(heads)
        return Grammar(_reached(self.rules))

    # -- heads and bodies

    def _heads(self, action: Signature) -> Iterator[tuple[str, Scope]]:
        """An action with its variables, once for each way to narrow their types."""
        names = _variables(action)
        narrowed = [
            [p.type, *(c for c in self.columns if c != p.type and under(self.types, c, p.type))]
            for p in action.params
        ]
        for types in islice(product(*narrowed), READINGS):
            yield _call(action.name, names), tuple(zip(names, types, strict=True))

    def _body(self, scope: Scope) -> str:
        number = self.scopes.setdefault(scope, len(self.scopes) + 1)
        name = f"body{number}"
        if name not in self.rules:
            self.rules[name] = ()
            alone = self._chain(scope, self.longest)
            alternatives: list[Symbols] = [(Ref(alone),)] if alone else []
            rest = self._chain(scope, self.longest - 2)
            for pair in self._pairs(scope) if self.longest > 1 else ():
                alternatives.append((Ref(pair),))
                if rest:
                    alternatives.append((Ref(pair), ", ", Ref(rest)))
            self.rules[name] = tuple(alternatives)
        return name

    def _chain(self, scope: Scope, most: int) -> str | None:
        """One to ``most`` literals, of relations in their order."""
        below: dict[int, str | None] = {}  # the rules for one literal less, by the relation they begin with
        for length in range(1, most + 1):
            these: dict[int, str | None] = {}
            for at in range(len(self.spoken) + 1, -1, -1):
                one, rest, later = self._item(scope, at), below.get(at + 1), these.get(at + 1)
                alternatives: list[Symbols] = [(Ref(one),)] if one else []
                if one and rest:
                    alternatives.append((Ref(one), ", ", Ref(rest)))
                if later:
                    alternatives.append((Ref(later),))
                these[at] = self._write(f"chain{self.scopes[scope]}x{at}x{length}", alternatives)
            below = these
        return below.get(0)

    def _item(self, scope: Scope, at: int) -> str | None:
        """A literal of the relation with that number; behind the last of them one with a place in time, and
        behind that a comparison."""
        name = f"item{self.scopes[scope]}x{at}"
        if at == len(self.spoken):
            return self._write(name, self._placed(scope))
        if at > len(self.spoken):
            return self._write(name, self._comparisons(scope, scope))
        spoken, is_relation = self.spoken[at]
        return self._write(name, self._literals(spoken, is_relation, scope))

    # -- a variable more

    def _pairs(self, scope: Scope) -> Iterator[str]:
        """Two literals with a variable more: one that binds it, one that uses it."""
        taken = {name for name, _ in scope}
        for number, type_ in enumerate(self.columns):
            some = f"Some{type_[0].upper()}{type_[1:]}"
            while some in taken:
                some += "_2"
            name = f"pair{self.scopes[scope]}x{number}"
            use = self._write(f"{name}use", self._uses(scope, some, type_))
            pairs: list[Symbols] = []
            later: str | None = None
            for at in reversed([i for i, (_, is_relation) in enumerate(self.spoken) if is_relation]):
                relation = self.spoken[at][0]
                bind = [
                    each
                    for column, param in enumerate(relation.params)
                    if param.type == type_ and not param.bound  # it takes a value, and gives none
                    for each in self._positive(relation, scope, (column, some))
                ]
                if bind:
                    binding = self._write(f"{name}bind{at}", bind)
                    assert binding is not None
                    pairs += [(Ref(binding), ", ", Ref(used)) for used in (use, later) if used]
                again = [
                    each
                    for column, param in enumerate(relation.params)
                    if under(self.types, type_, param.type)
                    for each in self._positive(relation, scope, (column, some))
                ]
                if again:
                    more: list[Symbols] = [(Ref(later),)] if later else []
                    later = self._write(f"{name}later{at}", [*again, *more])
            found = self._write(name, list(reversed(pairs)))
            if found:
                yield found

    def _uses(self, scope: Scope, some: str, type_: str) -> list[Symbols]:
        """The body items that may use a bound variable: negated literals, the history, comparisons."""
        uses: list[Symbols] = []
        for spoken, is_relation in self.spoken:
            for column, param in enumerate(spoken.params):
                if under(self.types, type_, param.type):
                    positive = self._positive(spoken, scope, (column, some))
                    if is_relation:
                        uses += self._negated(spoken, scope, (column, some))
                    else:
                        uses += [(Ref("tense"), *each) for each in positive]
        return [*uses, *self._comparisons(((some, type_),), scope)]

    # -- literals

    def _literals(self, spoken: Signature, is_relation: bool, scope: Scope) -> list[Symbols]:
        positive = self._positive(spoken, scope)
        if is_relation:
            return [*positive, *self._negated(spoken, scope)]
        return [(Ref("tense"), *each) for each in positive]

    def _placed(self, scope: Scope) -> list[Symbols]:
        """Literals of the history with a place in time: among the calls, or on the clock."""
        calls = [each for spoken, known in self.spoken if not known for each in self._positive(spoken, scope)]
        call = self._write(f"call{self.scopes[scope]}", calls)
        if call is None:
            return []
        found: list[Symbols] = [(Ref("tense"), Ref(call), Ref("place"), Ref("did"), Ref(call))]
        if any(known and spoken.builtin and spoken.name == "called" for spoken, known in self.spoken):
            found.append((Ref("tense"), Ref(call), " within ", Ref("span")))
        return found

    def _positive(
        self, spoken: Signature, scope: Scope, fixed: tuple[int, str] | None = None
    ) -> list[Symbols]:
        return self._atom(spoken, scope, fixed, wild=True)

    def _negated(
        self, spoken: Signature, scope: Scope, fixed: tuple[int, str] | None = None
    ) -> list[Symbols]:
        # what is unknown of some value is no absence: see E0305
        atoms = self._atom(spoken, scope, fixed, wild=not spoken.open_world)
        return [(NOT, *each) for each in atoms]

    def _atom(
        self, spoken: Signature, scope: Scope, fixed: tuple[int, str] | None, *, wild: bool
    ) -> list[Symbols]:
        """An atom over a scope; none where an argument has nothing that could stand for it."""
        if not spoken.params:
            return [(spoken.name,)]
        symbols: list[Symbol] = [f"{spoken.name}("]
        for column, param in enumerate(spoken.params):
            if column:
                symbols.append(", ")
            if fixed is not None and column == fixed[0]:
                symbols.append(fixed[1])
                continue
            term = self._term(scope, param.type, wild and not param.bound)
            if term is None:
                return []
            symbols.append(term)
        return [(*symbols, ")")]

    def _term(self, scope: Scope, type_: str, wild: bool) -> Symbol | None:
        fitting: list[Symbols] = [(name,) for name, own in scope if under(self.types, own, type_)]
        constants = self._constants(type_)
        if constants:
            fitting.append((Ref(constants),))
        if wild:
            fitting.append(("_",))
        name = f"term{self.scopes[scope]}x{self._number(type_)}{'w' if wild else ''}"
        written = self._write(name, fitting)
        return Ref(written) if written else None

    def _constants(self, type_: str) -> str | None:
        """The constants that may stand in a column: those known, and the plain ones of a number or a bool."""
        kind = base(self.types, type_)
        known = [
            name
            for own, names in self.constants.items()
            if own == type_ or (own in self.types and kind != "any" and under(self.types, own, type_))
            for name in names
        ]
        found: list[Symbols] = [(name,) for name in dict.fromkeys(known)]
        if kind in NUMBERS:
            found.append((DIGITS,))
        elif kind == "bool":
            found = [("true",), ("false",)]
        return self._write(f"constant{self._number(type_)}", found)

    def _comparisons(self, those: Scope, scope: Scope) -> list[Symbols]:
        """Comparisons of each of those variables: with numbers, durations, texts, and with one another."""
        found: list[Symbols] = []
        for place, (name, type_) in enumerate(those):
            kind = base(self.types, type_)
            if kind in NUMBERS:
                found += [(name + order, DIGITS) for order in ORDERS]
            elif kind == "duration":
                unit = self._write("unit", [(each,) for each in UNITS])
                found += [(name + order, DIGITS, Ref(str(unit))) for order in ORDERS]
            elif type_ == "symbol":
                found += [(*sign, f'{t}({name}, "', TEXT, '")') for sign in ((), (NOT,)) for t in TESTS]
            for other, own in scope[place + 1 :] if those is scope else scope:
                if under(self.types, type_, own) or under(self.types, own, type_):
                    found.append((f"{name} != {other}",))
        return found

    # -- writing

    def _number(self, type_: str) -> int:
        return self.numbers.setdefault(type_, len(self.numbers) + 1)

    def _write(self, name: str, alternatives: list[Symbols]) -> str | None:
        """Write a rule, unless it is there; its name, or None where it stands for nothing."""
        if name not in self.rules:
            self.rules[name] = tuple(dict.fromkeys(alternatives))
        return self._kept(name)

    def _kept(self, name: str) -> str | None:
        if self.rules[name]:
            return name
        del self.rules[name]
        return None


def _reached(rules: Mapping[str, tuple[Symbols, ...]]) -> dict[str, tuple[Symbols, ...]]:
    """The rules that the start leads to."""
    reached = {START: rules[START]}
    todo = [START]
    while todo:
        for symbol in (symbol for each in rules[todo.pop()] for symbol in each):
            if isinstance(symbol, Ref) and symbol.name not in reached:
                reached[symbol.name] = rules[symbol.name]
                todo.append(symbol.name)
    return reached


def _variables(action: Signature) -> list[str]:
    """The variables of an action's arguments: their names, with a capital."""
    return [p.name[0].upper() + p.name[1:] for p in action.params]


def _call(name: str, args: list[str]) -> str:
    return f"{name}({', '.join(args)})" if args else name


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
        relations = tuple(
            name
            for name, s in schema.relations.items()
            if not s.builtin or (name in read and " " not in name)
        )
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
            [self._line(self.schema.actions[name]) for name in self.actions]
            + [self._class(each) for each in _classes(self.schema, {*self.actions})],
        )

    def _class(self, signature: Signature) -> str:
        members = " or ".join(self.schema.classes[signature.name].members)
        return f"{self._line(signature)}: in a body, any of {members}"

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
