"""Answers on disk: a request that was answered is not sent again, whoever shares the folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.errors import ModelError
from mpr_logic.models.clients import Cache, Client
from tests.helpers.command import TOP
from tests.helpers.model_server import chat, plain, serving

pytestmark = pytest.mark.process

pytest.importorskip("openai", reason="needs the extra: pip install 'mpr-logic[models]'")

REQUEST = {"body": {"model": "m", "temperature": 0.5}, "sample": 0}


def asked(folder: Path, url: str, prompt: str = "?", n: int = 1, **options: Any) -> tuple[list[str], Client]:
    """Return the answers that a new client with a cache in ``folder`` gets, and the client."""
    client = Client("m", base_url=url, cache=Cache(folder), retries=0, **options)
    return [answer.text for answer in client.complete(prompt, n=n)], client


def test_a_hit_makes_no_request(tmp_path: Path) -> None:
    """The same request is answered from the disk: no server is needed, and nothing is paid."""
    with serving(chat("yes")) as server:
        first, client = asked(tmp_path, server.url, prices=(1.0, 1.0))
    assert len(server.asked) == 1
    again, later = asked(tmp_path, server.url, prices=(1.0, 1.0))  # nobody listens there any more
    assert first == again == ["yes"]
    assert (client.usage.requests, client.usage.cached) == (1, 0)
    assert (later.usage.requests, later.usage.cached, later.usage.cost) == (0, 1, 0.0)
    with pytest.raises(ModelError, match="cannot be reached"):
        asked(tmp_path, server.url, "another?")


def test_further_samples_are_asked_for(tmp_path: Path) -> None:
    """A client that wants three samples and has two of them asks for one."""
    with serving(chat("a"), chat("b"), chat("c")) as server:
        assert asked(tmp_path, server.url, n=2)[0] == ["a", "b"]
        assert asked(tmp_path, server.url, n=3)[0] == ["a", "b", "c"]
    assert len(server.asked) == 3


def test_other_requests_of_the_server(tmp_path: Path) -> None:
    """The cache keeps answers to requests beside the API too."""
    with serving(plain({"tokens": [1]})) as server:
        client = Client("m", base_url=server.url, cache=Cache(tmp_path))
        assert [client.post("/tokenize", {"content": "a"}) for _ in range(2)] == [{"tokens": [1]}] * 2
    assert [path for path, _ in server.asked] == ["/tokenize"]


def test_keys_are_not_kept(tmp_path: Path) -> None:
    """The key of the server stands in no file."""
    with serving(chat("yes")) as server:
        asked(tmp_path, server.url, api_key="secret-key")
    (file,) = tmp_path.rglob("*.json")
    assert "secret-key" not in file.read_text()
    assert json.loads(file.read_text())["answer"]["text"] == "yes"


@pytest.mark.parametrize(
    "text", ["", "{", "5", "{}", '{"request": 1, "answer": {}}', "\x00" * 100, "[" * 99999]
)
def test_a_damaged_file_is_no_answer(tmp_path: Path, text: str) -> None:
    """A file that cannot be read is asked for again, and made anew."""
    with serving(chat("yes")) as server:
        asked(tmp_path, server.url)
        (file,) = tmp_path.rglob("*.json")
        file.write_text(text)
        assert asked(tmp_path, server.url)[0] == ["yes"]
        assert asked(tmp_path, server.url)[0] == ["yes"]
    assert len(server.asked) == 2


def test_an_edited_answer_is_no_answer(tmp_path: Path) -> None:
    """A cached value that does not have the form of an answer is asked for again."""
    with serving(chat("yes")) as server:
        asked(tmp_path, server.url)
        (file,) = tmp_path.rglob("*.json")
        kept = json.loads(file.read_text())
        kept["answer"]["text"] = 5
        file.write_text(json.dumps(kept))
        assert asked(tmp_path, server.url)[0] == ["yes"]


@given(st.text(), st.text())
def test_any_text_may_be_kept(tmp_path_factory: pytest.TempPathFactory, prompt: str, answer: str) -> None:
    """Texts come back as they were, and none of them becomes the name of a file."""
    folder = tmp_path_factory.mktemp("cache")
    request = REQUEST | {"prompt": prompt}
    Cache(folder).put(request, {"text": answer})
    assert Cache(folder).get(dict(reversed(request.items()))) == {"text": answer}
    assert Cache(folder).get(request | {"sample": 1}) is None
    (file,) = folder.rglob("*.json")
    assert len(file.name) == 69


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """That is said, with the folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="name another folder"):
        Cache(tmp_path / "file").put(REQUEST, {})


WRITER = """
import sys
from mpr_logic.models.clients import Cache
cache = Cache(sys.argv[1])
for number in range(200):
    request = {"number": number % 10}
    found = cache.get(request)
    assert found is None or found == {"text": "x" * 20000 + str(number % 10)}, found
    cache.put(request, {"text": "x" * 20000 + str(number % 10)})
"""


def test_processes_share_a_folder(tmp_path: Path) -> None:
    """Several processes that write and read the same answers never see half of one."""
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], cwd=TOP, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for each in running:
        _, said = each.communicate(timeout=300)
        assert each.returncode == 0, said.decode()
    assert len(list(tmp_path.rglob("*.json"))) == 10
    assert not list(tmp_path.rglob("*.tmp"))
