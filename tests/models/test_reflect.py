"""A scripted model reflects: what it answers becomes candidates, or is kept with the reason why not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.analysis import analyse
from mpr_logic.checker.loading import load_modules
from mpr_logic.errors import ModelError
from mpr_logic.language.parser import parse
from mpr_logic.models.clients import ScriptedModel
from mpr_logic.models.episodes import read_episode
from mpr_logic.models.reflection import Reflection, Tally, read_answer, reflect
from tests.helpers.box_episodes import lines, vocabulary
from tests.helpers.boxes import RULES

RIGHT = "Cause: The box was shut.\nRule: forbid take(B) :- not opened(B)."
UNKNOWN = "Cause: The box was shut.\nRule: forbid take(B) :- closed(B)."
OPENED = "Cause: It was open already.\nRule: forbid open(B) :- opened(B)."


def reflected(*answers: str, samples: int = 1, constrained: bool = True) -> tuple[Reflection, ScriptedModel]:
    """Return the reflection of a scripted model on the shut box, and the model."""
    model = ScriptedModel(answers)
    found = reflect(
        model, read_episode(lines()), vocabulary(), samples=samples, constrained=constrained, source="ep-1"
    )
    return found, model


def test_an_answer_becomes_a_candidate() -> None:
    """The rule, with the cause as its reason, and its source; it fits beside the declarations."""
    found, model = reflected(RIGHT)
    (candidate,) = found.candidates
    assert candidate.rule == "forbid take(B) :- not opened(B)."
    assert candidate.text == '@because("The box was shut.") @source("ep-1")\nforbid take(B) :- not opened(B).'
    assert found.tally == Tally(answers=1, at_once=1, parsed=1, calls=1)
    assert found.refused == ()
    assert model.grammars == [vocabulary().grammar()]
    analyse([*load_modules([RULES / "1_world.dl"]), parse(candidate.text)])


def test_the_diagnostic_goes_back() -> None:
    """An answer that is no rule comes back with what is wrong, its place, and the nearest name."""
    found, model = reflected(UNKNOWN.replace("closed", "openned"), RIGHT)
    assert [c.rule for c in found.candidates] == ["forbid take(B) :- not opened(B)."]
    assert found.tally == Tally(answers=1, at_once=0, parsed=1, calls=2)
    assert model.prompts[1].startswith(model.prompts[0])
    assert "| error[E0201]: relation `openned` is not declared" in model.prompts[1]
    assert "did you mean `opened`" in model.prompts[1]


def test_after_two_corrections_the_text_is_kept() -> None:
    """An answer that stays wrong is refused; its text and the reason are there."""
    found, model = reflected(UNKNOWN, "Sure!", UNKNOWN)
    assert len(model.prompts) == 3
    assert found.candidates == ()
    (refused,) = found.refused
    assert refused.text == UNKNOWN
    assert "relation `closed` is not declared" in refused.reason
    assert refused.corrections == 2
    assert found.tally.share == 0.0


def test_equal_rules_are_one_candidate() -> None:
    """Answers that differ in names of variables alone are one rule; what most answers say comes first."""
    renamed = RIGHT.replace("B)", "Box)")
    found, model = reflected(OPENED, RIGHT, renamed, samples=3, constrained=False)
    assert [c.rule for c in found.candidates] == [
        "forbid take(B) :- not opened(B).",
        "forbid open(B) :- opened(B).",
    ]
    assert found.votes == (2, 1)
    assert model.grammars == [None]
    assert not found.constrained


def test_the_model_may_be_missing() -> None:
    """A reflection that the model cannot answer ends in the model's error."""
    with pytest.raises(ModelError, match="no more answers"):
        reflected()


def test_a_correction_may_be_missing() -> None:
    """An answer for which no correction comes is refused, and the others are kept."""
    found, _ = reflected(RIGHT, UNKNOWN, samples=2)
    assert len(found.candidates) == 1
    (refused,) = found.refused
    assert "it was not corrected: the scripted model has no more answers" in refused.reason


def test_tallies_add_up() -> None:
    """The shares of several reflections are those of their answers together."""
    total = sum((reflected(each, RIGHT)[0].tally for each in (RIGHT, UNKNOWN, RIGHT, RIGHT)), Tally())
    assert (total.answers, total.at_once, total.parsed, total.calls) == (4, 3, 4, 5)
    assert total.share == 0.75


