"""The Model Context Protocol: a proxy before a server, and a server of its own."""
