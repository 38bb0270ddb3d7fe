// Usage: typescript-v1.mjs URL
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { address, drive, requestInit } from "./session.mjs";

const transport = new StreamableHTTPClientTransport(new URL(address), { requestInit });
const client = new Client({ name: "typescript-v1", version: "0" });
await client.connect(transport);
await drive(client, () => transport.protocolVersion);
