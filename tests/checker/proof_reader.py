"""Reads proofs back from what was printed: from the lines of a tree, and from JSON.

A printed rule is its author's: of the rules that a clause gave (one for each member of a class, for each
alternative, for each call that would tell something) the reader takes the one whose items the steps show.
"""

from __future__ import annotations

import re
from typing import Any

from mpr_logic.analysis.occurrences import CALL, CLASS
from mpr_logic.analysis.program import Program, Rule
from mpr_logic.checker.render import item_text
from mpr_logic.checker.verifier import AssertedFacts
from mpr_logic.checker.written import placed_item, shown_items
from mpr_logic.engine.planner import item_variables
from mpr_logic.engine.provenance.proof import (
    AbsenceStep,
    AggregateStep,
    BuiltinStep,
    FactProof,
    ProofStep,
    RuleProof,
)
from mpr_logic.language.ast import (
    Aggregate,
    BodyItem,
    Comparison,
    Const,
    Literal,
    Membership,
    Placed,
    Row,
    Value,
    Var,
    WrittenItem,
)
from mpr_logic.language.moments import Duration, Instant
from mpr_logic.language.parser import parse_clause
from mpr_logic.language.sets import is_set
from tests.checker.proof_of_calls import as_asked, placed_steps

VERBS = {"is forbidden": "forbid", "is permitted": "permit", "is preferred": "prefer"}
_END = re.compile(r"(?: \[(?P<weight>[-+.e\d]+)\])?(?P<again> \(proved above\))?$")
_FACT = re.compile(
    r"(?P<atom>.*?)(?: \[(?P<weight>[-+.e\d]+)\])?: (?:call (?P<call>\d+), )?"
    r"(?P<source>asserted|update \d+|<rules>:\d+:\d+)$"
)
_LINE = re.compile(r"(?P<indent>(?:│  |   )*)(?:├─ |└─ )(?P<text>.*)$")


