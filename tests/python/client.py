"""Usage: client.py URL legacy|auto|VERSION

What every client does: list the tools, add 2 and 3, ask who it is. Prints one JSON object
for the Go test to judge. The token is in the environment: arguments are visible to every
process.
"""

import asyncio
import json
import os
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def main(address: str, mode: str) -> None:
    headers = {"Authorization": "Bearer " + os.environ["MCP_TOKEN"]}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(address, http_client=http), mode=mode) as client:
            tools = await client.list_tools()
            math = await client.call_tool("math", {"a": 2, "b": 3})
            whoami = await client.call_tool("whoami", {})
            print(json.dumps({
                "protocol": client.protocol_version,
                "tools": [tool.name for tool in tools.tools],
                "math": math.structured_content,
                "whoami": whoami.structured_content,
            }))


asyncio.run(main(*sys.argv[1:]))
