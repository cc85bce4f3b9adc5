"""The MCP server: originals for agents without a shell; tool calls on stdin in, texts on stdout out."""
