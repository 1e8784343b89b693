"""The client talks HTTP to a server that does all that servers do, and ends in an answer or a ModelError."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from mpr_logic.errors import ModelError
from mpr_logic.models import clients
from mpr_logic.models.clients import LONGEST, Client, Completion
from mpr_logic.models.grammars import Chars, Grammar, choice, lark_text
from tests.helpers.model_server import (
    USAGE,
    Reply,
    Server,
    called,
    chat,
    chat_json,
    dropped,
    message,
    piece,
    plain,
    raw,
    response,
    serving,
    slow,
    status,
    stream,
)

pytestmark = pytest.mark.process

pytest.importorskip("openai", reason="needs the extra: pip install 'mpr-logic[models]'")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server, key or model of whoever runs the tests."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "MPR_MODEL"):
        monkeypatch.delenv(name, raising=False)


def client_of(server: Server, **options: Any) -> Client:
    """A client of a server that gives up soon."""
    return Client("m", base_url=server.url, **({"timeout": 60.0, "retries": 2} | options))


def test_a_chat_completion() -> None:
    """The prompt goes out as one message; the text, the tokens and the cost come back."""
    with serving(chat("open(fridge_1)")) as server:
        client = client_of(server, prices=(1.0, 10.0))
        assert client.complete("What now?", max_tokens=7) == [Completion("open(fridge_1)", 100, 20)]
    ((path, body),) = server.asked
    assert path == "/v1/chat/completions"
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "What now?"}],
        "temperature": 0.0,
        "max_completion_tokens": 7,
    }
    usage = client.usage
    assert (usage.requests, usage.cached, usage.prompt_tokens, usage.completion_tokens) == (1, 0, 100, 20)
    assert usage.cost == pytest.approx(0.0003)
    assert usage.seconds > 0


def test_a_response() -> None:
    """The responses API is another path, and another form of the answer."""
    with serving(response(message("wait"))) as server:
        assert client_of(server, api="responses").complete("What now?") == [Completion("wait", 100, 20)]
    ((path, body),) = server.asked
    assert path == "/v1/responses"
    assert body["input"] == "What now?"
    assert body["max_output_tokens"] == 512
    assert body["store"] is False


def test_an_answer_that_was_cut() -> None:
    """Both APIs say where an answer came to the limit of its tokens."""
    with serving(chat("ope", finish="length"), response(message("ope"), status="incomplete")) as server:
        assert not client_of(server).complete("?")[0].finished
        assert not client_of(server, api="responses").complete("?")[0].finished


def test_the_environment_names_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Base URL, key and model come from the usual variables where they are not given."""
    with serving(chat("yes")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("MPR_MODEL", "from-outside")
        assert Client().complete("?")[0].text == "yes"
    assert server.asked[0][1]["model"] == "from-outside"


def test_what_is_missing_is_said() -> None:
    """Without a model, or without a key for OpenAI's own server, nothing is asked."""
    with pytest.raises(ModelError, match="set MPR_MODEL"):
        Client(base_url="http://127.0.0.1:1/v1")
    with pytest.raises(ModelError, match="set OPENAI_API_KEY"):
        Client("m")


def test_samples_are_requests_of_their_own() -> None:
    """Not every server takes n > 1: each sample is asked for by itself, with a seed of its own."""
    with serving(chat("a"), chat("b")) as server:
        answers = client_of(server, seed=7).complete("?", n=2, temperature=0.8)
    assert [a.text for a in answers] == ["a", "b"]
    assert [body["seed"] for _, body in server.asked] == [7, 8]
    assert all("n" not in body for _, body in server.asked)


def test_extra_keys() -> None:
    """A key is added, or taken away, for a server that wants it so."""
    with serving(chat("a")) as server:
        client_of(server, extra={"temperature": None, "reasoning_effort": "low"}).complete("?")
    assert "temperature" not in server.asked[0][1]
    assert server.asked[0][1]["reasoning_effort"] == "low"


# -- constraints

PICK = choice(["open(fridge_1)", "wait"])


def test_a_grammar_as_a_custom_tool() -> None:
    """OpenAI's APIs take Lark text in a custom tool, and the answer is what the tool is called with."""
    item = {"type": "custom_tool_call", "name": "answer", "call_id": "c", "input": "wait"}
    with serving(called("wait"), response(item)) as server:
        assert client_of(server, constraint="tool").complete("?", PICK)[0].text == "wait"
        assert client_of(server, constraint="tool", api="responses").complete("?", PICK)[0].text == "wait"
    (_, first), (_, second) = server.asked
    tool = first["tools"][0]["custom"]
    assert tool["format"]["grammar"] == {"syntax": "lark", "definition": lark_text(PICK)}
    assert first["tool_choice"] == {"type": "custom", "custom": {"name": tool["name"]}}
    form = second["tools"][0]["format"]
    assert form == {"type": "grammar", "syntax": "lark", "definition": lark_text(PICK)}
    assert second["tool_choice"] == {"type": "custom", "name": tool["name"]}


def test_a_grammar_for_llama() -> None:
    """llama.cpp takes GBNF beside the other keys; any server but OpenAI's is told so."""
    with serving(chat("wait")) as server:
        client_of(server).complete("?", PICK)
        client_of(server, constraint="none").complete("?", PICK)
    assert server.asked[0][1]["grammar"] == 'root ::= "open(fridge_1)" | "wait"\n'
    assert "grammar" not in server.asked[1][1]


def test_a_choice_as_a_schema() -> None:
    """A choice goes out as a JSON schema where asked so; a grammar that is more than a choice does not."""
    text = json.dumps({"answer": "wait"})
    more = Grammar({"start": ((Chars("a-z", 1, 3),),)})
    with serving(chat(text), response(message(text)), chat("abc")) as server:
        client = client_of(server, constraint="schema")
        assert client.complete("?", PICK)[0].text == "wait"
        other = client_of(server, constraint="schema", api="responses")
        assert other.complete("?", PICK)[0].text == "wait"
        assert client.complete("?", more)[0].text == "abc"
    form = server.asked[0][1]["response_format"]["json_schema"]["schema"]
    assert form["properties"]["answer"]["enum"] == ["open(fridge_1)", "wait"]
    assert server.asked[1][1]["text"]["format"]["schema"] == form
    assert "response_format" not in server.asked[2][1]


# -- trouble

TROUBLE: dict[str, Reply] = {
    "an error of the server": status(500),
    "an overloaded server": status(503),
    "a rate limit": status(429, retry_after_ms="20"),
    "a rate limit with a date in seconds": status(429, Retry_After="1", retry_after_ms=""),
    "a dropped connection": dropped,
    "no JSON": raw(b"<html>busy</html>", "text/html"),
    "broken JSON": raw(b'{"choices": ['),
    "no choices": plain({"choices": []}),
    "another form": plain({"error": "busy"}),
    "a number": plain(5),
    "a text that is none": plain(chat_json({"content": 5}, "stop")),
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE.keys())
def test_what_passes_is_tried_again(trouble: Reply) -> None:
    """After trouble that may pass, the request is sent again, and the answer is the second one's."""
    with serving(trouble, chat("yes")) as server:
        client = client_of(server)
        assert client.complete("?")[0].text == "yes"
    assert len(server.asked) == 2
    assert client.usage.requests == 1


LASTING: list[tuple[Reply, str, int]] = [
    (status(500, "out of memory"), "status 500: .*out of memory", 2),
    (status(429, "slow down"), "too many requests.*slow down", 2),
    (status(401), "refuses the key", 1),
    (status(404, "no such model"), "knows no model `m`.*no such model", 1),
    (status(400, "bad grammar\x1b[2J"), r"status 400: .*bad grammar", 1),
    (dropped, "broke off|cannot be reached", 2),
    (raw(b"<html>"), "broke off or is not JSON", 2),
    (plain({"choices": []}), "not one of the chat API", 2),
]


@pytest.mark.parametrize(("trouble", "said", "requests"), LASTING, ids=[said for _, said, _ in LASTING])
def test_what_lasts_is_our_error(trouble: Reply, said: str, requests: int) -> None:
    """A lasting trouble ends in an error that says what is wrong; one that cannot pass is not tried again."""
    with serving(trouble) as server:
        client = client_of(server, retries=1, api_key="secret-key")
        with pytest.raises(ModelError, match=said) as caught:
            client.complete("?")
    assert len(server.asked) == requests
    assert "secret-key" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_silence() -> None:
    """A server that says nothing for too long is asked again; and then that is said."""
    asked, answers = threading.Semaphore(0), threading.Event()
    with serving(slow(asked, answers)) as server:
        with pytest.raises(ModelError, match="did not answer in time"):
            client_of(server, timeout=0.2, retries=1).complete("?")
        assert asked.acquire(timeout=60)
        assert asked.acquire(timeout=60)
        answers.set()
    assert len(server.asked) == 2


def test_no_server() -> None:
    """An error says that nobody listens, and names the address."""
    with serving(chat("")) as server:
        pass
    with pytest.raises(ModelError, match=r"127\.0\.0\.1.* cannot be reached"):
        client_of(server, retries=0).complete("?")


def test_an_answer_of_a_megabyte() -> None:
    """A huge answer is cut, and does not count as finished."""
    with serving(chat("x" * 1_000_000)) as server:
        (answer,) = client_of(server).complete("?")
    assert (len(answer.text), answer.finished) == (LONGEST, False)


# -- streams


def test_a_stream() -> None:
    """Pieces are put together, of a text as of a tool's input; the tokens come at the end."""
    usage = {"choices": [], "usage": USAGE}
    text = stream(piece("open(fri"), piece("dge_1)"), piece(finish="stop"), usage, b"[DONE]")
    tool = stream(piece(call="wa"), piece(call="it"), piece(finish="tool_calls"), usage, b"[DONE]")
    with serving(text, tool) as server:
        client = client_of(server, stream=True)
        assert client.complete("?") == [Completion("open(fridge_1)", 100, 20)]
        assert client.complete("?")[0].text == "wait"
    assert server.asked[0][1]["stream_options"] == {"include_usage": True}


def test_a_stream_of_the_responses_api() -> None:
    """Its pieces are events of other kinds."""
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {}},
        {"type": "response.output_text.delta", "delta": "wa"},
        {"type": "response.output_text.delta", "delta": "it"},
        {"type": "response.completed", "response": {"usage": {"input_tokens": 3, "output_tokens": 2}}},
    ]
    with serving(stream(*events)) as server:
        client = client_of(server, stream=True, api="responses")
        assert client.complete("?") == [Completion("wait", 3, 2)]


