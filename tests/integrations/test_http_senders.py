"""The rights of senders over HTTP: every path with every token, every kind of fact, and how much of the guard
one client may fill."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("httpx")
pytest.importorskip("starlette", reason="needs the extra: pip install 'mpr-logic[serve]'")
pytest.importorskip("prometheus_client", reason="needs the extra: pip install 'mpr-logic[serve]'")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mpr_logic.errors import GuardError, StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.log import DecisionLog
from mpr_logic.integrations.http.app import application
from mpr_logic.integrations.http.clients import Openings, Sender, Tokens, Waiting, host_of
from mpr_logic.integrations.http.endpoints import PATHS
from tests.helpers.command import mpr
from tests.helpers.examples import at_most

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2

RULES = """
.decl internal(address: symbol)
.decl seen(address: symbol) open_world
.decl blocked(address: symbol)
.decl known(address: symbol) input
.decl spent(n: int)
known(A) :- internal(A).
internal("ann@us").
blocked("mallory@us").
spent(0).
.action send(to: symbol)
.action pay(n: int)
@id(outside) forbid send(to: T) :- not known(T).
@id(blocked) forbid send(to: T) :- blocked(T).
@id(twice) forbid send(to: T) :- past send(to: T).
@id(asked) @escalate forbid pay(N) :- N > 100.
send(to: _) causes spent(1).
"""

BODIES: dict[str, Any] = {
    "check": {"tool": "send", "arguments": {"to": "ann@us"}},
    "record": {"id": "none"},
    "answer": {"id": "none", "approved": True},
    "why": {"tool": "send", "arguments": {"to": "ann@us"}},
    "facts": {"add": ['internal("eve@them")']},
    "messages": {"messages": [{"role": "user", "content": "go"}]},
    "end": {"session": "s"},
    "reload": {},
}

# By what the server was given (the agents' token, the operator's), and what a request sends: the paths that
# answer it. What is not answered is refused with 401, or with 403 where nobody may ask.
SAYING, READING = {"answer", "facts", "messages", "end", "reload"}, {"why", "rules", "metrics"}
ASKING, OPEN = {"check", "record"}, {"health"}
ALL = SAYING | READING | ASKING | OPEN
TABLE = [
    ("agent", "op", None, OPEN),
    ("agent", "op", "wrong", OPEN),
    ("agent", "op", "agent", OPEN | ASKING),
    ("agent", "op", "op", ALL),
    ("agent", None, None, OPEN),
    ("agent", None, "wrong", OPEN),
    ("agent", None, "agent", OPEN | ASKING | READING),
    (None, "op", None, OPEN),
    (None, "op", "wrong", OPEN),
    (None, "op", "op", ALL),
    (None, None, None, OPEN | ASKING | READING),
    (None, None, "any", OPEN | ASKING | READING),
]


def client_of(guard: Guard, address: str = "127.0.0.1", **options: Any) -> TestClient:
    """A client, at an address, of an application over a guard."""
    app = application(guard, **options)
    return TestClient(app, base_url="http://127.0.0.1", client=(address, 5000))


def sent(client: TestClient, path: str, token: str | None, body: Any = None) -> httpx2.Response:
    """Send a request with a token, and return the answer."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    if body is None:
        return client.get(f"/{path}", headers=headers)
    return client.post(f"/{path}", json=body, headers=headers)


@pytest.mark.parametrize(("token", "operator", "sends", "answered"), TABLE)
def test_every_path_with_every_token(
    token: str | None, operator: str | None, sends: str | None, answered: set[str]
) -> None:
    """Each path answers just those who may ask it, whatever tokens the server was given."""
    client = client_of(Guard(text=RULES), token=token, operator_token=operator)
    assert {path.name for path in PATHS} == ALL
    for path in PATHS:
        status = sent(client, path.name, sends, BODIES.get(path.name)).status_code
        assert (status in (401, 403)) is (path.name not in answered), path.name
        assert status < 500


def test_two_tokens_in_one_request_are_none() -> None:
    """A request that says twice who it is from is from nobody."""
    client = client_of(Guard(text=RULES), token="agent", operator_token="op")
    for one, other in (("agent", "op"), ("op", "agent"), ("op", "op")):
        headers = [("Authorization", f"Bearer {one}"), ("Authorization", f"Bearer {other}")]
        assert client.post("/facts", json=BODIES["facts"], headers=headers).status_code == 401
    twice = [("Authorization", "Bearer agent"), *[("Content-Type", "application/json")] * 2]
    assert client.post("/check", content="{}", headers=twice).status_code == 415


