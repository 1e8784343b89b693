"""The report on an experiment: its tables, and what they come to."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("matplotlib", reason="needs: pip install 'mpr-logic[experiments]'")

from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.plots import plots
from mpr_logic.experiments.report import make_report, page
from mpr_logic.experiments.results import Forecast, MethodNote, ModelNote, Result
from tests.experiments.runs import BASE, rows, run, train


def test_fresh_and_cumulative() -> None:
    """A round's fresh share is of that round alone; the cumulative one keeps what was won before."""
    report = make_report(
        run(*train(1, "Abcd"), *train(2, "aBcd"), *train(3, "ABcd"), replace(BASE, won=True))
    )
    found = rows(report, "success", phase="train")
    assert [(row["won"], row["episodes"], row["cumulative_won"], row["pairs"]) for row in found] == [
        (1, 4, 1, 4),
        (1, 4, 2, 4),
        (2, 4, 2, 4),
    ]
    assert [row["cumulative"] for row in found] == [0.25, 0.5, 0.5]
    (test,) = rows(report, "success", phase="test")
    assert (test["rate"], test["cumulative"]) == (1, None)
    assert not report.remarks


def test_rounds_of_different_tasks_are_named() -> None:
    """Rounds of other tasks have fresh shares that cannot be set beside each other: the report says so."""
    report = make_report(run(*train(1, "ABcd"), *train(2, "aCd")))
    assert [row["cumulative"] for row in rows(report, "success")] == [0.5, 0.75]
    said = "mpr did not play the same tasks in all rounds of train (episodes: 4, 3): the fresh shares are"
    assert said in report.remarks[0]


def test_trials_of_the_same_task() -> None:
    """Of a method that tries again what it has not won, the last round is of the hardest tasks: its first
    trial is set beside others, and what any trial has won is named so."""

    def tests(wins: str, round: int, method: str) -> list[Result]:
        return [replace(each, phase="test", split="s") for each in train(round, wins, method=method)]

    trials = [*tests("ABcd", 1, "again"), *tests("Cd", 2, "again"), *tests("d", 3, "again")]
    report = make_report(run(*tests("Abcd", 0, "act"), *trials, *tests("ABCd", 5, "mpr")))
    found = rows(report, "comparisons")
    assert [(row["method"], row["counted"], row["pairs"], row["rate"]) for row in found] == [
        ("again", "first trial", 4, 0.5),
        ("again", "any of 3 trials", 4, 0.75),
        ("mpr", "fresh", 4, 0.75),
    ]
    assert "again, any of 3 trials, won 75.0 % of 4 pairs" in report.summary[2]
    assert "its first round is set beside other methods" in report.remarks[0]
    again = rows(report, "success", method="again")
    assert [(row["standing"], row["cumulative"]) for row in again] == [
        (True, 0.5),
        (False, 0.75),
        (False, 0.75),
    ]
    assert [title for title, _, _ in plots(report)][:2] == [
        "Cumulative success in test, by round",
        "Paired comparisons in test",
    ]
    # as a baseline it counts by its first trial too
    back = make_report(run(*tests("Abcd", 0, "act"), *trials), ["again"])
    assert [row["baseline_rate"] for row in rows(back, "comparisons")] == [0.5]


def test_a_planned_retry_needs_no_win_to_be_known() -> None:
    """The plan says that later rounds were trials of the same tasks, even when all trials failed."""
    results = (*train(1, "ab"), *train(2, "aB"))
    assert not rows(make_report(run(*results)), "success")[0]["retried"]
    planned = make_report(run(*results, methods=(MethodNote("mpr", reflexion=True),)))
    assert rows(planned, "success")[0]["retried"]


def test_seeds_that_played_alike_are_named() -> None:
    """Seeds that change nothing are no evidence of their own: the report says so, and only then."""
    first = [replace(BASE, task=task, steps=n) for n, task in enumerate("abc")]
    again = [replace(each, seed=2) for each in first]
    (remark,) = make_report(run(*first, *again)).remarks
    assert remark.startswith("all seeds of act with m played alike in test")
    assert not make_report(run(*first, *again[:2], replace(again[2], steps=9))).remarks
    assert not make_report(run(*first)).remarks


