"""Tests of the store: it keeps what it is given, and rules rise and fall in it with their evidence."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.builtin_relations import BUILT_IN
from mpr_logic.analysis.lints import vet
from mpr_logic.analysis.program import Signature
from mpr_logic.checker.checker import Checker
from mpr_logic.errors import ProgramError, StoreError
from mpr_logic.language.parser import parse
from mpr_logic.memory.records import Kind, RuleOutcome
from mpr_logic.memory.store import Memory
from tests.helpers.command import mpr
from tests.helpers.stores import (
    BACKENDS,
    DECLARATIONS,
    SHUT,
    episode,
    failures,
    lived,
    location_of,
    memory_at,
    outcomes,
)


@pytest.fixture(params=BACKENDS)
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    """An empty memory that knows the declarations."""
    with memory_at(location_of(request.param, tmp_path)) as found:
        yield found


def kinds(memory: Memory) -> list[str]:
    """The changes of a memory that count, by kind."""
    return [change.kind for change in memory.log() if change.live]


def test_an_episode_is_kept(memory: Memory) -> None:
    """A recorded episode is read back line by line, with its outcome."""
    lines = episode(won=True)
    id = memory.add_episode(json.dumps(line) for line in lines)
    (found,) = memory.episodes()
    assert (found.id, found.task, found.won, found.turns, found.forgotten) == (id, "box_1", True, 1, False)
    assert list(map(json.loads, memory.trajectory(id))) == lines
    assert [each for each, _ in memory.trajectories()] == [id]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["not json"],
        ["[" * 100_000],
        [{"line": "turn", "number": 1}],
        [{"line": "episode", "mpr_trajectory": 2}],
        [{"line": "episode", "mpr_trajectory": 1, "task": 3}],
        [*episode(), {"line": "guess"}],
        [*episode(), *episode()],
    ],
)
def test_what_is_no_episode_is_refused(memory: Memory, lines: list[object]) -> None:
    """Lines that are no trajectory leave nothing behind."""
    with pytest.raises(StoreError):
        memory.add_episode(lines)  # type: ignore[arg-type]
    assert memory.episodes() == []


def test_a_rule_rises_with_its_evidence(memory: Memory) -> None:
    """A model's rule is a candidate, then advice, then law; each step is logged with its cause."""
    taught = lived(memory, 21)
    rule = memory.put(SHUT, episodes=taught, source="reflection: 1", because="{B} is shut")
    assert (rule.status, rule.episodes) == ("candidate", tuple(taught))
    memory.observe(outcomes(rule.id, taught[:5]))
    assert memory.get(rule.id).status == "advice"
    memory.observe(outcomes(rule.id, taught[5:]), "replay")
    assert memory.get(rule.id).status == "law"
    promoted = [change for change in memory.log() if change.kind == "promote"]
    assert [change.to for change in promoted] == ["advice", "law"]
    assert promoted[1].cause.startswith("replay: advice to law, 21 wrong, 0 right")


def test_a_success_makes_a_law_fall(memory: Memory) -> None:
    """One recorded success is enough: the law is advice again, and the log says why."""
    taught, later = lived(memory, 500), memory.add_episode(episode(won=True))
    rule = memory.put(SHUT, episodes=taught)
    memory.observe(outcomes(rule.id, taught))
    assert memory.get(rule.id).status == "law"
    memory.observe([RuleOutcome(rule.id, later, 1, wrong=False)], "probe")
    found = memory.get(rule.id)
    assert (found.status, found.contradicted) == ("advice", True)
    assert found.weight < memory.theta
    assert memory.log()[-1].kind == "demote"


def test_a_replay_counts_once(memory: Memory) -> None:
    """An observation that is known, by its rule, episode and turn, is passed over, also under another version
    of the rule."""
    taught = memory.add_episode(episode(tries=7))
    rule = memory.put(SHUT, episodes=[taught])
    assert memory.observe(failures(rule.id, taught, 5)) == 5
    assert memory.observe(failures(rule.id, taught, 7)) == 2
    assert (memory.get(rule.id).trials, memory.get(rule.id).wrong) == (7, 1)


def test_a_preference_is_borne_out_by_success(memory: Memory) -> None:
    """Of a prefer rule successes raise the weight; it is never law."""
    taught = lived(memory, 40, action="open", won=True)
    rule = memory.put("prefer open(B) :- shut(B).", episodes=taught)
    memory.observe(outcomes(rule.id, taught, wrong=False))
    found = memory.get(rule.id)
    assert found.weight > 0.9
    assert (found.status, found.contradicted) == ("advice", False)