FACTS = [
    'internal("eve@them")',
    'known("eve@them")',
    'seen("eve@them")',
    'not seen("eve@them")',
    'not blocked("mallory@us")',
    '0.01 :: blocked("mallory@us")',
    '1.0 :: internal("eve@them")',
    'past send("ann@us")',
    'failed send("ann@us")',
    'not past send("ann@us")',
    "spent(-1000)",
    "called(1, send, 0)",
    "now(0)",
    'item("x", 0, "y")',
    'forbid send("ann@us")',
    'permit send("eve@them")',
    'internal(X) :- internal("ann@us"), X = "eve@them".',
    "",
]


@settings(
    max_examples=at_most(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(FACTS) | st.text(max_size=20), min_size=1, max_size=3), st.booleans())
def test_an_agent_states_no_fact(facts: list[str], succeeded: bool) -> None:
    """Whatever fact an agent says with a result, it is refused, nothing changes, and the call still waits."""
    guard = Guard(text=RULES)
    client = client_of(guard, token="agent", operator_token="op")
    call = sent(client, "check", "agent", BODIES["check"]).json()
    before = guard.session("").checker.facts()
    outcome = {"id": call["id"], "succeeded": succeeded}
    answer = sent(client, "record", "agent", outcome | {"facts": facts})
    assert (answer.status_code, guard.session("").checker.facts()) == (403, before)
    assert sent(client, "record", "agent", outcome).status_code == 200
    assert sent(client, "record", "agent", outcome).status_code == 400


@pytest.mark.parametrize("fact", FACTS)
def test_an_operator_states_facts_that_fit(fact: str) -> None:
    """An operator's text is taken as a fact or refused with a reason; it is never a fault of the server."""
    client = client_of(Guard(text=RULES), token="agent", operator_token="op")
    call = sent(client, "check", "agent", BODIES["check"]).json()
    said = sent(client, "record", "op", {"id": call["id"], "succeeded": True, "facts": [fact]})
    assert said.status_code in (200, 400)
    eve = {"tool": "send", "arguments": {"to": "eve@them"}}
    opens = fact in ('internal("eve@them")', '1.0 :: internal("eve@them")', 'known("eve@them")')
    assert sent(client, "check", "agent", eve).json()["runs"] is opens


def test_facts_are_nobodys_without_an_operator() -> None:
    """A server without an operator's token takes no fact, with and without a token of agents."""
    for token in ("agent", None):
        client = client_of(Guard(text=RULES), token=token)
        call = sent(client, "check", token, BODIES["check"]).json()
        body = {"id": call["id"], "succeeded": True, "facts": ['internal("eve@them")']}
        assert sent(client, "record", token, body).status_code == 403
        assert sent(client, "facts", token, BODIES["facts"]).status_code == 403
        assert sent(client, "record", token, body | {"facts": []}).status_code == 200


def test_results_are_the_operators_to_say() -> None:
    """A result lets other calls pass, so an agent does not say it; what is no message is refused."""
    rules = "forbid pay(_) :- not paid. .decl paid() paid :- returned(_, send, ok)."
    guard = Guard(text=RULES + rules)
    client = client_of(guard, token="agent", operator_token="op")
    call = sent(client, "check", "agent", BODIES["check"]).json()
    body = {"id": call["id"], "succeeded": True, "result": "ok"}
    assert sent(client, "record", "agent", body).status_code == 403
    assert sent(client, "check", "agent", {"tool": "pay", "arguments": {"n": 1}}).json()["runs"] is False
    assert sent(client, "record", "op", body).status_code == 200
    assert sent(client, "check", "agent", {"tool": "pay", "arguments": {"n": 1}}).json()["runs"] is True
    for wrong in ("x", {"role": "nobody", "content": "x"}, {"content": "x"}, None):
        assert sent(client, "messages", "op", {"messages": [wrong]}).status_code == 400
    assert len(guard.session("").checker.facts()["returned"]) == 1


def test_an_agent_does_not_begin_anew() -> None:
    """The calls of a session count until the operator ends it: an agent can neither end nor answer."""
    client = client_of(Guard(text=RULES), token="agent", operator_token="op")
    body = BODIES["check"] | {"session": "s"}
    assert sent(client, "check", "agent", body).json()["runs"] is True
    assert sent(client, "end", "agent", {"session": "s"}).status_code == 401
    assert client.delete("/end", headers={"Authorization": "Bearer agent"}).status_code == 405
    assert sent(client, "check", "agent", body).json()["runs"] is False
    large = sent(client, "check", "agent", {"tool": "pay", "arguments": {"n": 500}}).json()
    assert large["outcome"] == "escalate"
    assert sent(client, "answer", "agent", {"id": large["id"], "approved": True}).status_code == 401
    assert sent(client, "record", "agent", {"id": large["id"], "succeeded": True}).status_code == 400
    assert sent(client, "answer", "op", {"id": large["id"], "approved": True}).json()["runs"] is True
    assert sent(client, "end", "op", {"session": "s"}).status_code == 200
    assert sent(client, "check", "agent", body).json()["runs"] is True