class Reader:
    """Reads the printed proofs of one program."""

    def __init__(self, program: Program, facts: AssertedFacts) -> None:
        self.facts = facts
        self.rules: dict[str, list[Rule]] = {}
        self.members: dict[str, list[Rule]] = {}  # by the history of a class, the rules that derive it
        for rule in program.rules:
            self.rules.setdefault(rule.id, []).append(rule)
            if rule.is_hidden:
                self.members.setdefault(rule.head, []).append(rule)
        self.known: dict[tuple[str, Row], RuleProof] = {}

    # -- the tree ------------------------------------------------------------------------------

    def tree(self, lines: list[str]) -> FactProof | RuleProof:
        """The proof that the lines of a tree print."""
        self.known = {}
        return self._conclusion((lines[0], _nested(lines[1:])))

    def _conclusion(self, node: Any) -> FactProof | RuleProof:
        text, below = node
        text = text.removeprefix("✓ ")
        if not below and not text.endswith("(proved above)"):
            found = _FACT.match(text)
            assert found, text
            fact = called(*atom(found["atom"]), found["call"])
            return FactProof(*fact, float(found["weight"] or 1), found["source"])
        end = _END.search(text)
        assert end is not None
        relation, row = concluded(text[: end.start()])
        if end["again"]:
            return self.known[relation, row]
        (said, _), *rest = below
        rest = [each for each in rest if not each[0].startswith("source: ")]
        bindings: dict[str, Value] = {}
        if rest and rest[0][0].startswith("with "):
            bindings = equations(rest.pop(0)[0].removeprefix("with "))
        shown = [each[0].removeprefix("✓ ") for each in rest]
        rule = self._rule(said.removeprefix("rule ").partition(" at ")[0], relation, bindings, shown)
        proof = RuleProof(relation, row, float(end["weight"] or 1), rule, bindings, ())
        self.known[relation, row] = proof
        steps: dict[int, ProofStep] = {}
        for (written, places), node in zip(shown_items(rule), rest, strict=True):
            if isinstance(written, Placed):
                calls = [self._conclusion(each) for each in node[1]]
                steps |= placed_steps(self, rule, places, calls, bindings)
            else:
                steps[places[0]] = self._step(places[0], rule.body[places[0]], node, bindings)
        proof.steps = tuple(steps.get(i, BuiltinStep(i)) for i in range(len(rule.body)))
        proof.bindings = bindings | unnamed(rule, proof.steps, shown)
        return proof

    def _rule(self, id: str, relation: str, bindings: dict[str, Value], texts: list[str]) -> Rule:
        """The rule of an id that concludes a relation and whose items are what the steps say."""
        rules = [rule for rule in self.rules[id] if rule.head == relation]
        if len(rules) == 1:
            return rules[0]
        fitting = [rule for rule in rules if fits(rule, bindings, texts)]
        assert fitting, (id, relation, texts)
        return fitting[0]

    def of_class(self, relation: str, fact: FactProof | RuleProof) -> FactProof | RuleProof:
        """The proof of the history of a class, where that of a member is printed for it."""
        for rule in self.members.get(relation, ()):
            (item,) = rule.body
            assert isinstance(item, Literal)
            if item.atom.name == fact.relation:
                args = zip(item.atom.args, fact.row, strict=True)
                bindings = {t.name: v for t, v in args if isinstance(t, Var) and t.name != "_"}
                row = tuple(bindings[t.name] if isinstance(t, Var) else _constant(t) for t in rule.args)
                return RuleProof(relation, row, fact.weight, rule, bindings, (fact,))
        return fact

    def _step(self, index: int, item: BodyItem, node: Any, bindings: dict[str, Value]) -> ProofStep:
        text, below = node
        if isinstance(item, Aggregate):
            body, weight = re.fullmatch(r"✓ (.*?)(?: \[([-+.e\d]+)\])?: \d+ rows?", text).groups()  # type: ignore[union-attr]
            rows = tuple(as_asked(self, item, self._row(each), bindings) for each in below)
            return AggregateStep(index, _aggregated(body), float(weight or 1), rows)
        if not isinstance(item, Literal):
            return BuiltinStep(index)
        if is_set(item.atom.name):
            return in_set(item, text.removeprefix("✓ "))
        if not item.negated:
            return self.of_class(item.atom.name, self._conclusion(node))
        body, weight = re.fullmatch(
            r"✓ ((?:not|unknown) .*?)(?: \[([-+.e\d]+)\])?: (?:no such fact|weakened by)", text
        ).groups()  # type: ignore[union-attr]
        present = self.of_class(item.atom.name, self._conclusion(below[0])) if below else None
        return AbsenceStep(*absent(item, body), float(weight or 1), present)

    def _row(self, node: Any) -> tuple[Any, ...]:
        text, below = node
        if text == "nothing to count":
            return ()
        return tuple(map(self._conclusion, below)) if text == "together" else (self._conclusion(node),)

    # -- JSON ----------------------------------------------------------------------------------

    def json(self, data: dict[str, Any]) -> FactProof | RuleProof:
        """The proof that JSON holds."""
        nodes = data["nodes"]
        made: dict[int, Any] = {}
        for place in reversed(range(len(nodes))):
            each = nodes[place]
            common = each["relation"], tuple(map(as_value, each["row"])), each["weight"]
            assert concluded_or_fact(each["atom"]) == common[:2]
            if "source" in each:
                fact = called(*common[:2], each.get("call"))
                made[place] = FactProof(*fact, each["weight"], each["source"])
            else:
                texts = [step["text"] for step in each["steps"]]
                bindings = {name: as_value(value) for name, value in each["bindings"].items()}
                rule = self._rule(each["rule"]["id"], each["relation"], bindings, texts)
                made[place] = RuleProof(*common, rule, bindings, ())
        for place, each in enumerate(nodes):
            if "steps" in each:
                proof = made[place]
                steps: dict[int, ProofStep] = {}
                for (written, places), step in zip(shown_items(proof.rule), each["steps"], strict=True):
                    if isinstance(written, Placed):
                        calls = [made[n] for n in step["nodes"]]
                        steps |= placed_steps(self, proof.rule, places, calls, proof.bindings)
                    else:
                        index = places[0]
                        steps[index] = self._json_step(index, proof, step, made)
                proof.steps = tuple(steps.get(i, BuiltinStep(i)) for i in range(len(proof.rule.body)))
                texts = [step["text"] for step in each["steps"]]
                proof.bindings = proof.bindings | unnamed(proof.rule, proof.steps, texts)
        return made[data["root"]]  # type: ignore[no-any-return]

    def _json_step(
        self, index: int, proof: RuleProof, step: dict[str, Any], made: dict[int, Any]
    ) -> ProofStep:
        item = proof.rule.body[index]
        if isinstance(item, Literal) and is_set(item.atom.name):
            return in_set(item, step["text"])
        if step["kind"] == "holds":
            return BuiltinStep(index)
        if step["kind"] == "aggregate":
            assert isinstance(item, Aggregate)
            shown = [tuple(made[n] for n in row) for row in step["rows"]]
            rows = tuple(as_asked(self, item, row, dict(proof.bindings)) for row in shown)
            return AggregateStep(index, as_value(step["value"]), step["weight"], rows)
        assert isinstance(item, Literal)
        below = None if step["node"] is None else self.of_class(item.atom.name, made[step["node"]])
        if step["kind"] == "proof":
            assert below is not None
            return below
        return AbsenceStep(*absent(item, step["text"]), step["weight"], below)