def test_equal_rules_are_one(memory: Memory) -> None:
    """A rule in the same canonical form is the same rule, taught by one more episode."""
    first, second = (memory.add_episode(episode()) for _ in range(2))
    rule = memory.put("forbid take(B) :- shut(B), heavy(B).", episodes=[first])
    again = memory.put("forbid take(X) :- heavy(X), shut(X).", kind="induced", episodes=[second])
    assert again.id == rule.id
    assert again.episodes == (first, second)
    assert len(memory.rules()) == 1
    assert "merge" in kinds(memory)


@pytest.mark.parametrize("kind", ["model", "induced"])
@pytest.mark.parametrize(
    "text",
    [
        "permit take(B) :- shut(B).",
        "@overrides(closed) forbid take(B) :- shut(B).",
        "heavy(B) :- shut(B).",
        "shut(box_1).",
        "take(B) causes heavy(B).",
        ".decl more(b: symbol)",
        f"{SHUT} permit take(B) :- shut(B).",
        "",
    ],
)
def test_what_only_a_person_may_write(memory: Memory, kind: Kind, text: str) -> None:
    """A learned rule never permits, overrides, derives or declares, and is one rule."""
    with pytest.raises(StoreError):
        memory.put(text, kind=kind)
    assert memory.rules() == []


def test_a_learned_rule_says_nothing_of_itself(memory: Memory) -> None:
    """A weight, an id and marks that a model writes are ignored; its texts are kept."""
    mine = memory.put('@id(mine) @because("shut") forbid open(B) :- shut(B).', kind="hand")
    rule = memory.put('@id(mine) @evidence(model, 99, 0) @because("no") 1 :: forbid take(B) :- shut(B).')
    assert rule.id != mine.id
    assert rule.text == f"@because(no)\n{SHUT}"
    assert rule.status == "candidate"
    assert memory.get(mine.id) == mine


@pytest.mark.parametrize(
    "text", ["forbid take(B) :-", "forbid take(B) :- gone(B).", "forbid take(B) :- not at(B, P), P > 1."]
)
def test_a_rule_that_is_none_is_refused(memory: Memory, text: str) -> None:
    """A rule is parsed, typed and checked before it is taken, and its diagnostics are raised."""
    with pytest.raises(ProgramError):
        memory.put(text)
    assert memory.rules() == []


def test_no_learned_rule_touches_a_written_one(memory: Memory) -> None:
    """It cannot supersede one, change an equal one, or bring back what a person changed or removed."""
    written = memory.put(f"@id(shut) 0.95 :: {SHUT}", kind="hand")
    other = memory.put("forbid take(B) :- heavy(B).")
    with pytest.raises(StoreError, match="hand-written"):
        memory.supersede("shut", other.id, "better")
    assert memory.put(SHUT, because="no").id == "shut"
    assert memory.get("shut") == written
    memory.put("@id(shut) forbid take(B) :- shut(B), heavy(B).", kind="hand")
    assert memory.put(SHUT).id == "shut"
    memory.remove("shut", "no good")
    assert memory.put(SHUT).status == "forgotten"
    assert [rule.id for rule in memory.rules(("candidate", "advice", "law"))] == [other.id]


def test_evidence_does_not_touch_a_written_rule(memory: Memory) -> None:
    """A person's weight is a person's: a success shows as a contradiction, and what it would give."""
    taught = lived(memory, 99, won=True)
    written = memory.put(SHUT, kind="hand")
    memory.observe(outcomes(written.id, taught, wrong=False))
    found = memory.get(written.id)
    assert (found.weight, found.status, found.contradicted) == (1.0, "law", True)
    assert found.belief < 0.5


def test_forgetting_takes_the_evidence_along(memory: Memory) -> None:
    """A forgotten episode leaves its row alone: no text, no evidence, no rule that only it taught."""
    kept = memory.add_episode(episode(tries=3))
    gone = memory.add_episode(episode("box_2", cites="shut", tries=30))
    both = memory.put(SHUT, episodes=[kept, gone])
    only = memory.put("forbid take(B) :- heavy(B).", episodes=[gone])
    memory.refuse("forbid everything.", "it is no rule", episode=gone)
    others = lived(memory, 19)
    memory.observe([*failures(both.id, kept, 3), *failures(both.id, gone, 30), *failures(only.id, gone, 9)])
    memory.observe(outcomes(both.id, others))
    assert (memory.get(both.id).wrong, memory.get(both.id).status) == (21, "law")
    assert memory.citations("shut")
    memory.forget(gone)
    assert (memory.get(both.id).wrong, memory.get(both.id).episodes) == (20, (kept,))
    assert memory.get(both.id).status == "advice"
    assert memory.get(only.id).status == "forgotten"
    assert memory.refused() == []
    assert memory.citations("shut") == []
    assert [each.id for each in memory.episodes() if each.forgotten] == [gone]
    for use in (memory.trajectory, memory.forget):
        with pytest.raises(StoreError, match="forgotten"):
            use(gone)
    revision = memory.stats()["revision"]
    memory.rollback(revision - 3)
    assert memory.get(both.id).wrong == 20
    assert memory.put("forbid take(B) :- heavy(B).", episodes=[kept]).status == "candidate"


