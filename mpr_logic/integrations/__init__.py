"""Guards inside agent frameworks, MCP, HTTP and coding agents: each thin, one contract for all."""
