"""Proofs and reasons as text, in colours where a terminal shows them, and as JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TextIO

from mpr_logic.analysis.occurrences import CALL, CLASS, as_written, call_of, split_numbered
from mpr_logic.analysis.report import count
from mpr_logic.analysis.terms import flat, names, rewrite_term, rewrite_written, vars_of
from mpr_logic.checker.written import placed_item, shown_items, written_item
from mpr_logic.engine.provenance.proof import AbsenceStep, AggregateStep, BuiltinStep, FactProof, RuleProof
from mpr_logic.language.ast import (
    NOWHERE,
    Aggregate,
    Atom,
    Comparison,
    Const,
    Literal,
    Placed,
    Span,
    Term,
    Var,
)
from mpr_logic.language.diagnostics import visible
from mpr_logic.language.moments import Moment, json_value, json_values
from mpr_logic.language.printer import (
    print_atom,
    print_clause,
    print_item,
    print_row,
    print_term,
    print_value,
)
from mpr_logic.language.sets import is_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.text import Text

    from mpr_logic.analysis.program import NamedConstant, Program, Rule
    from mpr_logic.engine.provenance.proof import Proof, ProofStep
    from mpr_logic.language.ast import BodyItem, Row, Value, WrittenItem

ROWS = 20
"""Of an aggregate that ranges over more rows, so many are printed and the rest counted."""

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Z_][A-Za-z0-9_]*|\$[a-z][A-Za-z0-9_:]*)\}")
ASCII = str.maketrans({"├": "|", "│": "|", "└": "`", "─": "-", "✓": "+", "✗": "x", "…": "."})
"""The ASCII signs of a tree, for where no others can be written."""

_VERBS = {"forbid": "is forbidden", "permit": "is permitted", "prefer": "is preferred"}


# -- rules and their items with values -------------------------------------------------------------


def ground_item(item: WrittenItem, bindings: Mapping[str, Value]) -> WrittenItem:
    """The body item as its author wrote it, with the bound variables replaced by their values."""
    return rewrite_written(as_written(item), lambda term: _bound(term, bindings))


def item_text(item: WrittenItem, bindings: Mapping[str, Value]) -> str:
    """The text of a body item with the bound variables replaced by their values."""
    ground = ground_item(item, bindings)
    if isinstance(ground, Literal) and ground.negated and ground.atom.name.startswith("not "):
        return f"unknown {print_atom(ground.atom).removeprefix('not ')}"  # no absence was observed either
    return print_item(ground)


def atom_text(program: Program, relation: str, pattern: tuple[Value | None, ...]) -> str:
    """The text of an atom of a core relation with ``_`` for None; of the history of a class the member's."""
    prefix, relation = split_numbered(relation)
    if prefix:
        number, *rest = pattern
        text = atom_text(program, relation, tuple(rest))
        return f"{text} at {number}" if prefix == CALL and number is not None else text
    if not relation.startswith(CLASS):
        return pattern_text(relation, pattern)
    word, _, name = relation.removeprefix(CLASS).partition(" ")
    of = program.schema.classes[name]
    if of.shared < len(pattern) and pattern[-1] is not None:
        name, pattern = str(pattern[-1]), pattern[:-1]
    known = [(p.name, v) for p, v in zip(of.signature.params, pattern, strict=False) if v is not None]
    args = tuple(Const(value) for _, value in known)
    return print_atom(Atom(f"{word} {name}", args, tuple(each for each, _ in known)))


def failed_text(item: BodyItem, rule: Rule, bindings: Mapping[str, Value]) -> str:
    """The text of an item that does not hold, in its author's terms where variables that no author wrote
    stand for them: ``to_int(T)`` alone where ``#1 = to_int(T)`` has no value."""
    made = placed_item(item, rule) or written_item(item, rule)
    if made is not item:
        return item_text(made, bindings)
    terms = dict(_computed(rule))

    def written(term: Term) -> Term:
        if isinstance(term, Var) and term.name not in bindings and term.name in terms:
            return rewrite_term(terms[term.name], written)
        return _bound(term, bindings)

    if isinstance(item, Comparison) and isinstance(item.left, Var) and item.left.name in terms:
        return print_term(rewrite_term(item.right, written))
    return print_item(rewrite_written(as_written(item), written))