def test_a_run_into_the_cap() -> None:
    """The step cap is stated; a win beyond it is named."""
    report = make_report(run(replace(BASE, won=True, steps=31), steps=30))
    assert report.measured[0].startswith("An episode is over after 30 steps")
    assert "episodes that were won in more steps than the cap of 30: 1, such as a of act" in report.remarks
    assert make_report(run(BASE)).measured[0].startswith("The step cap is not known")


def test_actions() -> None:
    """Invalid actions are counted of those that reached the world, and of all that were proposed; false
    rejections only where they are known."""
    first = replace(
        BASE, steps=10, invalid=2, proposed=20, rejected=10, false_rejections=1, fallbacks=1, probes=2
    )
    report = make_report(run(first, replace(BASE, seed=2, steps=10, proposed=20, rejected=6)))
    (row,) = report.tables["actions"].rows
    assert (row["invalid_rate"], row["invalid_of_proposed"]) == (0.1, 0.05)
    assert (row["rejected_rate"], row["false_rejection_rate"], row["known_rejections"]) == (0.4, 0.1, 10)
    assert (row["fallbacks"], row["probes"]) == (1, 2)
    (empty,) = make_report(run(replace(BASE, steps=0))).tables["actions"].rows
    assert (empty["invalid_rate"], empty["rejected_rate"], empty["false_rejections"]) == (None, None, None)


def test_costs_and_rules() -> None:
    """Costs are means over episodes; of rules there are the mean and the most."""
    report = make_report(
        run(
            replace(BASE, calls=3, cost=0.5, rules=2, laws=1), replace(BASE, seed=2, calls=1, rules=6, laws=4)
        )
    )
    (costs,), (rules,) = report.tables["costs"].rows, report.tables["rules"].rows
    assert (costs["calls"], costs["cost"], costs["steps"]) == (2, 0.25, 10)
    assert (rules["rules"], rules["laws"], rules["most_rules"], rules["most_laws"]) == (4, 2.5, 6, 4)


def test_marks() -> None:
    """Scripted players and privileged methods are called so, whether the plan or the model's name says it."""
    methods = (MethodNote("hac", privileged=True), MethodNote("act"), MethodNote("bot", scripted=True))
    report = make_report(
        run(
            replace(BASE, method="bot"),
            replace(BASE, method="hac"),
            BASE,
            replace(BASE, model="scripted:forgetful"),
            replace(BASE, model="n"),
            methods=methods,
            models=(ModelNote("m"), ModelNote("n", scripted=True)),
        )
    )
    found = [
        (row["method"], row["model"], row["privileged"], row["scripted"]) for row in rows(report, "success")
    ]
    assert found == [
        ("hac", "m", True, False),
        ("act", "m", False, False),
        ("act", "n", False, True),
        ("act", "scripted:forgetful", False, True),
        ("bot", "m", False, True),
    ]
    assert "hac (privileged)" in page(report)
    assert "bot (scripted)" in page(report)
    assert "Privileged, told what an agent cannot know: hac." in report.measured


def test_a_marked_baseline_is_called_so() -> None:
    """A baseline that was told more, or is scripted, is called so in the summary and in its table."""
    methods = (MethodNote("hac", privileged=True, scripted=True), MethodNote("act"))
    report = make_report(run(replace(BASE, method="hac", won=True), BASE, methods=methods))
    assert "and hac (scripted, privileged) 100.0 %" in report.summary[1]
    table = report.tables["comparisons"]
    assert "hac (scripted, privileged)" in [table.cell(each, table.rows[0]) for each in table.columns]
    assert not table.all_scripted