def test_a_result_is_one_calls_in_one_session() -> None:
    """A result needs the id that the verdict has, and the session of its call; it is said once."""
    client = client_of(Guard(text=RULES), token=("one", "two"), operator_token="op")
    call = sent(client, "check", "one", BODIES["check"] | {"session": "a", "id": "call_1"}).json()
    for id, session in (
        ("call_1", "a"),
        ("", "a"),
        (call["id"], "b"),
        (call["id"], ""),
        (call["id"][:-1], "a"),
    ):
        body = {"id": id, "succeeded": False, "session": session}
        assert sent(client, "record", "one", body).status_code == 400
    assert sent(client, "record", "one", {"id": call["id"], "session": "a"}).status_code == 200


def test_one_client_does_not_lock_out_another() -> None:
    """A client that begins as many sessions as it may goes on in those; others begin theirs."""
    guard = Guard(text=RULES, sessions=40)
    app = application(guard, token=("one", "two"), operator_token="op")
    client = TestClient(app, base_url="http://127.0.0.1")

    def status(token: str, session: str, path: str = "check") -> int:
        return sent(client, path, token, BODIES["check"] | {"session": session}).status_code

    assert [status("one", f"s{n}") for n in range(6)] == [200, 200, 200, 200, 429, 429]
    assert status("one", "s0") == 200
    assert [status("two", f"t{n}") for n in range(5)] == [200, 200, 200, 200, 429]
    assert status("two", "") == status("one", "") == 200  # the one without a name is everybody's
    assert [status("op", f"o{n}", path) for n, path in enumerate(("check", "why") * 5)] == [200] * 10
    assert sent(client, "end", "op", {"session": "s0"}).status_code == 200
    assert [status("one", "again"), status("one", "more")] == [200, 429]
    assert sent(client, "record", "two", {"id": "x", "session": "new"}).status_code == 400
    assert not guard.holds("new")


def test_a_session_is_of_the_agent_that_began_it() -> None:
    """With a token of its own an agent uses its sessions, and the operator's; it cannot enter into another's
    history, nor say how its calls went."""
    app = application(Guard(text=RULES), token=("one", "two"), operator_token="op")
    client = TestClient(app, base_url="http://127.0.0.1")

    def check(token: str, session: str) -> Any:
        return sent(client, "check", token, BODIES["check"] | {"session": session})

    call = check("one", "a").json()
    assert check("two", "a").status_code == 403
    body = {"id": call["id"], "succeeded": False, "session": "a"}
    assert sent(client, "record", "two", body).status_code == 403
    assert sent(client, "record", "one", body).status_code == 200
    assert sent(client, "facts", "op", {"add": [], "session": "b"}).status_code == 200
    assert check("two", "b").json()["runs"] is True
    assert check("one", "b").json()["runs"] is False  # it was sent there already
    assert sent(client, "end", "op", {"session": "a"}).status_code == 200
    assert check("two", "a").json()["runs"] is True
    assert check("one", "a").status_code == 403


def test_clients_with_one_token_are_told_apart_by_address() -> None:
    """With one token, or none, a client is an address."""
    for token in ("agent", None):
        app = application(Guard(text=RULES), token=token, operator_token="op", sessions_per_client=2)
        if token is None:
            app = application(Guard(text=RULES), sessions_per_client=2)
        one, other = (
            TestClient(app, base_url="http://127.0.0.1", client=(address, 1))
            for address in ("192.0.2.1", "192.0.2.2")
        )

        def status(client: TestClient, session: str, token: str | None = token) -> int:
            return sent(client, "check", token, BODIES["check"] | {"session": session}).status_code

        assert [status(one, f"s{n}") for n in range(3)] == [200, 200, 429]
        assert status(other, "t") == 200


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("127.0.0.1", "127.9.0.2", True),
        ("127.0.0.1", "::1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "192.0.2.1", False),
    ],
)
def test_addresses_of_one_machine(one: str, other: str, same: bool) -> None:
    """All addresses that one machine can use are one client: the loopback's, and those of an IPv6 network."""
    assert (host_of(one) == host_of(other)) is same


def test_a_bound_that_the_guard_itself_has() -> None:
    """A session that could not begin, as the guard can hold no more, is not counted."""
    guard = Guard(text=RULES, sessions=1)
    openings = Openings(guard, 2)
    openings.enter(Sender("a"), "1")
    for _ in range(3):
        with pytest.raises(StateError, match="there are 1 sessions"):
            openings.enter(Sender("a"), "2")
    guard.end("1")
    openings.enter(Sender("a"), "2")