def test_a_superseded_rule_counts_for_nothing(memory: Memory) -> None:
    """It is kept with the rule in its place, and is not exported."""
    old, new = memory.put("forbid take(B) :- shut(B), heavy(B)."), memory.put(SHUT)
    memory.supersede(old.id, new.id, "more general")
    found = memory.get(old.id)
    assert (found.status, found.by) == ("superseded", new.id)
    assert old.id not in memory.export()
    with pytest.raises(StoreError):
        memory.supersede(new.id, old.id, "round in a circle")


def test_rollback(memory: Memory) -> None:
    """All after a revision is taken back, but episodes; and a rollback can be taken back itself."""
    first = memory.add_episode(episode(tries=30))
    rule = memory.put(SHUT, episodes=[first])
    before, revision = memory.rules(), memory.stats()["revision"]
    memory.observe(failures(rule.id, first, 30))
    later = memory.put("forbid take(B) :- heavy(B).")
    memory.refuse("?", "no rule")
    after, middle = memory.rules(), memory.stats()["revision"]
    second = memory.add_episode(episode())
    memory.rollback(revision, "it was better then")
    assert memory.rules() == before
    assert memory.refused() == []
    assert [each.id for each in memory.episodes()] == [first, second]
    with pytest.raises(StoreError):
        memory.get(later.id)
    memory.put("forbid open(B) :- heavy(B).")
    assert memory.observe(failures(rule.id, first, 4)) == 4
    memory.rollback(middle)
    assert memory.rules() == after
    with pytest.raises(StoreError):
        memory.rollback(10**6)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(4))
def test_any_rollback_is_the_state_of_then(memory: Memory, seed: int) -> None:
    """Whatever was done since, rollbacks too, the rules are those of the revision that is named."""
    rng = random.Random(seed)
    episodes = [memory.add_episode(episode(tries=30)) for _ in range(3)]
    other = memory.add_episode(episode(tries=30, won=True, went=True))
    bodies = ["shut(B)", "heavy(B)", "at(B, P)", "not shut(B)"]
    then = {memory.stats()["revision"]: memory.rules()}
    for step in range(25):
        rules = [rule.id for rule in memory.rules() if "take(B)" in rule.text]
        body = ", ".join(sorted({rng.choice(bodies) for _ in range(2)}))
        match rng.choice(["model", "hand", "observe", "observe", "remove", "supersede", "rollback"]):
            case "model":
                memory.put(f"forbid take(B) :- {body}.", episodes=[rng.choice(episodes)])
            case "hand":
                memory.put(f"@id(h{rng.randrange(3)}_{step % 2}) forbid open(B) :- {body}.", kind="hand")
            case "observe" if rules:
                rows = failures(rng.choice(rules), rng.choice(episodes), rng.randrange(1, 30))
                succeeded = RuleOutcome(rows[0].rule, other, step + 1, wrong=False)
                memory.observe([*rows, succeeded] if rng.random() < 0.5 else rows)
            case "remove" if rules:
                memory.remove(rng.choice(rules), "test")
            case "supersede" if rules:
                with contextlib.suppress(StoreError):
                    memory.supersede(rng.choice(rules), rng.choice(rules), "test")
            case "rollback":
                revision = rng.choice([r for r in then if r < memory.stats()["revision"]] or [0])
                memory.rollback(revision)
                assert memory.rules() == then.get(revision, [])
        then[memory.stats()["revision"]] = memory.rules()


def test_refusals_and_contradictions_are_kept(memory: Memory) -> None:
    """A refused text is kept as it is, whatever it holds; so are pairs of rules that disagree."""
    text = "'; DROP TABLE rules; --\x00\ud800 {x} %s :name \u2028"
    memory.refuse(text, "it is no rule")
    assert memory.refused()[0].text == "'; DROP TABLE rules; --\\x00\\ud800 {x} %s :name \u2028"
    one, two = memory.put(SHUT), memory.put("prefer take(B) :- shut(B).")
    memory.contradict(one.id, two.id, "both fire in episode 1")
    assert [(c.rule, c.other) for c in memory.contradictions()] == [(one.id, two.id)]


def test_probes_have_a_budget(memory: Memory) -> None:
    """A version of a rule lets through only so many probes."""
    rule = memory.put(SHUT)
    assert [memory.probe(rule.id, "take(box_1)", budget=2) for _ in range(3)] == [True, True, False]


