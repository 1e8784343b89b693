"""Classes of actions: a rule about one stands for a rule about each member, under its author's id."""

from __future__ import annotations

import pytest

from mpr_logic import Checker
from mpr_logic.analysis.analyse import analyse
from mpr_logic.analysis.canonical import clause_id
from mpr_logic.analysis.lints import Deployment, ToolSignature, lint, vet
from mpr_logic.analysis.schema import declarations_of
from mpr_logic.checker.render import proof_json, proof_lines
from mpr_logic.checker.verifier import verify
from mpr_logic.errors import ProgramError, StateError
from mpr_logic.language.ast import ClassDecl, Module
from mpr_logic.language.parser import parse, parse_clause

DECLARED = """
.decl confirmed(reservation_id: symbol) input
.action cancel(reservation_id: symbol, reason: symbol)
.action update(cabin: symbol, reservation_id: symbol)
.action look(reservation_id: symbol)
.action say(text: symbol)
.class write(reservation_id: symbol) {cancel, update}
"""
RULES = f"""{DECLARED}
@id(ask) @because("confirm {{R}} first")
forbid write(reservation_id: R) :- not confirmed(R).
@id(once) @because("{{A}} after {{B}}")
forbid write(reservation_id: R, action: A) :- past write(reservation_id: R, action: B).
@id(quiet) @because("{{N}} calls are enough")
forbid any :- N = count : {{ past any(action: A), A != say }}, N > 2.
"""


def checker(*facts: str, engine: str = "native", rules: str = RULES) -> Checker:
    """A checker of the rules above with some facts."""
    made = Checker.from_text(rules, engine=engine)  # type: ignore[arg-type]
    made.update(add=list(facts))
    return made


def members(text: str, name: str) -> list[str]:
    """The members that a class has in a program."""
    return list(analyse([parse(text)]).schema.classes[name].members)


def refusal(text: str) -> list[str]:
    """The codes with which a text is refused."""
    with pytest.raises(ProgramError) as caught:
        analyse([parse(text)])
    return [each.code for each in caught.value.diagnostics]


def found(text: str, deployment: Deployment | None = None) -> list[str]:
    """The codes of all that the lints find in a text."""
    module = parse(text)
    program = analyse([module])
    return [d.code for d in (*lint([module], program), *vet(program, deployment, [module]))]


@pytest.mark.parametrize("engine", ["native", "both"])
def test_a_rule_about_a_class_holds_for_each_member(engine: str) -> None:
    """A shared argument is found by its name, wherever a member has it; other actions are untouched."""
    made = checker("confirmed(b)", engine=engine)
    rejected = {each: made.check(each).rules for each in ("cancel(a, late)", "update(eco, a)")}
    assert rejected == dict.fromkeys(rejected, ("ask",))
    for action in ("cancel(b, late)", "update(eco, b)", "look(a)", "say(a)"):
        assert made.check(action).admissible


@pytest.mark.parametrize("engine", ["native", "both"])
def test_the_history_of_a_class_is_that_of_its_members(engine: str) -> None:
    """`past write` holds of what any member did, and `action` is the name of the member."""
    made = checker("confirmed(a)", engine=engine)
    made.record("update(eco, a)", succeeded=True)
    decision = made.check("cancel(a, late)", proofs=True)
    assert [str(each) for each in decision.reasons] == ["cancel after update"]
    made.record("look(a)", succeeded=True)
    made.record("say(a)", succeeded=True)
    assert made.check("look(a)").admissible
    made.record("look(a)", succeeded=False)  # the same call again: in aggregates it counts
    assert made.check("say(b)").rules == ("quiet",)


def test_proofs_speak_as_the_author_does() -> None:
    """A proof has the author's rule and the call of the member, no made-up name, and it verifies."""
    made = checker("confirmed(a)")
    for action in ("update(eco, a)", "look(a)", "look(b)"):
        made.record(action, succeeded=True)
    decision = made.check("cancel(a, late)", proofs=True)
    assert decision.rules == ("once", "quiet")
    shown = "\n".join(line for r in decision.reasons if r.proof is not None for line in proof_lines(r.proof))
    assert "rule once at <rules>:12:1: forbid write(reservation_id: R, action: A) :-" in shown
    assert "past update(eco, a)" in shown
    assert "class past" not in shown
    for reason in decision.reasons:
        assert reason.proof is not None
        assert "class past" not in str(proof_json(reason.proof))
        assert verify(reason.proof, made.program, made.facts()) == []


