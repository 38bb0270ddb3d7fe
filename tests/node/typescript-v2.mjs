// Usage: typescript-v2.mjs URL legacy|auto|VERSION
// A version pins the client to it: it fails rather than fall back.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { address, drive, requestInit } from "./session.mjs";

const choice = process.argv[3];
const mode = choice === "legacy" || choice === "auto" ? choice : { pin: choice };
const client = new Client({ name: "typescript-v2", version: "0" }, { versionNegotiation: { mode } });
await client.connect(new StreamableHTTPClientTransport(new URL(address), { requestInit }));
await drive(client, () => client.getNegotiatedProtocolVersion());