def test_an_endless_stream_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that says too much, or too slowly, is left; what has come is there, and not finished."""
    with serving(stream(*[piece("x" * 1000)] * 1000)) as server:
        (long,) = client_of(server, stream=True).complete("?")
    assert (len(long.text), long.finished) == (LONGEST, False)
    with serving(stream(*[piece("x")] * 100)) as server:
        client = client_of(server, stream=True, timeout=60.0)
        # a second passes from each look at the clock to the next
        monkeypatch.setattr(clients, "time", SimpleNamespace(monotonic=count().__next__))
        (late,) = client.complete("?")
    assert 0 < len(late.text) < 100
    assert not late.finished


@pytest.mark.parametrize("trouble", [stream(piece("x")), stream(b"{"), stream({"choices": 5}), dropped])
def test_a_broken_stream_is_tried_again(trouble: Reply) -> None:
    """A stream that ends before the answer does, or is none, is asked for again."""
    with serving(trouble, stream(piece("yes"), piece(finish="stop"))) as server:
        assert client_of(server, stream=True).complete("?")[0].text == "yes"
    assert len(server.asked) == 2


# -- several threads


def test_threads_share_a_client() -> None:
    """A client counts each request of several threads once."""
    with serving(chat("yes")) as server:
        client = client_of(server)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: client.complete(f"{number}?")[0].text, range(40)))
    assert answers == ["yes"] * 40
    assert client.usage.requests == 40
    assert client.usage.prompt_tokens == 4000