def test_why_not_speaks_as_the_author_does() -> None:
    """The reason why a rule about a class does not fire is in its author's words."""
    told = str(checker("confirmed(a)").why_not("cancel(a, late)"))
    assert (
        "✗ past write(reservation_id: a, action: B) fails: nothing like past write(reservation_id: a) holds"
        in told
    )
    made = checker("confirmed(a)")
    made.record("update(eco, b)", succeeded=True)
    assert "the nearest is past update(reservation_id: b)" in str(made.why_not("cancel(a, late)"))


def test_a_repair_names_an_action_of_the_class() -> None:
    """A member brings about that which a law misses of its class."""
    made = Checker.from_text(f"""{DECLARED}
    .class reading(reservation_id: symbol) {{look}}
    @because("look first") forbid write(reservation_id: R) :- not past reading(reservation_id: R).
    """)
    (repair,) = made.check("cancel(a, late)").repairs
    assert str(repair) == "after look(a)"


def test_a_permit_of_a_class_lifts_a_law_of_a_member() -> None:
    """`@overrides` lifts the rule for those members that the two share."""
    made = checker(
        rules=f"""{DECLARED}
        @id(late) @because("late") forbid cancel(reason: late).
        @id(locked) @because("locked") forbid write(reservation_id: R) :- not confirmed(R).
        @overrides(late, locked) permit write(reservation_id: vip).
        @overrides(locked) permit update(cabin: eco).
        """
    )
    assert made.check("cancel(vip, late)").admissible
    assert made.check("update(eco, a)").admissible
    assert made.check("cancel(a, late)").rules == ("late", "locked")
    assert made.check("update(first, a)").rules == ("locked",)


def test_effects_of_a_class() -> None:
    """One rule says that each member brings something about."""
    made = Checker.from_text(f"""{DECLARED}
    .decl touched(reservation_id: symbol, by: symbol)
    write(reservation_id: R, action: A) causes touched(R, A).
    """)
    made.record("cancel(a, late)", succeeded=True)
    made.record("update(eco, b)", succeeded=True)
    assert made.query("touched(_, _)") == {("a", "cancel"): 1.0, ("b", "update"): 1.0}


def test_a_default_closes_a_class() -> None:
    """`.default forbid write` closes its members, and only those."""
    schema = analyse([parse(DECLARED + ".default forbid write")]).schema
    assert schema.closed == {"cancel", "update"}
    assert analyse([parse(DECLARED + ".default forbid any")]).schema.all_closed


def test_classes_hold_classes_and_take_out_members() -> None:
    """A named action decides over a class, and `not` over its contrary; files add members."""
    text = DECLARED + ".class all_but {any, not write, update, not say}\n"
    assert members(text, "all_but") == ["update", "look"]
    more = DECLARED + ".class write {look}\n"
    assert members(more, "write") == ["cancel", "update", "look"]


def test_an_action_named_any_is_that_action() -> None:
    """A program that declares an action `any` means it: nothing that was right is read otherwise."""
    made = Checker.from_text('.action any(x: symbol)\n.action b()\n@because("no") forbid any(x: a).')
    assert not made.check("any(a)").admissible
    assert made.check("any(b)").admissible
    assert made.check("b").admissible


def test_the_words_stay_names() -> None:
    """`class`, `hint` and `any` are names of relations, arguments and constants as before."""
    text = ".decl class(hint: symbol, any: symbol)\n.decl any(class: symbol)\nany(X) :- class(X, hint).\n"
    assert analyse([parse(text + "class(any, hint).")]).rules


def test_the_id_of_a_rule_does_not_hang_on_the_members() -> None:
    """An action that joins a class leaves the ids of its rules, and changes the version of the program."""
    clause = "forbid write(reservation_id: R) :- not confirmed(R)."
    first = analyse([parse(DECLARED + clause)])
    second = analyse([parse(DECLARED + ".class write {look}\n" + clause)])
    assert {rule.id for rule in first.rules} == {rule.id for rule in second.rules}
    assert first.version != second.version
    positional = parse_clause("forbid write(X) :- not confirmed(X).")
    assert clause_id(first, positional) == first.rules[0].id


def test_a_program_without_classes_keeps_its_version() -> None:
    """The version of a program that speaks of no class is what it was before there were any."""
    text = ".decl q(x: symbol) input\n.decl p(x: symbol)\np(X) :- q(X).\n"
    assert analyse([parse(text)]).version == "c163969e9506279c"


def test_a_schema_writes_its_classes() -> None:
    """The declarations of a schema give the same classes again."""
    schema = analyse([parse(RULES)]).schema
    again = analyse([Module(tuple(declarations_of(schema)))]).schema
    assert again.classes["write"].members == ("cancel", "update")
    assert [s.name for s in declarations_of(schema) if isinstance(s, ClassDecl)] == ["write"]


