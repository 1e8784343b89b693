"""A model as a player, behind a real server on loopback whose answers are scripted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("openai", reason="needs the extra: pip install 'mpr-logic[models]'")
pytest.importorskip("pydantic", reason="needs the extra: pip install 'mpr-logic[experiments]'")

from mpr_logic.experiments.arms import Arm, play_all
from mpr_logic.experiments.executors import Here
from mpr_logic.experiments.experiment import read_experiment
from mpr_logic.experiments.methods import METHODS
from mpr_logic.experiments.players import Modelled
from mpr_logic.experiments.results import read_results
from mpr_logic.experiments.running import Runner
from mpr_logic.experiments.training import chunks
from mpr_logic.memory.store import Memory
from tests.helpers.command import TOP, mpr
from tests.helpers.model_server import chat, serving

if TYPE_CHECKING:
    from tests.helpers.model_server import Server

RULE = "Cause: It sent what it had not read.\nRule: forbid send_mail(A, S) :- not has_read(S)."
LESSON = "I will read the report first."


def arm(server: Server, method: str, **options: Any) -> Arm:
    """An arm of the office that this server plays."""
    player = Modelled("scripted", base_url=server.url)
    return Arm("tools", METHODS[method], player, 1, 3, "test", 0, "test", **options)


def test_what_is_asked_is_counted() -> None:
    """Calls and tokens are those of the episode, and what the model writes is what is tried."""
    with serving(chat("read_mail(mail_204)"), chat("nonsense"), chat("read_mail(mail_204)")) as server:
        (first,) = play_all(arm(server, "act only"), [0])
    result = first.result
    assert (result.calls, result.prompt_tokens, result.completion_tokens) == (4, 400, 80)
    assert (result.model, result.steps, result.won) == ("scripted", 3, False)
    actions = [line["action"] for line in first.lines[2:]]
    assert actions == ["read_mail(mail_204)"] * 3


def test_each_episode_is_there_before_the_next_begins() -> None:
    """Of a model each episode is work of its own, which is not done before it is asked for."""
    with serving(chat("read_mail(mail_204)")) as server:
        parts = chunks(Here(), arm(server, "act only"), [0, 1])
        asked = []
        for (played,) in parts:
            asked.append(len(server.asked))
            assert played.result.calls == 3
    assert asked == [3, 6]


def test_reflexion_tries_again_with_its_lesson() -> None:
    """After a lost trial the model writes a lesson, which the next trial's prompts hold."""
    acting = [chat("read_mail(mail_204)")] * 3
    with serving(*acting, chat(LESSON), *acting) as server:
        first, second = play_all(arm(server, "Reflexion", trials=2), [0])
        prompts = [body["messages"][-1]["content"] for _, body in server.asked]
    assert (first.result.round, second.result.round) == (1, 2)
    assert [LESSON in prompt for prompt in prompts] == [False] * 4 + [True] * 3


def test_a_model_reflects_in_an_experiment(tmp_path: Path) -> None:
    """A rule that a model proposes after lost episodes passes the gate and enters the memory as a model's."""
    file = tmp_path / "experiment.toml"
    with serving(chat(RULE)) as server:
        reflector = f'reflector = {{model = "m", base_url = "{server.url}"}}'
        reflector = f"rounds = 1\ninduced = false\nsamples = 1\n{reflector}"
        text = (TOP / "docs" / "examples" / "experiment.toml").read_text()
        text = text.replace("rounds = 2", reflector).replace("tasks = 4", "tasks = 24")
        file.write_text(text.replace("seeds = [1, 2]", "seeds = [1]"))
        Runner(read_experiment(file), tmp_path / "run").go(Here())
    lost = [r for r in read_results(tmp_path / "run" / "results.jsonl") if r.phase == "train" and not r.won]
    assert len(server.asked) == len(lost) > 3
    (path,) = (tmp_path / "run" / "memories").glob("*.db")
    with Memory.open(path) as memory:
        (rule,) = memory.rules()
        assert (rule.kind, rule.text.splitlines()[-1]) == (
            "model",
            "forbid send_mail(A, S) :- not has_read(S).",
        )
        assert "reflection: ep-" in rule.text
        assert rule.episodes


def test_the_commands_take_a_model(tmp_path: Path) -> None:
    """A model plays in training and reflects, and plays in an evaluation."""
    store = str(tmp_path / "m.db")
    options = ("--env", "tools", "--policy", "model", "--model", "m", "--tasks", "1", "--json")
    with serving(*[chat("read_mail(mail_1)")] * 2, *[chat(RULE)] * 4, chat("wait")) as server:
        to = (*options, "--base-url", server.url)
        learned = mpr("learn", store, *to, "--split", "train", "--rounds", "1", "--steps", "2", "--reflect")
        assert learned.status == 1, learned
        assert json.loads(learned.out)["player"] == "m"
        told = mpr("eval", store, *to, "--split", "test", "--steps", "2", "--method", "ReAct")
        assert told.status == 0, told
    rows = json.loads(told.out)["tables"]["success"]
    assert [(row["method"], row["scripted"]) for row in rows] == [("ReAct", False)]