def fits(rule: Rule, bindings: dict[str, Value], texts: list[str]) -> bool:
    """Whether the steps of a proof can be those of a rule: as many, of its variables, and of its items."""
    items = [item for item, _ in shown_items(rule)]
    if {name for name in rule.variables if name[0] != "#"} != set(bindings) or len(items) != len(texts):
        return False
    return all(_says(item, bindings, text) for item, text in zip(items, texts, strict=True))


def _says(item: WrittenItem, bindings: dict[str, Value], text: str) -> bool:
    """Whether a step says an item; what stands for ``_``, for a computed argument, and for the member of a
    class may be anything."""
    if isinstance(item, Literal) and not item.negated and item.atom.name.startswith(CLASS):
        return text.startswith(item.atom.name.removeprefix(CLASS).partition(" ")[0] + " ")
    known = re.sub(r"\\#\w+", ".+", re.escape(item_text(item, bindings)))
    known = re.sub(r"(\\\(|,\\ )_(?=,|\\\))", r"\1.+", known)
    return re.match(known + r"(?:$|:| \[| \()", text) is not None


def in_set(item: Literal, text: str) -> ProofStep:
    """The step of a literal of a set: a fact that nobody stated, or its absence."""
    (shown,) = parse_clause(f"q :- {text}.").body
    assert isinstance(shown, Membership)
    row = (_constant(shown.term),)
    return AbsenceStep(item.atom.name, row, 1.0) if item.negated else FactProof(item.atom.name, row, 1.0, "")


def absent(item: Literal, text: str) -> tuple[str, tuple[Value | None, ...]]:
    """The relation and the pattern of an absence that a text tells."""
    if text.startswith("unknown "):
        relation, row = pattern(text.removeprefix("unknown "))
        return f"not {relation}", row
    if not item.atom.name.removeprefix(CALL).startswith(CLASS):
        return pattern(text.removeprefix("not "))
    (shown,) = parse_clause(f"q :- {text}.").body
    assert isinstance(shown, Literal)
    said = dict(zip(shown.atom.names, map(_constant, shown.atom.args), strict=True))
    return item.atom.name, tuple(said.get(name) for name in item.atom.names)


def _nested(lines: list[str]) -> list[Any]:
    """The lines below one of a tree, each with those below it."""
    roots: list[Any] = []
    open_: list[list[Any]] = [roots]
    for line in lines:
        found = _LINE.match(line)
        assert found, line
        depth = len(found["indent"]) // 3
        node: tuple[str, list[Any]] = (found["text"], [])
        del open_[depth + 1 :]
        open_[depth].append(node)
        open_.append(node[1])
    return roots


