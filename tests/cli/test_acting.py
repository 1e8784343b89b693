"""Tests of the output of mpr play when a model plays, and when rules of a memory are told and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mpr_logic.checker.loading import load_program
from tests.helpers.boxes import RULES, install
from tests.helpers.command import Done, mpr
from tests.helpers.json_output import answer

pytest.importorskip("openai", reason="needs the extra: pip install 'mpr-logic[models]'")

from tests.helpers.model_server import Handler, Reply, chat, raw, serving, status

WORLD = str(RULES / "1_world.dl")


@pytest.fixture(autouse=True)
def _boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The boxes are an environment that is installed, and no model is set."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MPR_MODEL"):
        monkeypatch.delenv(name, raising=False)


def asked(replies: Sequence[Reply], *options: str) -> tuple[Done, list[dict[str, Any]]]:
    """Let a model play the episode with two boxes; how it ended, and what the server was asked."""
    with serving(*replies) as server:
        server_options = ("--model", "m", "--base-url", server.url)
        done = mpr("play", "--env", "boxes", "--seed", "1", "--policy", "model", *server_options, *options)
    return done, [body for _, body in server.asked]


def prompts(bodies: Sequence[dict[str, Any]]) -> list[str]:
    """The prompts in requests."""
    return [body["messages"][0]["content"] for body in bodies]


def test_a_model_plays() -> None:
    """The actions that the model writes are checked, it is told of a rejection, and its use is counted."""
    done, bodies = asked([chat("take(box_2)"), chat("open(box_2)"), chat("take(box_2)")])
    assert done.status == 0
    assert "boxes/2, played by m (act, writing)\n" in done.out
    assert "  1 ✗ take(box_2)\n        because box_2 is shut: open it first [shut]" in done.out
    assert "    ✓ open(box_2)\n" in done.out
    assert "3 requests, 0 cached, 300 prompt tokens, 60 completion tokens" in done.out
    assert "refused now: take(box_2), because box_2 is shut: open it first" in prompts(bodies)[1]


def test_json() -> None:
    """The object says who played, what was told, and what was used."""
    found = answer(asked([chat("open(box_2)"), chat("take(box_2)")], "--json", "--guide", "whole")[0])
    assert (found["policy"], found["guide"]) == ("model", "whole")
    used = {"requests": 2, "cached": 0, "prompt_tokens": 200, "completion_tokens": 40}
    assert found["usage"] == used
    found = answer(mpr("play", "--env", "boxes", "--policy", "absent-minded", "--json"))
    assert (found["policy"], found["guide"], found["usage"]) == ("absent-minded", "none", None)


def test_what_it_may_choose() -> None:
    """Under a grammar, among what is admitted, it can write nothing else."""
    done, bodies = asked([chat("open(box_2)"), chat("take(box_2)")], "--choose", "grammar", "--admitted")
    assert done.status == 0
    assert "open(box_2)" in bodies[0]["grammar"]
    assert "take" not in bodies[0]["grammar"]
    assert "to choose from: wait, open(box_1), open(box_2)" in prompts(bodies)[0]


def test_style_and_disclosure() -> None:
    """A thought is asked for, and what is told of a rejection, as the options say."""
    replies = [chat("Thought: go.\nAction: take(box_2)"), chat("Thought: well.\nAction: open(box_2)")]
    options = ("--style", "react", "--disclose", "bare", "--steps", "1")
    done, bodies = asked(replies, *options)
    assert "played by m (react, writing)" in done.out
    assert "Thought:" in prompts(bodies)[0]
    assert "refused now: take(box_2)\n" in prompts(bodies)[1]
    _, bodies = asked(replies, "--style", "react", "--disclose", "repair", "--steps", "1")
    # the author of that rule has said nothing of repairs
    assert "refused now: take(box_2), because box_2 is shut: open it first\n" in prompts(bodies)[1]


def test_scores_of_another_server() -> None:
    """A server that offers no scores ends the run: the error says what else to do."""
    done, _ = asked([raw(b"{}")], "--choose", "score", "--json")
    assert done.status == 2
    assert "the server does not score as llama.cpp does" in answer(done)["error"]["message"]


def test_cache(tmp_path: Path) -> None:
    """With --cache nothing is asked twice: the second run asks nobody."""
    with serving(chat("open(box_2)"), chat("take(box_2)")) as server:
        command = ("play", "--env", "boxes", "--seed", "1", "--policy", "model", "--quiet")
        options = ("--model", "m", "--base-url", server.url, "--cache", str(tmp_path / "answers"))
        first, second = mpr(*command, *options), mpr(*command, *options)
    assert len(server.asked) == 2
    assert "2 requests, 0 cached" in first.out
    assert "0 requests, 2 cached" in second.out
    assert first.out.splitlines()[0] == second.out.splitlines()[0]


def test_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key comes out of the environment, by the name that --key-env gives."""
    keys: list[str | None] = []

    def reply(handler: Handler) -> None:
        keys.append(handler.headers["Authorization"])
        chat("wait")(handler)

    monkeypatch.setenv("MY_KEY", "secret")
    done, _ = asked([reply], "--key-env", "MY_KEY", "--steps", "1")
    assert done.status == 1
    assert keys == ["Bearer secret"]
    assert "secret" not in done.out + done.err
    done, bodies = asked([reply], "--key-env", "NO_KEY")
    assert (done.status, bodies) == (2, [])
    assert "--key-env names $NO_KEY, which is not set" in done.err


