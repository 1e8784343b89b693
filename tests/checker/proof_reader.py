"""Reads proofs back from what was printed: from the lines of a tree, and from JSON."""

from __future__ import annotations

import re
from typing import Any

from mpr_logic.analysis.program import Program, Rule
from mpr_logic.engine.planner import item_variables
from mpr_logic.engine.provenance.proof import (
    AbsenceStep,
    AggregateStep,
    BuiltinStep,
    FactProof,
    ProofStep,
    RuleProof,
)
from mpr_logic.language.ast import Aggregate, BodyItem, Comparison, Const, Literal, Row, Value, Var
from mpr_logic.language.parser import parse_clause

VERBS = {"is forbidden": "forbid", "is permitted": "permit", "is preferred": "prefer"}
_END = re.compile(r"(?: \[(?P<weight>[-+.e\d]+)\])?(?P<again> \(proved above\))?$")
_FACT = re.compile(
    r"(?P<atom>.*?)(?: \[(?P<weight>[-+.e\d]+)\])?: (?:call (?P<call>\d+), )?"
    r"(?P<source>asserted|update \d+|<rules>:\d+:\d+)$"
)
_LINE = re.compile(r"(?P<indent>(?:│  |   )*)(?:├─ |└─ )(?P<text>.*)$")


class Reader:
    """Reads the printed proofs of one program."""

    def __init__(self, program: Program) -> None:
        self.rules = {rule.id: rule for rule in program.rules}
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
        rule = self.rules[said.removeprefix("rule ").partition(" at ")[0]]
        rest = [each for each in rest if not each[0].startswith("source: ")]
        bindings: dict[str, Value] = {}
        if rest and rest[0][0].startswith("with "):
            bindings = equations(rest.pop(0)[0].removeprefix("with "))
        proof = RuleProof(relation, row, float(end["weight"] or 1), rule, bindings, ())
        self.known[relation, row] = proof
        proof.steps = tuple(
            self._step(i, item, step) for i, (item, step) in enumerate(zip(rule.body, rest, strict=True))
        )
        texts = [each[0].removeprefix("✓ ") for each in rest]
        proof.bindings = bindings | unnamed(rule, proof.steps, texts)
        return proof

    def _step(self, index: int, item: BodyItem, node: Any) -> ProofStep:
        text, below = node
        if isinstance(item, Aggregate):
            body, weight = re.fullmatch(r"✓ (.*?)(?: \[([-+.e\d]+)\])?: \d+ rows?", text).groups()  # type: ignore[union-attr]
            rows = tuple(self._row(each) for each in below)
            return AggregateStep(index, _aggregated(body), float(weight or 1), rows)
        if not isinstance(item, Literal):
            return BuiltinStep(index)
        if not item.negated:
            return self._conclusion(node)
        body, weight = re.fullmatch(
            r"✓ (not .*?)(?: \[([-+.e\d]+)\])?: (?:no such fact|weakened by)", text
        ).groups()  # type: ignore[union-attr]
        present = self._conclusion(below[0]) if below else None
        return AbsenceStep(*pattern(body.removeprefix("not ")), float(weight or 1), present)

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
            common = each["relation"], tuple(each["row"]), each["weight"]
            assert concluded_or_fact(each["atom"]) == common[:2]
            if "source" in each:
                fact = called(*common[:2], each.get("call"))
                made[place] = FactProof(*fact, each["weight"], each["source"])
            else:
                rule = self.rules[each["rule"]["id"]]
                made[place] = RuleProof(*common, rule, each["bindings"], ())
        for place, each in enumerate(nodes):
            if "steps" in each:
                proof = made[place]
                items = zip(proof.rule.body, each["steps"], strict=True)
                proof.steps = tuple(_json_step(i, item, s, made) for i, (item, s) in enumerate(items))
                texts = [step["text"] for step in each["steps"]]
                proof.bindings = proof.bindings | unnamed(proof.rule, proof.steps, texts)
        return made[data["root"]]  # type: ignore[no-any-return]


def _json_step(index: int, item: BodyItem, step: dict[str, Any], made: dict[int, Any]) -> ProofStep:
    if step["kind"] == "proof":
        return made[step["node"]]  # type: ignore[no-any-return]
    if step["kind"] == "holds":
        return BuiltinStep(index)
    if step["kind"] == "aggregate":
        rows = tuple(tuple(made[n] for n in row) for row in step["rows"])
        return AggregateStep(index, step["value"], step["weight"], rows)
    assert isinstance(item, Literal)
    present = None if step["node"] is None else made[step["node"]]
    return AbsenceStep(*pattern(step["text"].removeprefix("not ")), step["weight"], present)


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
    args = (t.value if isinstance(t, Const) else None for t in item.atom.args)
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
    """The values of the variables that no text names (they stand for computed arguments): the steps show
    them."""
    found: dict[str, Value] = {}
    for item, step, text in zip(rule.body, steps, texts, strict=True):
        if isinstance(item, Literal) and isinstance(step, (FactProof, RuleProof)):
            given = zip(item.atom.args, step.row, strict=True)
            found |= {t.name: v for t, v in given if isinstance(t, Var) and t.name.startswith("#")}
        elif isinstance(item, Comparison) and any(n.startswith("#") for n in item_variables(item)):
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
    assert isinstance(item.target, Const)
    return item.target.value


def _constant(term: object) -> Value:
    assert isinstance(term, Const), term
    return term.value