def concluded(text: str) -> tuple[str, Row]:
    """The core relation and the row of a conclusion."""
    for words, kind in VERBS.items():
        if text.endswith(words):
            name, row = atom(text.removesuffix(words).rstrip())
            return f"{kind} {name}", row
    return concluded_or_fact(text)


def concluded_or_fact(text: str) -> tuple[str, Row]:
    """The core relation and the row of an atom, of whatever kind."""
    clause = parse_clause(f"{text}.")
    head = tuple(_constant(t) for t in clause.head.args)
    if clause.effect is not None:
        row = (*head, *(_constant(t) for t in clause.effect.args))
        return f"{clause.kind} {clause.effect.name} by {clause.head.name}", row
    kind = {"relation": "", "absent": "not "}.get(clause.kind, f"{clause.kind} ")
    return f"{kind}{clause.head.name}", head


def atom(text: str) -> tuple[str, Row]:
    """The relation and the row of a ground atom, an observed absence or a piece of history."""
    return concluded_or_fact(text)


def called(relation: str, row: Row, number: str | int | None) -> tuple[str, Row]:
    """The core relation and the row of a fact, of a call where it has a number."""
    return (relation, row) if number is None else (f"call {relation}", (int(number), *row))


def pattern(text: str) -> tuple[str, tuple[Value | None, ...]]:
    """The relation of an atom and its arguments, None for ``_``."""
    clause = parse_clause(f"q :- {text}.")
    (item,) = clause.body
    assert isinstance(item, Literal)
    kind = f"{item.tense} " if item.tense else ""
    args = (_constant(t) if isinstance(t, Const) else None for t in item.atom.args)
    return f"{kind}{item.atom.name}", tuple(args)


def equations(text: str) -> dict[str, Value]:
    """The bindings that ``A = x, B = 2`` says."""
    found: dict[str, Value] = {}
    for item in parse_clause(f"q :- {text}.").body:
        assert isinstance(item, Comparison)
        assert isinstance(item.left, Var)
        found[item.left.name] = _constant(item.right)
    return found


def unnamed(rule: Rule, steps: tuple[ProofStep, ...], texts: list[str]) -> dict[str, Value]:
    """The values of the variables that no text names (they stand for computed arguments, and for positions of
    calls): the steps show them."""
    found: dict[str, Value] = {}
    said = {places[0]: text for (_, places), text in zip(shown_items(rule), texts, strict=True)}
    for place, (item, step) in enumerate(zip(rule.body, steps, strict=True)):
        text = said.get(place)
        if isinstance(item, Literal) and isinstance(step, (FactProof, RuleProof)):
            given = zip(item.atom.args, step.row, strict=True)
            found |= {t.name: v for t, v in given if isinstance(t, Var) and t.name.startswith("#")}
        elif placed_item(item, rule) is None and (
            isinstance(item, Comparison) and any(n.startswith("#") for n in item_variables(item))
        ):
            (shown,) = parse_clause(f"q :- {text}.").body
            assert isinstance(shown, Comparison)
            for var, value in ((item.left, shown.left), (item.right, shown.right)):
                if isinstance(var, Var) and var.name.startswith("#"):
                    found[var.name] = _constant(value)
        elif isinstance(step, AggregateStep) and "#" in str(getattr(item, "target", "")):
            assert isinstance(item, Aggregate)
            assert isinstance(item.target, Var)
            found[item.target.name] = step.value
    return found


def _aggregated(text: str) -> Value:
    (item,) = parse_clause(f"q :- {text}.").body
    assert isinstance(item, Aggregate)
    return _constant(item.target)


def _constant(term: object) -> Value:
    assert isinstance(term, Const), term
    return as_value(term.value)


def as_value(value: Value) -> Value:
    """The value that was printed: no symbol of a generated program reads as a time or a duration."""
    if not isinstance(value, str):
        return value
    return Instant.read(value) or Duration.read(value) or value
