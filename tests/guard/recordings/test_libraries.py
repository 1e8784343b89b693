"""Records that the frameworks' own code writes: Inspect's logs, LangChain's runs and messages, traces of the
Agents SDK."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path
from typing import Any

import pytest

from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.recordings.files import recordings_in
from mpr_logic.guard.recordings.recording import Recording


def the_recording(path: Path) -> Recording:
    """The one recording in a file or a folder."""
    (found,) = (each.recording for each in recordings_in([path]))
    assert isinstance(found, Recording), found
    return found


def told(recording: Recording) -> list[Any]:
    """The calls that were answered, and what came of each: without ids and times."""
    calls = {call.id: call for message in recording.messages for call in message.calls}
    return [
        (calls[each.answers].tool, dict(calls[each.answers].arguments), each.content, each.error)
        for each in recording.messages
        if each.role == "tool"
    ]


@pytest.mark.heavy
def test_agents_sdk(tmp_path: Path) -> None:
    """The SDK's trace has the calls and results; the list of its run has the words, too."""
    pytest.importorskip("agents.testing", reason="needs the extra: pip install 'mpr-logic[agents]'")
    from agents import Agent, RunConfig, Runner, Trace, function_tool
    from agents.testing import ScriptedModel, assistant_message, function_call
    from agents.tracing import Span, TracingProcessor, get_trace_provider

    class Kept(TracingProcessor):
        """Keeps what an exporter would write."""

        def __init__(self) -> None:
            self.lines: list[Any] = []

        def on_trace_start(self, trace: Trace) -> None: ...
        def on_trace_end(self, trace: Trace) -> None:
            self.lines.append(trace.export())

        def on_span_start(self, span: Span[Any]) -> None: ...
        def on_span_end(self, span: Span[Any]) -> None:
            self.lines.append(span.export())

        def shutdown(self) -> None: ...
        def force_flush(self) -> None: ...

    @function_tool
    def read(path: str) -> str:
        """Read a file."""
        return f"text of {path}"

    turns = [
        [function_call("read", {"path": each}, call_id=f"c_{each}") for each in "ab"],
        [assistant_message("done")],
    ]
    kept, provider = Kept(), get_trace_provider()
    provider.set_processors([kept])
    try:
        agent = Agent(name="a", model=ScriptedModel(turns), tools=[read])
        run = asyncio.run(Runner.run(agent, "go", run_config=RunConfig(tracing_disabled=False)))
    finally:
        provider.set_processors([])
    trace = tmp_path / "trace.jsonl"
    trace.write_text("\n".join(map(json.dumps, kept.lines)))
    items = tmp_path / "items.json"
    items.write_text(json.dumps(run.to_input_list()))
    expected = [("read", {"path": each}, f"text of {each}", False) for each in "ab"]
    assert told(the_recording(trace)) == expected
    assert told(the_recording(items)) == expected
    assert the_recording(items).messages[0] == Message("user", "go")


@pytest.mark.process
def test_langchain(tmp_path: Path) -> None:
    """A graph's runs, one a line as LangSmith has them, its root alone, and its messages are one
    conversation."""
    pytest.importorskip("langchain", reason="needs the extra: pip install 'mpr-logic[langchain]'")
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.load import dumpd
    from langchain_core.messages import AIMessage, messages_to_dict
    from langchain_core.tools import tool
    from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

    class Scripted(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **_: Any) -> Any:
            return self

    @tool
    def read(path: str) -> str:
        """Read a file."""
        return f"text of {path}"

    calls: Any = [{"name": "read", "args": {"path": each}, "id": f"c_{each}"} for each in "ab"]
    model = Scripted(messages=iter([AIMessage("", tool_calls=calls), AIMessage("done")]))
    runs = RunCollectorCallbackHandler()
    work: Any = {"messages": [("user", "go")]}
    done = create_agent(model, [read]).invoke(work, config={"callbacks": [runs]})
    root = runs.traced_runs[0]
    left, lines = [root], []
    while left:
        each = left.pop()
        lines.append(each.model_dump_json())
        left += each.child_runs
    written = {
        "runs.jsonl": "\n".join(lines),
        "root.json": lines[0],
        "messages.json": json.dumps(messages_to_dict(done["messages"])),
        "state.json": json.dumps(dumpd(done)),
    }
    for name, text in written.items():
        file = tmp_path / name
        file.write_text(text)
        found = the_recording(file)
        assert told(found) == [("read", {"path": each}, f"text of {each}", False) for each in "ab"], name
        assert (found.messages[0], found.messages[-1].text) == (Message("user", "go"), "done"), name


@pytest.mark.process
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Unclosed <MemoryObject:ResourceWarning")
@pytest.mark.parametrize("kind", ["json", "eval"])
def test_inspect(tmp_path: Path, kind: Any) -> None:
    """Inspect's log in both its forms: calls, failures, times and the score."""
    pytest.importorskip("inspect_ai", reason="needs the extra: pip install 'mpr-logic[inspect]'")
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import includes
    from inspect_ai.solver import generate, use_tools
    from inspect_ai.tool import ToolDef, ToolError

    async def read(path: str) -> str:
        if path == "b":
            raise ToolError("no such file")
        return f"text of {path}" * 100

    tool = ToolDef(read, "read", "Read a file.", {"path": "which"})
    outputs = [ModelOutput.for_tool_call("m", "read", {"path": each}) for each in "ab"]
    outputs.append(ModelOutput.from_content("m", "done"))
    for each in outputs:
        each.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)  # to count needs the network
    evaluate(
        Task(dataset=[Sample("go", target="done")], solver=[use_tools(tool), generate()], scorer=includes()),
        model=get_model("mockllm/model", custom_outputs=outputs),
        log_dir=str(tmp_path),
        log_format=kind,
        display="none",
    )
    gc.collect()  # the framework leaves streams to the collector
    found = the_recording(tmp_path)
    assert told(found) == [
        ("read", {"path": "a"}, "text of a" * 100, False),
        ("read", {"path": "b"}, "no such file", True),
    ]
    assert found.labels == {"includes": True}
    assert found.messages[0].text == "go"
    assert all(each.at is not None for each in found.messages[1:])
    assert isinstance(found.messages[1].calls[0], ToolCall)