def test_calls_that_wait_are_kept_by_client() -> None:
    """A client that lets many calls wait loses its own oldest, not another's."""
    guard, waiting = Guard(text=RULES), Waiting(most=4)
    large = [guard.check("pay", {"n": 500}) for _ in range(9)]
    waiting.add("quiet", large[0])
    for each in large[1:]:
        waiting.add("loud", each)
    assert [waiting.pop(each.id) is each for each in large] == [True] + [False] * 5 + [True] * 3
    assert waiting.pop(large[0].id) is None


@pytest.mark.parametrize(
    ("agents", "operator"),
    [
        ([""], None),
        (["a"], ""),
        (["a b"], None),
        (["ä"], None),
        (["a\n"], None),
        (["a"], "a"),
        (["a", "a"], "o"),
    ],
)
def test_what_is_no_token(agents: list[str], operator: str | None) -> None:
    """A token that is empty, could not be sent, or is another's too, is refused at the start."""
    with pytest.raises(GuardError):
        Tokens(agents, operator)


@pytest.mark.parametrize(
    ("variables", "status"),
    [
        ({"MPR_TOKEN": ""}, 2),
        ({"MPR_TOKEN": "a", "MPR_OPERATOR_TOKEN": " "}, 2),
        ({"MPR_TOKEN": "a", "MPR_OPERATOR_TOKEN": "a"}, 2),
        ({"MPR_TOKEN": "a", "MPR_OPERATOR_TOKEN": "b c"}, 2),
        ({"MPR_TOKEN": "a b", "MPR_OPERATOR_TOKEN": "c"}, 0),
        ({"MPR_TOKEN": "a"}, 0),
        ({}, 0),
    ],
)
def test_tokens_of_the_environment(
    variables: dict[str, str], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that is set and empty stops the server: somebody meant to ask for a token."""
    for name in ("MPR_TOKEN", "MPR_OPERATOR_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "rules.dl").write_text(RULES)
    assert mpr("serve", str(tmp_path / "rules.dl"), "--dry-run").status == status


def test_tokens_are_written_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No answer, no line of a log and no log of decisions holds a token, right or wrong."""
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "log.jsonl"
    guard = Guard(text=RULES, log=DecisionLog(file))
    client = client_of(guard, token="agent-secret", operator_token="op-secret")
    said = ""
    for token in ("agent-secret", "op-secret", "wrong-secret"):
        for path in PATHS:
            said += sent(client, path.name, token, BODIES.get(path.name)).text
    said += client.get("/openapi.json").text
    assert "secret" not in said + caplog.text + file.read_text()


def test_an_operator_reloads_the_rules(tmp_path: Path) -> None:
    """New rules are taken, with their version; what is no rules, or has lost its laws, is refused with the
    reason, and the old rules stay."""
    rules = tmp_path / "rules.dl"
    rules.write_text(".action go(x: symbol)\nforbid go(a).\n")
    client = client_of(Guard(rules), token="agent", operator_token="op")
    before = sent(client, "rules", "op").json()["version"]

    def runs(x: str) -> bool:
        body = {"tool": "go", "arguments": {"x": x}}
        return bool(sent(client, "check", "agent", body).json()["runs"])

    rules.write_text(".action go(x: symbol)\nforbid go(b).\n")
    answer = sent(client, "reload", "op", {})
    assert (answer.status_code, answer.json()["error"], answer.json()["warnings"]) == (200, None, [])
    assert answer.json()["version"] == sent(client, "rules", "op").json()["version"] != before
    assert (runs("a"), runs("b")) == (True, False)
    for text, said in (("forbid go(c\n", "rules.dl:"), (".action go(x: symbol)\n", "no law is left")):
        rules.write_text(text)
        refused = sent(client, "reload", "op", {})
        assert refused.status_code == 409
        assert said in refused.json()["error"]
        assert refused.json()["version"] == answer.json()["version"]
        assert (runs("a"), runs("b")) == (True, False)
    assert sent(client, "reload", "op", {"force": True}).status_code == 200
    assert runs("b")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a" 1}', "the body is no JSON: expecting ':' delimiter at line 1, column 6"),
        (b'{\n "tool": send}', "the body is no JSON: expecting value at line 2, column 10"),
        (b'{"tool": "\xff"}', "the body is no UTF-8 at byte 11"),
        (b'{"tool": NaN}', "the body cannot be read: `NaN` is not a number of JSON"),
        (b"[" * 100_000, "the body is nested too deep"),
        (b"[1]", "the body of /check is a JSON object, not a list"),
        (b"null", "the body of /check is a JSON object, not null"),
    ],
    ids=["no colon", "no value", "no UTF-8", "NaN", "too deep", "a list", "null"],
)
def test_a_body_that_cannot_be_read_is_told_where(body: bytes, said: str) -> None:
    """The error for a body that is no JSON, or no object, says what is wrong with it, and where."""
    client = client_of(Guard(text=RULES))
    answer = client.post("/check", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, said)