def _computed(rule: Rule) -> Iterator[tuple[str, Term]]:
    """The variables of a rule that stand for terms of its author."""
    for item in flat(rule.body):
        if isinstance(item, Comparison) and isinstance(item.left, Var) and item.left.name[0] == "#":
            yield item.left.name, item.right


def pattern_text(relation: str, pattern: tuple[Value | None, ...]) -> str:
    """The text of an atom with ``_`` for None."""
    return print_atom(Atom(relation, tuple(Var("_") if v is None else Const(v) for v in pattern)))


def rule_text(rule: Rule) -> str:
    """A rule as it is written, in canonical form on one line, without its annotations and comments."""
    text = print_clause(rule.clause, annotations=False)
    return " ".join(line.strip() for line in text.splitlines())


def head_text(rule: Rule, bindings: Mapping[str, Value], row: Row | None = None) -> str:
    """The conclusion of a rule: ``put(apple_1, fridge_1) is forbidden``, or the atom of a plain relation. The
    ``row`` of its head says more than the bindings: those do not hold what stands for ``_``."""
    args: tuple[Term, ...]
    if row is not None:
        args = tuple(map(Const, row))
    else:
        args = tuple(rewrite_term(term, lambda t: _bound(t, bindings)) for term in rule.args)
    kind = rule.clause.kind
    if kind in _VERBS:
        return f"{print_atom(Atom(str(rule.action), args))} {_VERBS[kind]}"
    if rule.clause.effect is not None:
        action = Atom(str(rule.action), args[: rule.given])
        effect = Atom(rule.clause.effect.name, args[rule.given :])
        return f"{print_atom(action)} {kind} {print_atom(effect)}"
    return print_atom(Atom(rule.head, args))


def because_text(rule: Rule, bindings: Mapping[str, Value], row: Row | None = None) -> str:
    """Explain a rule's conclusion in a sentence; ``row`` are the arguments of its head.

    This is its ``@because`` text, ``{Variables}`` replaced by their values (written as constants are,
    so that a value cannot pass for text around it), ``{{`` and ``}}`` by braces; what is not bound
    stays as it is. Without the annotation the sentence is made of the rule.
    """
    if rule.asks is not None:
        return f"not informed: call {asked_call(rule, bindings)} first"
    said = rule.clause.annotation("because")
    if said:
        return _PLACEHOLDER.sub(lambda found: _filled(found, bindings, rule.constants), str(said[0]))
    text = head_text(rule, bindings, row)
    joint = " by" if rule.clause.kind in _VERBS else ", by"
    items = ", ".join(item_text(item, bindings) for item, _ in shown_items(rule))
    return f"{text}{joint} {rule.id}: {items}" if items else f"{text}{joint} {rule.id}"


def asked_call(rule: Rule, bindings: Mapping[str, Value]) -> str:
    """The call that a rule asks for, as a text."""
    assert rule.asks is not None
    args = tuple(rewrite_term(term, lambda t: _bound(t, bindings)) for term in rule.asks.args)
    return print_atom(replace(rule.asks, args=args))


def text_variables(rule: Rule) -> set[str]:
    """The variables that have a value in the sentence that :func:`because_text` makes."""
    if rule.asks is not None:
        return names(vars_of(rule.asks.args))
    said = rule.clause.annotation("because")
    if said:
        return {name for name in _PLACEHOLDER.findall(str(said[0])) if name and name[0] != "$"}
    return {name for name in rule.variables if not name.startswith("#")}