def test_decisions_that_cite_a_rule(memory: Memory) -> None:
    """The rules that recorded decisions name lead back to the turns."""
    id = memory.add_episode(episode(cites="shut"))
    (found,) = memory.citations("shut")
    assert (found.episode, found.turn, found.action, found.law) == (id, 1, "take(box_1)", True)


def test_what_is_unknown_is_refused(memory: Memory) -> None:
    """Unknown rules and episodes are errors that name them, and nothing is written."""
    before = memory.stats()
    rule = "nowhere"
    for use in (memory.get, lambda r: memory.remove(r, "no"), lambda r: memory.observe(failures(r, 1, 1))):
        with pytest.raises(StoreError, match="nowhere"):
            use(rule)
    with pytest.raises(StoreError, match="episode 7"):
        memory.put(SHUT, episodes=[7])
    assert memory.stats() == before


def test_declarations_must_agree(memory: Memory) -> None:
    """Declared again it is the same; declared otherwise it is refused."""
    memory.declare(Checker.from_text(DECLARATIONS).program)
    assert memory.stats()["revision"] == 1
    with pytest.raises(ProgramError, match="shut"):
        memory.import_(".decl shut(b: symbol, p: symbol)")


def test_newer_attributes_stand(memory: Memory) -> None:
    """Of declarations that differ in their attributes alone the newer stands; a clash says how to mend it."""
    memory.import_('.decl shut(b: symbol) input changed_by("porter")')
    assert '.decl shut(b: symbol) input changed_by("porter")' in memory.declarations()
    program = Checker.from_text(".decl shut(b: int)\n.decl lit(p: symbol)").program
    with pytest.raises(ProgramError) as caught:
        memory.declare(program)
    (clash,) = caught.value.diagnostics
    assert clash.code == "E0208"
    assert clash.span.line == 1
    assert ".decl shut(b: symbol) input" in clash.help
    assert "another memory" in clash.help
    assert "lit" not in memory.declarations()
    memory.import_(".type box <: symbol\n.decl lit(p: box)")
    memory.import_(".decl dim(p: box)")  # a type that the memory has
    with pytest.raises(ProgramError, match="lit"):
        memory.import_(".action lit(p: box)")


def test_the_export_stands_by_itself(memory: Memory) -> None:
    """An export declares a relation as filled by the host if recorded turns observe it and no exported rule
    fills it."""
    lines = episode()
    lines[1]["added"] = ["shut(box_1)", "0.5 :: heavy(box_1)", "not at(box_1, shelf)"]
    memory.add_episode(lines)
    memory.import_(f"{SHUT} forbid open(B) :- heavy(B). heavy(box_1).")
    text = memory.export(declarations=True)
    assert ".decl shut(b: symbol) input\n" in text
    assert ".decl heavy(b: symbol)\n" in text
    assert ".decl shut(b: symbol)\n" in memory.declarations()
    modules = [parse(text)]
    assert not vet(analyse(modules), None, modules)
    memory.import_(text)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "old",
    [
        ".decl item(list: any, value: any)",
        ".decl now(t: int)\n.decl item(list: any, value: any)",
        ".decl list_length(list: any, length: int)",
        ".action field(name: symbol)",
    ],
)
def test_declarations_of_an_earlier_version(tmp_path: Path, old: str) -> None:
    """A memory that declares what is built in now still opens; the built-in forms stand, and that is said."""
    path = tmp_path / "old.db"
    with pytest.MonkeyPatch.context() as earlier:
        for name in list(BUILT_IN):
            earlier.delitem(cast("dict[str, Signature]", BUILT_IN), name)
        with memory_at(path) as memory:
            memory.import_(f"{old}\n{SHUT}")
    with Memory.open(path) as memory:
        assert "shut" in memory.declarations()
        assert "item" not in memory.declarations()
        Checker.from_text(memory.export(declarations=True))
    done = mpr("memory", "export", str(path), "--declarations")
    assert done.status == 0
    assert ("older form" in done.err) is ("list_length" not in old)
    with Memory.open(path) as memory:
        memory.declare(Checker.from_text(".decl lit(p: symbol)").program)
    assert not mpr("memory", "export", str(path)).err


def test_the_export_is_a_program(memory: Memory) -> None:
    """A checker takes the exported text, and rejects by it."""
    taught = lived(memory, 30)
    rule = memory.put(SHUT, because="{B} is shut", episodes=taught)
    memory.observe(outcomes(rule.id, taught))
    checker = Checker.from_text(memory.export(declarations=True))
    checker.update(add=["shut(box_1)"])
    decision = checker.check("take(box_1)")
    assert [reason.text for reason in decision.reasons] == ["box_1 is shut"]
    assert decision.reasons[0].rule is not None
    assert decision.reasons[0].rule.id == rule.id
