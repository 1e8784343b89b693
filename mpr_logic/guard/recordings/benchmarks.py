"""Runs of benchmarks: tau-bench (arXiv 2406.12045), tau2-bench (2506.07982), AgentDojo (2406.13352), and
AgentDyn (2602.03117), whose runs are as AgentDojo's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.guard.conversation import Message
from mpr_logic.guard.recordings.messages import messages_of
from mpr_logic.guard.recordings.recording import Format, Label, Recording, held, listed, scalars

if TYPE_CHECKING:
    from collections.abc import Iterator


def _is_tau(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("traj"), list) and "task_id" in value


def _read_tau(value: Any) -> Iterator[Recording]:
    labels = scalars(value, "reward")
    info = value.get("info")
    told = info.get("reward_info") if isinstance(info, dict) else None
    parts = told.get("components") if isinstance(told, dict) else None
    if isinstance(parts, dict):
        labels |= scalars(parts, "base_success")
    name = f"task {value['task_id']}" + (f" trial {value['trial']}" if "trial" in value else "")
    yield Recording(name, tuple(messages_of(value["traj"])), labels)


def _is_tau2(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("simulations"), list)


def _read_tau2(value: Any) -> Iterator[Recording]:
    info = value.get("info")
    around = info.get("environment_info") if isinstance(info, dict) else None
    policy = around.get("policy") if isinstance(around, dict) else None
    first = (Message("system", str(policy)),) if policy else ()
    domain = scalars(around, "domain_name") if isinstance(around, dict) else {}
    for each in value["simulations"]:
        run = held(each, "a simulation")
        told = run.get("reward_info")
        labels = (scalars(told, "reward") if isinstance(told, dict) else {}) | scalars(
            run, "termination_reason"
        )
        name = f"task {run.get('task_id', '?')} trial {run.get('trial', 0)}"
        said = messages_of(_of_agent(listed(run.get("messages"), "`messages`")), guess=False)
        yield Recording(name, (*first, *said), labels | domain)


def _of_agent(messages: Any) -> Iterator[Any]:
    """The messages without the calls that the simulated user makes on tools of its own."""
    for each in messages:
        raw = held(each, "a message")
        if raw.get("role") == "tool":
            if isinstance(raw.get("tool_messages"), list):
                yield from _of_agent(raw["tool_messages"])
            elif raw.get("requestor", "assistant") == "assistant":
                yield raw
        elif raw.get("role") != "user" or raw.get("content"):
            yield raw


def _is_agentdojo(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("messages"), list)
        and "user_task_id" in value
        and ("injection_task_id" in value or "suite_name" in value)
    )


def _read_agentdojo(value: Any) -> Iterator[Recording]:
    attacked = value.get("attack_type") not in (None, "none") and value.get("injection_task_id") is not None
    labels: dict[str, Label] = {"attacked": attacked, **scalars(value, "utility")}
    if attacked:  # else it is true and means nothing
        labels |= scalars(value, "security", "injection_task_id", "attack_type")
    labels |= scalars(value, "suite_name", "pipeline_name", "user_task_id")
    shown = ("suite_name", "user_task_id", "attack_type", "injection_task_id")
    name = " ".join(str(value[key]) for key in shown if value.get(key))
    yield Recording(name, tuple(messages_of(value["messages"], guess=False)), labels)


TAU_BENCH = Format("tau-bench", '{"task_id", "reward", "traj": [...]}', _is_tau, _read_tau)
TAU2_BENCH = Format("tau2-bench", '{"info", "tasks", "simulations": [...]}', _is_tau2, _read_tau2)
AGENTDOJO = Format(
    "AgentDojo", '{"suite_name", "user_task_id", "messages": [...]}', _is_agentdojo, _read_agentdojo
)