def _filled(
    found: re.Match[str], bindings: Mapping[str, Value], constants: Mapping[str, NamedConstant]
) -> str:
    name = found[1]
    if name is None:
        return found[0][0]
    if name[1:] in constants and name[0] == "$":
        return ", ".join(map(print_value, constants[name[1:]].values))
    value = bindings.get(name)
    if isinstance(value, Moment):
        return str(value)
    return print_value(value) if value is not None else found[0]


def _bound(term: Term, bindings: Mapping[str, Value]) -> Term:
    if isinstance(term, Var) and term.name in bindings:
        return Const(bindings[term.name])
    return term


# -- the tree --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Branch:
    """A line of the tree and, where a derivation is below it, that."""

    text: str
    below: RuleProof | tuple[_Branch, ...] = ()


def proof_text(proof: Proof, *, ascii_only: bool = False) -> str:
    """A proof as a tree that people read; see :func:`proof_lines`."""
    return "\n".join(proof_lines(proof, ascii_only=ascii_only))


def proof_lines(proof: Proof, *, ascii_only: bool = False) -> list[str]:
    """A proof as the lines of a tree.

    Below what was derived stand the rule with its place, its bindings, and each step: facts with where
    they came from, absences, comparisons, aggregates with what they range over. A derivation that
    occurs again is not repeated.
    """
    shown: set[tuple[str, Row]] = set()
    lines: list[str] = []
    todo: list[tuple[str, str, _Branch]] = [("", "", _conclusion(proof, ""))]
    while todo:
        indent, turn, branch = todo.pop()
        text, below = branch.text, branch.below
        if isinstance(below, RuleProof):
            if (below.relation, below.row) in shown:
                text, below = f"{text} (proved above)", ()
            else:
                shown.add((below.relation, below.row))
                below = tuple(_below(below))
        lines.append(f"{indent}{turn}{text}")
        inner = indent + {"": "", "├─ ": "│  ", "└─ ": "   "}[turn]
        turns = ["├─ "] * (len(below) - 1) + ["└─ "]
        todo += reversed([(inner, t, each) for t, each in zip(turns, below, strict=False)])
    return [line.translate(ASCII) for line in lines] if ascii_only else lines


def _conclusion(proof: Proof, mark: str) -> _Branch:
    proof = _of_call(proof)
    if isinstance(proof, FactProof):
        relation, row, call = call_of(proof.relation, proof.row)
        text = f"{mark}{print_row(relation, row)}{_weight(proof.weight)}"
        number = "" if call is None else f"call {call}, "
        return _Branch(f"{text}: {number}{source_text(proof.source)}")
    return _Branch(f"{mark}{head_text(proof.rule, proof.bindings, proof.row)}{_weight(proof.weight)}", proof)


def _below(proof: RuleProof) -> Iterator[_Branch]:
    rule = proof.rule
    yield _Branch(f"rule {rule.id} at {rule.clause.span}: {rule_text(rule)}")
    said = rule.clause.annotation("source")
    if said:
        yield _Branch(f"source: {visible(str(said[0]))}")
    if named := {n: v for n, v in proof.bindings.items() if not n.startswith("#")}:
        yield _Branch(f"with {', '.join(f'{n} = {print_value(v)}' for n, v in named.items())}")
    for item, places in shown_items(rule):
        if isinstance(item, Placed):
            yield _placed(item, [proof.steps[place] for place in places], proof.bindings)
        else:
            yield _step(item, proof.steps[places[0]], proof.bindings)


def _of_call(proof: Proof) -> Proof:
    """The proof that a row of the history of a class, or of the ages of calls, was derived from by rules that
    no author wrote: that of the call itself. Any other proof as it is."""
    while isinstance(proof, RuleProof) and proof.rule.is_hidden:
        step = proof.steps[0]
        assert isinstance(step, (FactProof, RuleProof))
        proof = step
    return proof


