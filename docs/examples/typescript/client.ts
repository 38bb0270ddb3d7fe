// Usage: node client.ts [URL]
//
// Calls an MCP server from a bare 401 on: the SDK finds the authorization server, registers,
// and asks for a sign-in with PKCE; the page to sign in on is printed. The token stays in
// memory.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import type { OAuthClientProvider } from "@modelcontextprotocol/client";

// The redirect URI of a program on the user's machine (RFC 8252, section 7.3).
const answers: URLSearchParams[] = [];
const loopback = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  response.setHeader("Connection", "close").end("You can close this page.\n");
  if (url.pathname === "/callback") { // browsers ask for an icon as well
    answers.push(url.searchParams);
    loopback.emit("answer");
  }
});
const port = process.env.MCP_CALLBACK_PORT;
loopback.listen(Number(port ?? 0), "127.0.0.1");
await once(loopback, "listening");
// A port is registered by name: Amazon Cognito takes http for no other host.
const redirectUrl = `http://${port ? "localhost" : "127.0.0.1"}:${(loopback.address() as AddressInfo).port}/callback`;

// What the SDK asks to be kept; all of it ends with the process.
let state: string;
let verifier: string;
let client: Awaited<ReturnType<OAuthClientProvider["clientInformation"]>>;
if (process.env.MCP_CLIENT_ID) client = { client_id: process.env.MCP_CLIENT_ID };
let tokens: Awaited<ReturnType<OAuthClientProvider["tokens"]>>;
let discovery: Parameters<NonNullable<OAuthClientProvider["saveDiscoveryState"]>>[0] | undefined;
const authProvider: OAuthClientProvider = {
  redirectUrl,
  clientMetadata: {
    client_name: "TypeScript example",
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  },
  state: () => (state = randomUUID()),
  codeVerifier: () => verifier,
  saveCodeVerifier: (value) => void (verifier = value),
  clientInformation: () => client,
  saveClientInformation: (value) => void (client = value),
  tokens: () => tokens,
  saveTokens: (value) => void (tokens = value),
  discoveryState: () => discovery,
  saveDiscoveryState: (value) => void (discovery = value),
  redirectToAuthorization: (url) => console.log(`Open this page in a browser: ${url.href}`),
};

const address = new URL(process.argv[2] ?? "http://127.0.0.1:8080/mcp");
let transport: StreamableHTTPClientTransport;

// Does what it is given, and again each time that the user has signed in for it.
async function signedIn<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      if (answers.length === 0) await once(loopback, "answer");
      const answer = answers.shift()!;
      if (answer.get("state") !== state) throw new Error("the answer is to another request than ours");
      await transport.finishAuth(answer);
    }
  }
}

const mcp = await signedIn(async () => {
  const attempt = new Client({ name: "typescript-example", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
  transport = new StreamableHTTPClientTransport(address, { authProvider });
  await attempt.connect(transport);
  return attempt;
});

const call = async (name: string, args: Record<string, unknown>) =>
  (await signedIn(() => mcp.callTool({ name, arguments: args }))).structuredContent as Record<string, unknown>;

const me = await call("whoami", {});
console.log(`signed in: ${me.subject} of ${me.tenant}`);
const { tools } = await signedIn(() => mcp.listTools());
console.log(`tools: ${tools.map((tool) => tool.name).join(", ")}`);
const math = await call("math", { a: 2, b: 3 });
console.log(`math: 2 + 3 = ${math.sum}`);
// The token does not have the scope of this tool: the server answers 403 with the scopes that
// it takes, and the SDK asks the user once more.
const { notebook } = await call("notebook_open", { title: "Groceries" });
// The handle is as good as a session id: it goes into calls, and is not shown.
const { entries } = await call("notebook_append", { notebook, text: "Milk" });
console.log(`notebook: entries = ${entries}`);
await mcp.close();
loopback.close();
