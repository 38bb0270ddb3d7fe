// Usage: sign-in.mjs URL legacy|auto|VERSION
// From a bare 401 to a tool call with the TypeScript SDK, its user in a browser that is
// not ours: it prints {"open": URL} when a page is to be opened, and waits for the answer
// on a loopback port. Then a tool that needs one scope more, and whoami again. At
// {"pause": true} it waits for a line on standard input; a call after that either works
// or fails, and a new connection is made.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";

const [address, choice] = process.argv.slice(2);
const say = (message) => console.log(JSON.stringify(message));
const answers = [];
const waiting = [];
const listener = createServer((request, response) => {
  const url = new URL(request.url, "http://127.0.0.1");
  if (url.pathname === "/callback") {
    const next = waiting.shift();
    next ? next(url.searchParams) : answers.push(url.searchParams);
  }
  response.end();
});
listener.listen(0, "127.0.0.1");
await once(listener, "listening");
const redirectUrl = `http://127.0.0.1:${listener.address().port}/callback`;
const answer = () => (answers.length ? answers.shift() : new Promise((resolve) => waiting.push(resolve)));

let information, tokens, verifier, state, discovery;
const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: "TypeScript SDK",
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  },
  state: () => (state = randomUUID()),
  clientInformation: () => information,
  saveClientInformation: (value) => void (information = value),
  tokens: () => tokens,
  saveTokens: (value) => void (tokens = value),
  codeVerifier: () => verifier,
  saveCodeVerifier: (value) => void (verifier = value),
  discoveryState: () => discovery,
  saveDiscoveryState: (value) => void (discovery = value),
  redirectToAuthorization: (url) => say({ open: url.href }),
};

const mode = choice === "legacy" || choice === "auto" ? choice : { pin: choice };
const newTransport = () => new StreamableHTTPClientTransport(new URL(address), { authProvider: provider });

async function finish(transport) {
  const parameters = await answer();
  if (parameters.get("state") !== state) throw new Error("the state is not ours");
  await transport.finishAuth(parameters);
}

async function connect() {
  for (;;) {
    const client = new Client({ name: "typescript-v2", version: "0" }, { versionNegotiation: { mode } });
    const transport = newTransport();
    try {
      await client.connect(transport);
      return { client, transport };
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      await finish(transport);
    }
  }
}

async function call({ client, transport }, name, args) {
  for (;;) {
    try {
      return (await client.callTool({ name, arguments: args })).structuredContent;
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      await finish(transport);
    }
  }
}

let connection = await connect();
const protocol = connection.client.getNegotiatedProtocolVersion();
const before = await call(connection, "whoami", {});
const { notebook } = await call(connection, "notebook_open", { title: "Groceries" });
const after = await call(connection, "whoami", {});
say({ pause: true });
await once(process.stdin, "data");
let status = 200;
try {
  await call(connection, "whoami", {});
} catch (error) {
  status = error.status ?? error.code ?? String(error);
}
connection = await connect();
const anew = await call(connection, "whoami", {});
await connection.client.close();
say({ result: { protocol, before, after, notebook, status, anew } });
process.exit(0);