def _placed(item: Placed, steps: list[ProofStep], bindings: Mapping[str, Value]) -> _Branch:
    """A literal that is placed in time, with the calls that it speaks of."""
    text = f"✓ {item_text(item, bindings)}{_weight(min(step.weight for step in steps))}"
    return _Branch(text, tuple(_conclusion(each, "") for each in _calls(steps)))


def _calls(steps: Iterable[ProofStep]) -> list[Proof]:
    """The calls among some steps, each once, in their order; what weakens an absence is one of them."""
    rested = [each.present if isinstance(each, AbsenceStep) else each for each in steps]
    found = [_of_call(each) for each in rested if isinstance(each, (FactProof, RuleProof))]
    facts = {call_of(each.relation, each.row): each for each in found if isinstance(each, FactProof)}
    return [facts[key] for key in sorted(facts, key=lambda key: key[2] or 0)]


def _step(item: WrittenItem, step: ProofStep, bindings: Mapping[str, Value]) -> _Branch:
    if isinstance(item, Literal) and is_set(item.atom.name):
        return _Branch(f"✓ {item_text(item, bindings)}")
    if isinstance(step, (FactProof, RuleProof)):
        return _conclusion(step, "✓ ")
    if isinstance(step, AbsenceStep):
        text = f"✓ {item_text(item, bindings)}"
        if step.present is None:
            return _Branch(f"{text}: no such fact")
        return _Branch(f"{text}{_weight(step.weight)}: weakened by", (_conclusion(step.present, ""),))
    if isinstance(step, AggregateStep) and isinstance(item, Aggregate):
        text = f"✓ {item_text(replace(item, target=Const(step.value)), bindings)}"
        rows = count(len(step.rows), "row")
        return _Branch(f"{text}{_weight(step.weight)}: {rows}", tuple(_rows(step)))
    return _Branch(f"✓ {item_text(item, bindings)}")


def _rows(step: AggregateStep) -> Iterator[_Branch]:
    for row in step.rows[:ROWS]:
        branches = [_conclusion(each, "") for each in _counted(row)]
        if len(branches) == 1:
            yield branches[0]
        else:
            yield _Branch("together" if branches else "nothing to count", tuple(branches))
    if len(step.rows) > ROWS:
        yield _Branch(f"… and {len(step.rows) - ROWS} more")


def _counted(row: Iterable[Proof]) -> list[Proof]:
    """The proofs that an aggregate counts as one: each fact once, and no members of sets."""
    found = [_of_call(each) for each in row if not is_set(each.relation)]
    return list({(each.relation, each.row): each for each in found}.values())


def source_text(source: Span | str) -> str:
    """The source of a fact as text: its place, or who said it."""
    if isinstance(source, Span) and not source.line:  # of no place in a file
        source = "" if source == NOWHERE else source.file
    return visible(str(source)) if source else "asserted"


def _weight(weight: float) -> str:
    return "" if weight == 1 else f" [{weight:g}]"


# -- JSON ------------------------------------------------------------------------------------------


