"""Usage: client.py [URL]

Calls an MCP server from a bare 401 on: the SDK finds the authorization server, registers,
and asks for a sign-in with PKCE; the page to sign in on is printed. The token stays in memory.
"""

import asyncio
import os
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken


class Memory:
    """Where the SDK keeps tokens and registration; both end with the process."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Loopback:
    """The redirect URI of a program on the user's machine (RFC 8252, section 7.3)."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[AuthorizationCodeResult] = asyncio.Queue()

    async def listen(self) -> str:
        port = os.environ.get("MCP_CALLBACK_PORT")
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", int(port or 0))
        if port:  # registered by name: Amazon Cognito takes http for no other host
            return f"http://localhost:{port}/callback"
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/callback"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readline()).decode().split(" ")[1]
        while (await reader.readline()).strip():  # the header
            pass
        address = urlsplit(target)
        if address.path == "/callback":  # browsers ask for an icon as well
            got = {name: values[0] for name, values in parse_qs(address.query).items()}
            # An answer without a code is a refusal, which the SDK turns into an error.
            await self.answers.put(AuthorizationCodeResult(code=got.get("code", ""), state=got.get("state"), iss=got.get("iss")))
        text = b"You can close this page.\n"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
        await writer.drain()
        writer.close()


async def show(address: str) -> None:
    print("Open this page in a browser:", address, flush=True)


async def main(address: str) -> None:
    loopback, memory = Loopback(), Memory()
    redirect = await loopback.listen()
    if client_id := os.environ.get("MCP_CLIENT_ID"):
        memory.client = OAuthClientInformationFull(client_id=client_id, redirect_uris=[redirect], token_endpoint_auth_method="none")
    auth = OAuthClientProvider(
        server_url=address,
        client_metadata=OAuthClientMetadata(
            client_name="Python example",
            redirect_uris=[redirect],
            grant_types=["authorization_code", "refresh_token"],
            token_endpoint_auth_method="none",
        ),
        storage=memory,
        redirect_handler=show,
        callback_handler=loopback.answers.get,
    )
    async with httpx2.AsyncClient(auth=auth, timeout=httpx2.Timeout(30, read=300)) as http:
        async with Client(streamable_http_client(address, http_client=http), mode="auto") as client:
            await use(client)


async def use(client: Client) -> None:
    me = (await client.call_tool("whoami", {})).structured_content
    print(f"signed in: {me['subject']} of {me['tenant']}")
    tools = await client.list_tools()
    print("tools:", ", ".join(tool.name for tool in tools.tools))
    math = (await client.call_tool("math", {"a": 2, "b": 3})).structured_content
    print("math: 2 + 3 =", math["sum"])
    # The token does not have the scope of this tool: the server answers 403 with the scopes
    # that it takes, and the SDK asks the user once more.
    opened = (await client.call_tool("notebook_open", {"title": "Groceries"})).structured_content
    # The handle is as good as a session id: it goes into calls, and is not shown.
    added = (await client.call_tool("notebook_append", {"notebook": opened["notebook"], "text": "Milk"})).structured_content
    print("notebook: entries =", added["entries"])


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080/mcp"))
