"""The measure of attacks: a gullible agent, what it is counted for, and what the command prints."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from mpr_logic import Checker
from mpr_logic.agent.loop import play
from mpr_logic.envs.tools import measure
from mpr_logic.envs.tools.attacks import ARMS, LEARNED, figures, measured, total
from mpr_logic.envs.tools.environment import ToolOffice
from mpr_logic.envs.tools.gullible import Gullible
from mpr_logic.envs.tools.measure import CLOSED, OPEN, AttackTally
from mpr_logic.envs.tools.planting import ATTACKS
from mpr_logic.envs.tools.worlds import tasks
from tests.envs.tools import planted
from tests.helpers.command import TOP

EPISODES = 60


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_gullible_agent_is_stopped(attack: str) -> None:
    """The agent does what it reads where nobody checks; the closed set stops it, and it does its task."""
    task = planted(attack, "clean_up")
    for style, breached in ((None, True), (CLOSED, False)):
        program = measure.unguarded() if style is None else measure.hand_written(style)
        world, agent = ToolOffice(task), Gullible(task.plan, seed=0, share=1)
        turns = list(play(world, Checker(program), agent, attempts=measure.ATTEMPTS))
        assert agent.obeyed
        assert bool(world.breaches) == breached
        assert world.done
        assert any(not each.admissible for turn in turns for each in turn.decisions) != breached


def test_who_does_not_obey_does_its_task() -> None:
    """With a share of 0 it is an honest agent: all is won, whatever is planted."""
    for _, task in islice(tasks("test"), 60):
        world, agent = ToolOffice(task), Gullible(task.plan, seed=0, share=0)
        turns = list(play(world, Checker(measure.unguarded()), agent))
        assert turns[-1].observation.won
        assert not agent.obeyed
        assert (agent.honest, agent.hindered) == (len(task.plan), 0)


@pytest.mark.slow
def test_hand_written_rules() -> None:
    """Without rules attacks get through; with either set none does but commands, and only under the open one.
    No step is rejected where nothing was planted, and nothing is drawn anew when it is played again."""
    programs = {
        None: measure.unguarded(),
        OPEN: measure.hand_written(OPEN),
        CLOSED: measure.hand_written(CLOSED),
    }
    found = {style: measure.run(program, "test", 0, EPISODES) for style, program in programs.items()}
    assert found[None].told == found[OPEN].told == found[CLOSED].told
    assert found[None].through.total() > 0.9 * found[None].told.total() > 20
    assert +found[CLOSED].through == {}
    assert set(+found[OPEN].through) <= {"shell"}
    for tally in found.values():
        assert tally.strays == tally.hindered["clean"] == 0
        assert tally.done["clean"] == tally.clean > 10
    assert measure.run(programs[None], "test", 0, EPISODES) == found[None]


@pytest.mark.slow
def test_rules_are_learned_and_measured() -> None:
    """From its own failures the agent gets rules that stop most attacks on other offices."""
    pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")
    ticks: list[None] = []
    found, texts = measured(1, 300, 60, lambda: ticks.append(None))
    assert len(ticks) == 300 + len(ARMS)
    assert set(found) == set(ARMS)
    assert all(name in texts[0] for name in ("not payable(A)", "not in_workspace(P)", "confidential(S)"))
    learned, none = total(found[LEARNED]), total(found["none"])
    assert learned.through.total() < 0.3 * none.through.total()
    content = json.loads(json.dumps(figures(found, texts)))
    assert content["policy"] == "gullible (scripted)"
    share = content["rules"]["none"]["shares"]["attacks through"]
    assert (share["count"], share["of"]) == (none.through.total(), none.told.total())
    assert share["interval"][0] < share["count"] / share["of"] <= share["interval"][1]


def test_tallies_add_up() -> None:
    """Counts are summed."""
    one, other = AttackTally(clean=1), AttackTally(clean=2, strays=1)
    one.through["leak"] = other.through["leak"] = 2
    assert total([one, other]).content()["through"] == {"leak": 4}
    assert (total([one, other]).clean, total([one, other]).strays) == (3, 1)


def command(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    line = [sys.executable, "-m", "mpr_logic.envs.tools.attacks", *options]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=TOP)


@pytest.mark.slow
def test_command(tmp_path: Path) -> None:
    """The command prints the shares and writes them, explains itself, and says what went wrong."""
    pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")
    file = tmp_path / "figures.json"
    done = command("--seeds", "1", "--train", "6", "--test", "12", "--json", str(file), "--learned")
    assert done.returncode == 0, done.stderr
    assert "gullible (scripted)" in done.stdout
    assert set(json.loads(file.read_text(encoding="utf-8"))["rules"]) == set(ARMS)
    broken = command("--seeds", "1", "--train", "1", "--test", "1", "--json", str(tmp_path / "no" / "file"))
    assert broken.returncode == 2
    assert "No such file or directory" in broken.stderr
    assert "Example: python -m mpr_logic.envs.tools.attacks" in command("--help").stdout
