"""An MCP server over a guard: a model, or its host, asks ``check``, ``why`` and ``list_rules`` as tools.

It advises: whoever does not ask is not held back. To hold an agent back, put the proxy before its servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.checker.disclosure import decision_json
from mpr_logic.checker.render import rule_text
from mpr_logic.extras import needed
from mpr_logic.guard.verdict import verdict_json

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from mpr_logic.guard.guard import Guard

TOOLS = ("check", "why", "list_rules")


def mcp_server(guard: Guard, *, session: str = "", operator: bool = False) -> MCPServer:
    """A server of the three tools; ``run("stdio")`` serves it.

    Args:
        guard: it decides.
        session: the conversation or run that the questions belong to.
        operator: whether ``why`` tells proofs and repairs too, not only what the rules' authors disclose.

    Raises:
        GuardError: the package for it is not installed.
    """
    found: MCPServer = needed("mcp.server.mcpserver", "mcp").MCPServer("mpr", instructions=_INSTRUCTIONS)

    async def check(tool: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask whether a tool may be called with these arguments, right before it is called.

        If `runs` is true, call it, with the `arguments` of the answer; if not, `message` says why. A call
        that may be made counts as made: later answers take it into account.
        """
        return verdict_json(await guard.acheck(tool, arguments, session=session))

    def why(tool: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask why a tool may, or may not, be called with these arguments. Nothing counts as made."""
        verdict = guard.why(tool, arguments, session=session)
        decision = verdict.decision if operator else None
        more = {"decision": decision_json(decision) if decision is not None else None} if operator else {}
        return (
            verdict_json(verdict)
            | {"runs": False, "admissible": verdict.outcome in ("admit", "modify")}
            | more
        )

    def list_rules() -> dict[str, Any]:
        """The rules that calls are held against, and the version of them all."""
        program = guard.rules.program
        rules = [{"id": each.id, "weight": each.weight, "text": rule_text(each)} for each in program.written]
        return {"version": program.version, "rules": rules}

    for function in (check, why, list_rules):
        found.add_tool(function)
    return found


_INSTRUCTIONS = (
    "Rules say which tool calls may be made. Ask `check` before each call, and make it only where the answer "
    "says that it runs. `why` explains, `list_rules` shows the rules."
)