RULE = "forbid take(B) :- not opened(B)."


@pytest.mark.parametrize(
    ("answer", "rules", "because"),
    [
        (f"Cause: It was shut.\nRule: {RULE}\n", [RULE], "It was shut."),
        (f"**Cause:** It was shut.\n**Rule:** `{RULE}`", [RULE], "It was shut."),
        (f"The box was shut.\n```prolog\n{RULE}\n```\nI am sure.", [RULE], "The box was shut. I am sure."),
        (f"Rule: {RULE}", [RULE], ""),
        (f"Cause: It was shut. Rule: {RULE}", [RULE], "It was shut."),
        (
            "Rule: forbid take(B) :-\n    box(B),\n    not opened(B).",
            ["forbid take(B) :- box(B), not opened(B)."],
            "",
        ),
        (f"Cause: {{B}} was shut.\nRule: 0.99 :: {RULE}", [RULE], "{B} was shut."),
        (f'Rule: @id(shut) @because("shut") @overrides(x) {RULE}', [RULE], "shut"),
        (
            f"Cause: two.\nRule 1: {RULE}\nRule 2: forbid wait :- left(1).",
            [RULE, "forbid wait :- left(1)."],
            "two.",
        ),
        (f"First:\n{RULE}\n{RULE}", [RULE], "First:"),
    ],
)
def test_answers_are_read(answer: str, rules: list[str], because: str) -> None:
    """Rules are found in two lines and in prose; weights, ids and overrides are not a model's to give."""
    read = read_answer(answer, vocabulary().schema, "here")
    assert read.faults == ()
    assert [candidate.rule for candidate in read.candidates] == rules
    assert {candidate.because for candidate in read.candidates} == {because}
    for candidate in read.candidates:
        (clause,) = parse(candidate.text).clauses
        assert clause.weight == 1.0
        assert {a.name for a in clause.annotations} <= {"because", "source"}


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("", "no rule was found"),
        ("I am sorry.", "no rule was found"),
        ("Rule: permit take(B) :- box(B).", "begins with `forbid` or `prefer`"),
        ("Rule: opened(B) :- box(B).", "begins with `forbid` or `prefer`"),
        ("Rule: open(B) causes opened(B).", "begins with `forbid` or `prefer`"),
        (".action fly()\nRule: forbid fly :- box(_).", "action `fly` is not declared"),
        ("Rule: .decl p()", "is no rule"),
        ("Rule: forbid take(B).", "would be meant always"),
        ("Rule: forbid take(B) :- not box(X).", "E0303"),
        ("Rule: forbid take(B) :- not opened(B", "E0104"),
        ("Rule: forbid take(b) :- not opened(b).", "begins with a capital letter: `B`"),
        ("Rule: forbid take(box) :- not opened(box).", "`box` in `take` is a constant"),
        ("Rule: forbid take(B) :- not opened(b: symbol).", "`symbol` in `opened` is a constant"),
        ('Rule: forbid take(B) :- matches(B, "(").', "E0217"),
    ],
)
def test_what_is_no_rule_is_said(answer: str, fault: str) -> None:
    """Each kind of useless answer gets a message that says what is wrong."""
    read = read_answer(answer, vocabulary().schema, "here")
    assert read.candidates == ()
    assert fault in "\n".join(read.faults)


@given(st.text() | st.text(alphabet='Rule: forbidtake(B):-not opened.,"@{}\n`0123456789'))
def test_any_answer_is_read(answer: str) -> None:
    """No answer, whatever it holds, does more than to be refused; what is accepted fits the rules."""
    read = read_answer(f"Cause: {answer}\nRule: {RULE} {answer}", vocabulary().schema, answer)
    assert read.candidates or read.faults
    for candidate in read.candidates:
        analyse([*load_modules([RULES / "1_world.dl"]), parse(candidate.text)])


def test_an_answer_of_a_megabyte() -> None:
    """A huge answer is read to a limit, and kept to a limit."""
    found, _ = reflected(*["Rule: " + "forbid take(B) :- " * 60_000] * 3)
    (refused,) = found.refused
    assert len(refused.text) == 20_000
    assert (
        read_answer(f"{'x' * 10_000}\nRule: {RULE}", vocabulary().schema, "")
        .candidates[0]
        .because.endswith(" ...")
    )