def test_an_answer_that_will_not_do() -> None:
    """A turn without a usable answer is the fallback's; how many there were is said at the end."""
    done, _ = asked([chat(" "), chat("open(box_2)"), chat("take(box_2)")])
    assert done.status == 0
    assert "✓ open(box_1) (fallback: what the rules prefer)" in done.out
    assert "1 turns were left to the fallback, the last since the model `m` answered nothing" in done.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "no model is named"),
        (("--model", "m"), "needs a key"),
        (("--local", "no.gguf"), "`no.gguf` cannot be read"),
        (("--local", "no.gguf", "--base-url", "http://127.0.0.1:9/v1"), "give one of them"),
        (("--memory", "no.db"), "no.db"),
    ],
)
def test_errors(options: tuple[str, ...], said: str) -> None:
    """The error names the option or the file that is missing, and nothing is played."""
    done = mpr("play", "--env", "boxes", "--policy", "model", *options)
    assert done.status == 2
    assert said in done.err


def test_error_kind() -> None:
    """In JSON a model's error is told from others."""
    found = answer(mpr("play", "--env", "boxes", "--policy", "model", "--json"))
    assert found["error"]["kind"] == "model"
    done, _ = asked([status(401)], "--json")
    assert "refuses the key" in answer(done)["error"]["message"]


def test_a_model_that_does_not_play() -> None:
    """A model that is named while somebody else plays is a mistake."""
    done = mpr("play", "--env", "boxes", "--policy", "preferences", "--model", "m")
    assert done.status == 2
    assert "--policy is preferences: give --policy model" in done.err


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A memory with a law that was learned, and advice."""
    pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")
    from mpr_logic.memory.records import RuleOutcome
    from mpr_logic.memory.store import Memory

    place = tmp_path / "memory.db"
    with Memory.open(place) as memory:
        memory.declare(load_program([RULES]))
        law = memory.put("forbid take(B) :- not opened(B).", because="{B} is shut")
        memory.put("forbid wait :- left(N), N < 99.", because="no time")
        turn = {"line": "turn", "number": 1, "action": "take(box_1)", "succeeded": False}
        for number in range(30):
            first = {"mpr_trajectory": 1, "line": "episode", "task": f"t{number}", "kind": "k"}
            episode = memory.add_episode([first | {"policy": "p", "rules": "v"}, turn])
            memory.observe([RuleOutcome(law.id, episode, 1, wrong=True)])
    return str(place)


def test_memory(store: str) -> None:
    """Laws of a memory are checked, beside the files that are named; its rules are told beforehand."""
    options = (WORLD, "--memory", store)
    done, bodies = asked([chat("take(box_2)"), chat("open(box_2)"), chat("take(box_2)")], *options)
    assert done.status == 0
    assert "✗ take(box_2)\n        because box_2 is shut" in done.out
    told = ":: forbid take(B) :- not opened(B). % {B} is shut"
    assert told in prompts(bodies)[0]
    _, bodies = asked([chat("open(box_2)"), chat("take(box_2)")], *options, "--guide", "none")
    assert told not in prompts(bodies)[0]


def test_what_was_learned_is_open(store: str, tmp_path: Path) -> None:
    """Of a rejection by a learned rule a model is told what would mend it, if that is wanted."""
    effects = tmp_path / "effects.dl"
    effects.write_text("open(B) causes opened(B).", encoding="utf-8")
    options = (WORLD, str(effects), "--memory", store, "--disclose", "repair")
    _, bodies = asked([chat("take(box_2)"), chat("open(box_2)"), chat("take(box_2)")], *options)
    assert "because box_2 is shut; it would do after open(box_2): opened(box_2)\n" in prompts(bodies)[1]


def test_soft_and_hard(store: str) -> None:
    """By what was learned the absent-minded person wins more often when it is told, and always when it is
    checked."""

    def won(*options: str) -> int:
        command = ("play", WORLD, "--env", "boxes", "--policy", "absent-minded", "--memory", store)
        found = answer(mpr(*command, "--episodes", "12", "--json", *options))
        return sum(episode["won"] for episode in found["episodes"])

    assert won("--shadow", "--guide", "none") < won("--shadow") < won("--guide", "none") == won() == 12


def test_a_memory_of_another_world(store: str) -> None:
    """Rules that speak of what the files do not declare are refused, with the place."""
    done = mpr("play", "rules/kitchen/1_world.dl", "--env", "boxes", "--memory", store)
    assert done.status == 2
    assert "relation `opened` is not declared" not in done.err
    assert "action `wait` is not declared" in done.err