def test_one_action_is_asked_about() -> None:
    """A class is no action of a call, and nothing to record."""
    made = checker()
    assert made.check("write(a)").verdict == "undecided"
    with pytest.raises(StateError):
        made.record("write(a)", succeeded=True)


def test_lints_speak_of_the_class() -> None:
    """A fault of some members is none of the rule; one of all is told once."""
    assert found(RULES) == []
    some = '@because("x") forbid any(action: A) :- A != say, A != look, past any(action: look).'
    assert found(DECLARED + some + "\nconfirmed(a).") == []
    never = '@because("x") forbid any(action: A) :- A != say, A = say, confirmed(_).'
    assert found(DECLARED + never) == ["E0608"]
    many = '@because("x") forbid any :- 3 <= count : { past any }.'
    assert found(DECLARED + many + "\nconfirmed(a).") == []  # each call counts, and none has a value here
    idle = "permit write(reservation_id: R) :- confirmed(R)."
    assert found(DECLARED + idle) == ["W0504", "E0612"]
    assert found(DECLARED + ".default forbid update\n" + idle) == ["E0602", "E0602"]
    some = '@id(k) @because("x") forbid any :- past say(_).\n@overrides(k) permit write(R) :- confirmed(R).'
    assert found(DECLARED + some) == []  # say and look stay rejected


def test_a_rule_about_all_actions_speaks_of_none() -> None:
    """Beside closed actions, one that only `any` reaches is open; where a tool is missing, `any` is right."""
    text = DECLARED + '.default forbid say\npermit say(hi).\n@because("x") forbid any :- confirmed(_).\n'
    assert found(text) == ["E0602"] * 3
    tools = [ToolSignature("say", {"text": None})]
    assert found(DECLARED + '@because("x") forbid any :- confirmed(_).', Deployment(tools=tools)) == []


HINTS = """
.action read(path: symbol)
.action drop(path: symbol)
.action odd(path: symbol)
.hint read(readOnlyHint)
.class reading {hint(readOnlyHint)}
.class writing {any, not hint(readOnlyHint)}
.class dangerous {hint(destructiveHint)}
"""


def test_without_a_hint_an_action_is_taken_for_the_worst() -> None:
    """An action without hints has the defaults of the protocol: not read-only, destructive, open."""
    assert members(HINTS, "reading") == ["read"]
    assert members(HINTS, "writing") == ["drop", "odd"]
    assert members(HINTS, "dangerous") == ["drop", "odd"]
    assert members(HINTS + ".class outside {hint(openWorldHint)}", "outside") == ["read", "drop", "odd"]
    assert members(HINTS + ".class again {hint(idempotentHint)}", "again") == []
    assert members(HINTS + ".hint odd(not destructiveHint)", "dangerous") == ["drop"]


def test_an_author_overrules_a_hint() -> None:
    """A member that is named stays, or goes, whatever is said of its tool."""
    text = HINTS + ".class reading {odd, not read}\n.class writing {read}\n"
    assert members(text, "reading") == ["odd"]
    assert members(text, "writing") == ["read", "drop", "odd"]


def test_a_class_without_members_is_reported() -> None:
    """Rules about no action hold for no call; a class that waits for hints may be empty."""
    base = DECLARED.replace(".decl confirmed(reservation_id: symbol) input", "")
    law = '@because("x") forbid none.'
    assert found(base + ".class none {}\n" + law) == ["E0640"]
    assert found(base + ".class none {write, not cancel, not update}\n" + law) == ["E0640"]
    waits = base + ".class none {hint(readOnlyHint)}\n" + law
    assert found(waits) == []
    tools = [ToolSignature(name) for name in ("cancel", "update", "look", "say")]
    assert found(waits, Deployment(tools=tools)) == ["E0640"]


def test_a_tool_is_not_taken_at_its_word() -> None:
    """A hint of a tool that no rule file states is reported, where a class asks for it."""
    tools = [
        ToolSignature("read", {"path": None}, hints={"readOnlyHint": True}),
        ToolSignature("drop", {"path": None}, hints={"readOnlyHint": True, "idempotentHint": True}),
        ToolSignature("odd", {"path": None}, hints={"destructiveHint": True}),
    ]
    law = '@because("x") forbid writing.\n@because("y") forbid dangerous.'
    assert found(HINTS + law, Deployment(tools=tools)) == ["W0641"]
    tools[0] = ToolSignature("read", {"path": None}, hints={"readOnlyHint": False})
    module = parse(HINTS + law)
    first, _ = vet(analyse([module]), Deployment(tools=tools), [module])
    assert "the rules state the contrary" in first.help
