"""Each format of recordings, by a small record of it: its messages, its labels, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.log import DecisionLog
from mpr_logic.guard.recordings.files import recordings_in
from mpr_logic.guard.recordings.formats import FORMATS, format_of
from mpr_logic.guard.recordings.messages import messages_of
from mpr_logic.guard.recordings.recording import Broken, Recording
from mpr_logic.guard.verdict import REJECTED

CALL = ToolCall("c1", "read", {"path": "a"})
SAID = (
    Message("user", "go"),
    Message("assistant", calls=(CALL,)),
    Message("tool", answers="c1", content={"size": 3}),
    Message("assistant", "done"),
)
"""The conversation that most of the records below hold."""

ASKED: dict[str, Any] = {"role": "user", "content": "go"}
FUNCTION = {"name": "read", "arguments": '{"path": "a"}'}
PROPOSED = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "function": FUNCTION}]}
RETURNED = {"role": "tool", "tool_call_id": "c1", "content": '{"size": 3}'}
DONE = {"role": "assistant", "content": "done"}
CHAT = [ASKED, PROPOSED, RETURNED, DONE]

ITEMS = [
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]},
    {"type": "reasoning", "summary": []},
    {"type": "function_call", "call_id": "c1", "id": "fc_1", **FUNCTION},
    {"type": "function_call_output", "call_id": "c1", "output": '{"size": 3}'},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]},
]
BLOCKS: list[Any] = [
    {"role": "user", "content": "go"},
    {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "c1", "name": "read", "input": {"path": "a"}}],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": '{"size": 3}'}]}
        ],
    },
    {"role": "assistant", "content": [{"type": "text", "text": "done"}]},
]
LANGCHAIN = [
    {"type": "human", "data": {"content": "go"}},
    {
        "type": "ai",
        "data": {"content": "", "tool_calls": [{"name": "read", "args": {"path": "a"}, "id": "c1"}]},
    },
    {"type": "tool", "data": {"content": '{"size": 3}', "tool_call_id": "c1", "status": "success"}},
    {"type": "ai", "data": {"content": "done"}},
]
PARTS = [
    {"role": "user", "parts": [{"type": "text", "content": "go"}]},
    {
        "role": "assistant",
        "parts": [{"type": "tool_call", "id": "c1", "name": "read", "arguments": {"path": "a"}}],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": '{"size": 3}'}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "done"}]},
]

ALIKE: dict[str, Any] = {
    "chat": {"messages": CHAT},
    "a list": CHAT,
    "a batch": {
        "custom_id": "x",
        "body": {"messages": CHAT[:-1]},
        "response": {"body": {"choices": [{"message": DONE}]}},
    },
    "responses": {"input": ITEMS[:-1], "output": ITEMS[-1:], "object": "response"},
    "items": {"object": "list", "data": ITEMS},
    "anthropic": {"messages": BLOCKS},
    "langchain": LANGCHAIN,
    "langgraph": {"values": {"messages": LANGCHAIN}},
    "tau-bench": {"task_id": 3, "reward": 1.0, "info": {}, "trial": 0, "traj": CHAT},
    "inspect": {
        "eval": {"task": "t"},
        "samples": [
            {
                "id": 1,
                "epoch": 1,
                "messages": [
                    ASKED,
                    {
                        "role": "assistant",
                        "content": "",
                        "tool_calls": [{"id": "c1", "function": "read", "arguments": {"path": "a"}}],
                    },
                    {**RETURNED, "content": "attachment://" + "0" * 32},
                    DONE,
                ],
                "attachments": {"0" * 32: '{"size": 3}'},
                "scores": {"right": {"value": "C"}},
            }
        ],
    },
}


def read(tmp_path: Path, *values: Any, lines: bool = True) -> list[Recording]:
    """Read values, as lines or as one JSON value, and take for granted that all are right."""
    file = tmp_path / "calls.json"
    file.write_text("\n".join(map(json.dumps, values)) if lines else json.dumps(values[0], indent=1))
    found = [each.recording for each in recordings_in([file])]
    assert not [each for each in found if isinstance(each, Broken)], found
    return [each for each in found if isinstance(each, Recording)]


def timeless(recording: Recording) -> tuple[Message, ...]:
    """The messages without their times, and without the names of tools that only some formats repeat."""
    return tuple(
        Message(each.role, each.text, each.calls, each.answers, "", each.content, each.error)
        for each in recording.messages
    )


@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("value", ALIKE.values(), ids=ALIKE)
def test_one_conversation_in_many_forms(tmp_path: Path, value: Any, lines: bool) -> None:
    """A conversation is the same in every format that can say it."""
    (found,) = read(tmp_path, value, lines=lines)
    assert timeless(found) == SAID


def test_openai_errors_and_older_calls(tmp_path: Path) -> None:
    """Results that begin with `Error:` failed, the older `function_call` is a call, and a developer is the
    system."""
    old = {"role": "assistant", "content": None, "function_call": FUNCTION}
    failed = {"role": "function", "name": "read", "content": "Error: no such file"}
    (found,) = read(tmp_path, {"messages": [{"role": "developer", "content": "be kind"}, old, failed]})
    assert [each.role for each in found.messages] == ["system", "assistant", "tool"]
    assert found.messages[1].calls == (ToolCall("", "read", {"path": "a"}),)
    assert found.messages[2].error
    assert found.messages[2].tool == "read"


def test_arguments_that_cannot_be_read(tmp_path: Path) -> None:
    """A call whose arguments are no JSON object is a call without arguments."""
    calls = [
        {"id": str(i), "function": {"name": "f", "arguments": given}}
        for i, given in enumerate(["{", "[1]", ""])
    ]
    (found,) = read(tmp_path, {"messages": [{"role": "assistant", "content": "", "tool_calls": calls}]})
    assert [each.arguments for each in found.messages[0].calls] == [{}, {}, {}]


def test_chat_labels(tmp_path: Path) -> None:
    """The scalars beside the messages, and those of `metadata`, are labels; what names a record names it."""
    value = {
        "id": "r1",
        "model": "m",
        "score": 0.5,
        "metadata": {"solved": True, "deep": {}},
        "messages": CHAT,
    }
    (found,) = read(tmp_path, value)
    assert found.name.endswith("calls.json r1")
    assert found.labels == {"score": 0.5, "solved": True}


def test_tau_bench(tmp_path: Path) -> None:
    """A run of tau-bench is named by task and trial, and has its reward as a label."""
    (found,) = read(tmp_path, [ALIKE["tau-bench"]], lines=False)
    assert found.name.endswith(":1 task 3 trial 0")
    assert found.labels == {"reward": 1.0}


def test_tau2_bench(tmp_path: Path) -> None:
    """The policy comes first, and the calls that the simulated user makes on tools of its own are no calls of
    the agent."""
    own = {"id": "u1", "name": "toggle", "arguments": {}, "requestor": "user"}
    messages = [
        {**ASKED, "tool_calls": None, "timestamp": "2025-08-01T16:20:44"},
        {"role": "user", "content": None, "tool_calls": [own]},
        {"role": "tool", "id": "u1", "content": "on", "requestor": "user", "error": False},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "name": "read", "arguments": {"path": "a"}, "requestor": "assistant"}
            ],
        },
        {"role": "tool", "id": "c1", "content": "Error: no", "requestor": "assistant", "error": True},
    ]
    run = {"task_id": "7", "trial": 1, "reward_info": {"reward": 0.0}, "messages": messages}
    value = {
        "info": {"environment_info": {"domain_name": "shop", "policy": "Be kind."}},
        "simulations": [run],
    }
    (found,) = read(tmp_path, value)
    assert timeless(found) == (
        Message("system", "Be kind."),
        Message("user", "go"),
        Message("assistant", calls=(CALL,)),
        Message("tool", answers="c1", content="Error: no", error=True),
    )
    assert found.labels == {"reward": 0.0, "domain_name": "shop"}
    assert found.messages[1].at == 1754065244.0


@pytest.mark.parametrize("attacked", [True, False])
def test_agentdojo(tmp_path: Path, attacked: bool) -> None:
    """`security` is a label of attacked runs alone, and an error is the text of its result."""
    value = {
        "suite_name": "banking",
        "user_task_id": "user_task_0",
        "injection_task_id": "injection_task_1" if attacked else None,
        "attack_type": "direct" if attacked else None,
        "messages": [
            {"role": "user", "content": [{"type": "text", "content": "go"}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "function": "read", "args": {"path": "a"}}],
            },
            {
                "role": "tool",
                "content": "",
                "tool_call_id": "c1",
                "tool_call": {"function": "read"},
                "error": "ValueError: no",
            },
        ],
        "utility": True,
        "security": True,
    }
    (found,) = read(tmp_path, value)
    assert found.messages[:2] == SAID[:2]
    assert found.messages[2] == Message("tool", "", (), "c1", "read", "ValueError: no", True)
    assert found.labels.get("security") == (True if attacked else None)
    assert (found.labels["attacked"], found.labels["utility"]) == (attacked, True)


def test_claude_code(tmp_path: Path) -> None:
    """A session and an agent below it are two recordings; what a transcript keeps of its own is left out."""
    lines: list[Any] = [{"type": "summary", "summary": "s", "leafUuid": "1"}]
    for number, block in enumerate(BLOCKS):
        kind = block["role"]
        at = f"2026-01-01T10:00:0{number}.000Z"
        lines.append(
            {"type": kind, "sessionId": "s1", "uuid": str(number), "timestamp": at, "message": block}
        )
    lines.append(
        {"type": "user", "sessionId": "s1", "isSidechain": True, "agentId": "a9", "message": BLOCKS[0]}
    )
    lines.append({"type": "file-history-snapshot", "messageId": "1", "snapshot": {}})
    whole, below = read(tmp_path, *lines)
    assert timeless(whole) == SAID
    assert whole.messages[0].at == 1767261600.0
    assert whole.name.endswith("s1")
    assert below.name.endswith("s1 a9")


def test_codex(tmp_path: Path) -> None:
    """A rollout's items are its messages, and a command that ended with another code than 0 failed."""
    lines: list[Any] = [{"timestamp": "2026-01-01T10:00:00Z", "type": "session_meta", "payload": {"id": "s"}}]
    lines += [
        {"timestamp": "2026-01-01T10:00:01Z", "type": "response_item", "payload": each} for each in ITEMS
    ]
    lines += [{"type": "event_msg", "payload": {"type": "agent_message", "message": "done"}}]
    outputs = [
        '{"output": "no", "metadata": {"exit_code": 2}}',
        "Exit code: 1\nno",
        "Process exited with code 0\nok",
    ]
    for number, output in enumerate(outputs):
        item = {"type": "function_call_output", "call_id": str(number), "output": output}
        lines.append({"type": "response_item", "payload": item})
    (found,) = read(tmp_path, *lines)
    assert timeless(found)[:4] == SAID
    assert found.messages[0].at == 1767261601.0
    assert [each.error for each in found.messages[4:]] == [True, True, False]
    assert found.messages[4].content == "no"