def test_comparisons_are_of_tests_and_of_one_model() -> None:
    """Methods are compared in the tests, each with the baseline of its own model, in their last rounds."""
    mpr = replace(BASE, method="mpr", round=5, won=True)
    report = make_report(
        run(
            BASE,
            replace(BASE, seed=2),
            replace(BASE, model="n", won=True),
            mpr,
            replace(mpr, seed=2),
            replace(mpr, seed=3),
            replace(mpr, round=1, won=False),
            replace(mpr, model="n"),
            *train(1, "ABC"),
        )
    )
    found = rows(report, "comparisons")
    assert [
        (row["model"], row["round"], row["pairs"], row["left_out"], row["difference"]) for row in found
    ] == [
        ("m", 5, 2, 1, 1),
        ("n", 5, 1, 0, 0),
    ]
    assert report.summary[1].startswith("In test, with m, mpr won 100.0 % of 2 pairs and act 0.0 %")


def test_baselines() -> None:
    """The first planned method is the baseline, others can be named, and an unknown one is refused."""
    results = [replace(BASE, method=each) for each in ("b", "a", "c")]
    planned = run(*results, methods=(MethodNote("c"), MethodNote("a"), MethodNote("b")))
    assert {row["baseline"] for row in make_report(planned).tables["comparisons"].rows} == {"c"}
    assert {row["baseline"] for row in make_report(run(*results)).tables["comparisons"].rows} == {"a"}
    both = make_report(planned, ["a", "b"]).tables["comparisons"].rows
    assert [(row["baseline"], row["method"]) for row in both] == [
        ("a", "c"),
        ("a", "b"),
        ("b", "c"),
        ("b", "a"),
    ]
    with pytest.raises(ExperimentError, match="no episode was played by `d`: the methods are `c`, `a`, `b`"):
        make_report(planned, ["d"])


def test_calibration_is_by_method_and_phase() -> None:
    """The forecasts of all rounds of a phase are taken together."""
    told = (Forecast("r", 0.95, True), Forecast("s", 0.15, False))
    report = make_report(
        run(replace(BASE, forecasts=told), replace(BASE, round=1, forecasts=told[:1]), *train(1, "A"))
    )
    (row,) = report.tables["calibration"].rows
    assert (row["phase"], row["forecasts"]) == ("test", 3)
    assert [
        (each["from"], each["forecasts"], each["share"]) for each in report.tables["reliability"].rows
    ] == [
        (0.1, 1, 0.0),
        (0.9, 2, 1.0),
    ]


episodes = st.builds(
    replace,
    st.just(BASE),
    method=st.sampled_from(["act", "mpr"]),
    seed=st.integers(0, 3),
    phase=st.sampled_from(["train", "test"]),
    round=st.integers(1, 4),
    task=st.sampled_from("abcd"),
    kind=st.sampled_from(["put", "heat"]),
    won=st.booleans(),
    seconds=st.floats(0, 100),
    cost=st.floats(0, 1),
    forecasts=st.lists(st.builds(Forecast, st.just("r"), st.floats(0, 1), st.booleans()), max_size=3).map(
        tuple
    ),
)
runs = st.lists(
    episodes, min_size=1, max_size=40, unique_by=lambda r: (r.method, r.seed, r.phase, r.round, r.task)
)


@given(runs)
def test_cumulative_never_falls(results: list[Result]) -> None:
    """From round to round the cumulative share never falls, and it is never below the fresh count."""
    report = make_report(run(*results))
    for key, of in (("success", ("method",)), ("kinds", ("method", "kind"))):
        before: dict[object, float] = {}
        for row in sorted(rows(report, key, phase="train"), key=lambda row: row["round"]):
            curve = tuple(row[each] for each in of)
            assert row["cumulative"] >= before.get(curve, 0)
            assert row["won"] <= row["cumulative_won"] <= row["pairs"]
            before[curve] = row["cumulative"]


@given(runs, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(results: list[Result], shuffle: random.Random) -> None:
    """The same episodes in another order make the same report."""
    shuffled = list(results)
    shuffle.shuffle(shuffled)
    assert make_report(run(*results)) == make_report(run(*shuffled))


@given(runs)
def test_parts_add_up(results: list[Result]) -> None:
    """The task types of a round have together as many episodes and wins as the round."""
    report = make_report(run(*results))
    for row in rows(report, "success"):
        where = {key: row[key] for key in ("method", "phase", "round")}
        for key in ("episodes", "won"):
            assert sum(each[key] for each in rows(report, "kinds", **where)) == row[key]