def proof_json(proof: Proof) -> dict[str, Any]:
    """A proof as JSON-able data.

    ``{"root": 0, "nodes": [...]}``: nodes name each other by their place in the list, so that a proof
    of any depth can be written, and what is used twice stands once. A node has ``atom`` (text),
    ``relation``, ``row`` and ``weight``; for a fact ``source``, and ``call``, its number, where it is one of
    the calls of the history that an aggregate ranges over; for a derivation ``rule`` (``id``,
    ``where``, ``text``, and ``because`` where there is one), ``bindings`` and ``steps``, one for each
    item of the body, with its ``text``, ``weight`` and ``kind``:

    - ``proof``: a positive literal; ``node`` is its proof.
    - ``absent``: a negated literal; ``node`` is the strongest fact that weakens it, or null.
    - ``holds``: a comparison, a text test, or ``in`` a set.
    - ``aggregate``: with its ``value``, and ``rows``, for each a list of nodes.
    - ``placed``: a literal of the history that is placed in time; ``nodes`` are the calls.
    """
    places: dict[int, int] = {id(proof): 0}
    order: list[Proof] = [proof]

    def place(each: Proof) -> int:
        each = _of_call(each)
        if id(each) not in places:
            places[id(each)] = len(order)
            order.append(each)
        return places[id(each)]

    nodes: list[dict[str, Any]] = []
    for each in order:  # grows while it is read
        relation, row, call = call_of(each.relation, each.row)
        node: dict[str, Any] = {
            "atom": print_row(relation, row),
            "relation": relation,
            "row": json_values(row),
            "weight": each.weight,
        }
        if call is not None:
            node["call"] = call
        if isinstance(each, FactProof):
            node["source"] = source_text(each.source)
        else:
            rule = each.rule
            node["rule"] = {"id": rule.id, "where": str(rule.clause.span), "text": rule_text(rule)}
            if rule.clause.annotation("because"):
                node["rule"]["because"] = because_text(rule, each.bindings, each.row)
            node["bindings"] = {n: json_value(v) for n, v in each.bindings.items() if not n.startswith("#")}
            node["steps"] = [
                _step_json(item, [each.steps[n] for n in numbers], each, place)
                for item, numbers in shown_items(rule)
            ]
        nodes.append(node)
    return {"root": 0, "nodes": nodes}


def _step_json(item: WrittenItem, steps: list[ProofStep], proof: RuleProof, place: Any) -> dict[str, Any]:
    step = steps[0]
    weight = min(each.weight for each in steps)
    found: dict[str, Any] = {"text": item_text(item, proof.bindings), "weight": weight}
    if isinstance(item, Placed):
        return found | {"kind": "placed", "nodes": [place(each) for each in _calls(steps)]}
    if isinstance(item, Literal) and is_set(item.atom.name):
        return found | {"kind": "holds"}
    if isinstance(step, AbsenceStep):
        return found | {"kind": "absent", "node": None if step.present is None else place(step.present)}
    if isinstance(step, BuiltinStep):
        return found | {"kind": "holds"}
    if isinstance(step, AggregateStep):
        rows = [[place(each) for each in _counted(row)] for row in step.rows]
        return found | {"kind": "aggregate", "value": json_value(step.value), "rows": rows}
    return found | {"kind": "proof", "node": place(step)}


# -- colours ---------------------------------------------------------------------------------------

_LINE_STYLES = {
    r"✓ .* is admissible$": "bold green",
    r"✗ .* is rejected.*$": "bold red",
    r"(error(\[E\d+\])?:) .*$": "bold",
    r"(warning(\[W\d+\])?:) .*$": "bold",
    r"(because|repairs|advice)\b.*$": "bold",
}
_PART_STYLES = {
    r"^error(\[E\d+\])?:": "bold red",
    r"^warning(\[W\d+\])?:": "bold yellow",
    r"✓": "green",
    r"✗": "red",
    r"[├│└─]+": "dim",
    r"\brule \S+ at \S+:": "cyan",
    r"^ +--> .*$": "blue",
    r"\^+": "bold red",
    r"^ +(= )(help|note):": "bold",
    r"\[0\.\d+\]": "yellow",
}


def painted(lines: str) -> Iterator[Text]:
    """The lines of an answer with styles for a terminal."""
    from rich.text import Text

    for line in lines.split("\n"):
        text = Text(line)
        for pattern, style in _LINE_STYLES.items():
            text.highlight_regex(f"^{pattern}", style)
        for pattern, style in _PART_STYLES.items():
            text.highlight_regex(pattern, style)
        yield text


def paint(lines: str, stream: TextIO) -> None:
    """Write lines in colours.

    Raises:
        OSError: they cannot be written.
    """
    from rich.console import Console

    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    for text in painted(lines):
        console.print(text, soft_wrap=True)