def test_codex_stream(tmp_path: Path) -> None:
    """The stream of `codex exec --json` has commands, tools and what was said."""
    items = [
        {"id": "i1", "type": "command_execution", "command": "ls", "aggregated_output": "", "exit_code": 1},
        {
            "id": "i2",
            "type": "mcp_tool_call",
            "tool": "read",
            "arguments": {"path": "a"},
            "result": {"size": 3},
        },
        {"id": "i3", "type": "agent_message", "text": "done"},
    ]
    lines = [{"type": "thread.started", "thread_id": "t"}]
    (found,) = read(tmp_path, *lines, *({"type": "item.completed", "item": each} for each in items))
    assert [call for each in found.messages for call in each.calls] == [
        ToolCall("i1", "shell", {"command": "ls"}),
        ToolCall("i2", "read", {"path": "a"}),
    ]
    assert [each.error for each in found.messages] == [False, True, False, False, False]


def otlp(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP has them."""
    return [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]


@pytest.mark.parametrize("form", ["otlp", "sdk"])
def test_opentelemetry(tmp_path: Path, form: str) -> None:
    """Spans of a model tell the messages so far, each once; spans of tools tell when they ended, and how."""
    model = {"gen_ai.operation.name": "chat", "gen_ai.conversation.id": "talk"}
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "read", "gen_ai.tool.call.id": "c1"}
    spans: list[tuple[int, dict[str, Any]]] = [
        (
            3,
            {
                **model,
                "gen_ai.input.messages": json.dumps(PARTS[:3]),
                "gen_ai.output.messages": json.dumps(PARTS[3:]),
            },
        ),
        (
            1,
            {
                **model,
                "gen_ai.input.messages": json.dumps(PARTS[:1]),
                "gen_ai.output.messages": json.dumps(PARTS[1:2]),
            },
        ),
        (2, {**tool, "error.type": "timeout"}),
        (2, {"http.method": "GET"}),
    ]
    if form == "otlp":
        raw = [
            {
                "traceId": "t1",
                "name": "chat",
                "startTimeUnixNano": str((1767261600 + at) * 10**9),
                "endTimeUnixNano": str((1767261600 + at) * 10**9),
                "attributes": otlp(attributes),
            }
            for at, attributes in spans
        ]
        value: list[Any] = [{"resourceSpans": [{"scopeSpans": [{"spans": raw}]}]}]
    else:
        value = [
            {
                "name": "chat",
                "context": {"trace_id": "0x1"},
                "start_time": f"2026-01-01T10:00:0{at}Z",
                "end_time": f"2026-01-01T10:00:0{at}Z",
                "attributes": attributes,
            }
            for at, attributes in spans
        ]
    (found,) = read(tmp_path, *value)
    expected = [*SAID[:2], Message("tool", answers="c1", content={"size": 3}, error=True), SAID[3]]
    assert timeless(found) == tuple(expected)
    assert found.messages[2].at == 1767261602.0
    assert found.name.endswith("talk")


def test_numbered_attributes(tmp_path: Path) -> None:
    """Older instrumentations number the messages in the names of attributes."""
    attributes = {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "go",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.tool_calls.0.id": "c1",
        "gen_ai.completion.0.tool_calls.0.name": "read",
        "gen_ai.completion.0.tool_calls.0.arguments": '{"path": "a"}',
    }
    (found,) = read(tmp_path, {"name": "chat", "traceId": "t", "attributes": otlp(attributes)})
    assert timeless(found) == SAID[:2]


def test_agents_sdk(tmp_path: Path) -> None:
    """Spans of generations tell what was said, and those of functions their errors; of a trace without the
    first kind the functions are the calls, in the order in which they began."""
    span: dict[str, Any] = {
        "object": "trace.span",
        "trace_id": "t1",
        "id": "s1",
        "started_at": "2026-01-01T10:00:00Z",
    }
    said = {"type": "generation", "input": CHAT[:1], "output": [PROPOSED]}
    ran = {"type": "function", "name": "read", "input": '{"path": "a"}', "output": '{"size": 3}'}
    trace = {"object": "trace", "id": "t1", "workflow_name": "w"}
    one, two = read(
        tmp_path,
        {**span, "span_data": ran, "error": {"message": "no"}},
        {**span, "id": "s2", "span_data": said},
        {**span, "trace_id": "t2", "span_data": ran},
        trace,
    )
    assert timeless(one) == (*SAID[:2], Message("tool", answers="c1", content={"size": 3}, error=True))
    assert [each.calls for each in two.messages] == [(ToolCall("s1", "read", {"path": "a"}),), ()]


def test_langchain_runs(tmp_path: Path) -> None:
    """Runs, nested or one a line, make one recording of a trace."""
    run: dict[str, Any] = {"trace_id": "t1", "start_time": "2026-01-01T10:00:00Z"}
    model = {
        "run_type": "llm",
        "inputs": {"messages": [[LANGCHAIN[0]]]},
        "outputs": {"generations": [[{"message": LANGCHAIN[1]}]]},
    }
    tool = {
        "run_type": "tool",
        "name": "read",
        "inputs": {"input": "{'path': 'a'}"},
        "outputs": {"output": '{"size": 3}'},
    }
    late = {**run, "start_time": "2026-01-01T10:00:01Z"}
    nested = {**run, "run_type": "chain", "inputs": {}, "child_runs": [{**late, **tool}, {**run, **model}]}
    for values in ([nested], [{**late, **tool}, {**run, **model}]):
        (found,) = read(tmp_path, *values)
        assert timeless(found) == SAID[:3]


def test_guard_log(tmp_path: Path) -> None:
    """The guard's own log: a recording for each session, with the calls that it rejected told as that."""
    log = tmp_path / "log.jsonl"
    guard = Guard(text=".action read(path: symbol)\nforbid read(b).", log=DecisionLog(log))
    for session in ("one", "two"):
        verdict = guard.check("read", {"path": "a"}, session=session)
        guard.record(verdict, session == "one")
        guard.check("read", {"path": "b"}, session=session)
    guard.close()
    one, two = (each.recording for each in recordings_in([log]))
    assert isinstance(one, Recording)
    assert isinstance(two, Recording)
    assert (one.name[-3:], two.name[-3:]) == ("one", "two")
    assert [each.role for each in one.messages] == ["assistant", "tool", "assistant", "tool"]
    assert [each.messages[1].error for each in (one, two)] == [False, True]
    assert str(one.messages[3].content).startswith(REJECTED)
    assert one.messages[0].at is not None


def test_hashed_log(tmp_path: Path) -> None:
    """A log without arguments cannot be replayed, and says why."""
    log = tmp_path / "log.jsonl"
    guard = Guard(text=".action read(path: symbol)", log=DecisionLog(log, arguments="hash"))
    guard.check("read", {"path": "a"})
    guard.close()
    (found,) = (each.recording for each in recordings_in([log]))
    assert isinstance(found, Broken)
    assert "the log holds hashes" in found.error


def test_openhands(tmp_path: Path) -> None:
    """Actions of the agent are calls, what they came to are results, and words are words."""
    steps = [
        {"id": 0, "source": "user", "action": "message", "args": {"content": "go"}},
        {"id": 1, "source": "user", "action": "recall", "args": {}},
        {
            "id": 2,
            "source": "agent",
            "action": "read",
            "args": {"path": "a"},
            "timestamp": "2026-01-01T10:00:00",
        },
        {"id": 3, "source": "agent", "cause": 2, "observation": "read", "content": '{"size": 3}'},
        {"id": 4, "source": "agent", "action": "run", "args": {"command": "ls"}},
        {
            "id": 5,
            "source": "agent",
            "cause": 4,
            "observation": "run",
            "content": "",
            "extras": {"metadata": {"exit_code": 2}},
        },
        {"id": 6, "source": "agent", "action": "finish", "args": {"final_thought": "done"}},
    ]
    (found,) = read(
        tmp_path, {"task": "t", "score": {"final_score": {"total": 2, "result": 1}}, "steps": steps}
    )
    assert timeless(found) == (
        SAID[0],
        Message("assistant", calls=(ToolCall("2", "read", {"path": "a"}),)),
        Message("tool", answers="2", content={"size": 3}),
        Message("assistant", calls=(ToolCall("4", "run", {"command": "ls"}),)),
        Message("tool", answers="4", content="", error=True),
        SAID[3],
    )
    assert found.labels == {"total": 2, "result": 1}
    assert found.messages[1].at == 1767261600.0
    assert timeless(read(tmp_path, steps, lines=False)[0]) == timeless(found)


def test_intercode(tmp_path: Path) -> None:
    """Commands are calls of the shell, and one that was not valid failed."""
    history = {
        "actions": ["ls", "cat x"],
        "observations": ["a", "no such file"],
        "valid_action": [True, False],
    }
    run = {
        "environment": "ic_bash",
        "query": "go",
        "task_id": 4,
        "turn_history": history,
        "summary": {"max_reward": 0.5},
    }
    one, two = read(tmp_path, {"0": run, "1": run}, lines=False)
    assert timeless(one) == timeless(two)
    assert [call for each in one.messages for call in each.calls] == [
        ToolCall("0", "bash", {"command": "ls"}),
        ToolCall("1", "bash", {"command": "cat x"}),
    ]
    assert [each.error for each in one.messages if each.role == "tool"] == [False, True]
    assert one.labels == {"max_reward": 0.5}


def test_formats_do_not_overlap() -> None:
    """A record of one format is not taken for one of another, whatever stands first."""
    for name, value in ALIKE.items():
        found = format_of(value)
        assert found is not None, name
        special = [each for each in FORMATS[:-2] if each.fits(value)]
        assert len(special) <= 1, name


@pytest.mark.parametrize(
    ("more", "failed"),
    [({}, True), ({"status": "success"}, False), ({"is_error": False}, False), ({"status": "error"}, True)],
)
def test_a_status_is_believed_before_a_guess(more: dict[str, Any], failed: bool) -> None:
    """A recorded result that reads like an error is one, unless the record itself says how the call went."""
    (said,) = messages_of([{"role": "tool", "tool_call_id": "c", "content": "Error: x", **more}])
    assert said.error is failed
