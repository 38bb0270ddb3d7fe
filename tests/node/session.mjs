// What every client does: list the tools, add 2 and 3, ask who it is. Prints one JSON
// object for the Go test to judge.
export async function drive(client, protocol) {
  const { tools } = await client.listTools();
  const math = await client.callTool({ name: "math", arguments: { a: 2, b: 3 } });
  const whoami = await client.callTool({ name: "whoami", arguments: {} });
  console.log(JSON.stringify({
    protocol: protocol(),
    tools: tools.map((tool) => tool.name),
    math: math.structuredContent,
    whoami: whoami.structuredContent,
  }));
  await client.close();
}

// The token is in the environment: arguments are visible to every process.
export const [address] = process.argv.slice(2);
export const requestInit = { headers: { Authorization: `Bearer ${process.env.MCP_TOKEN}` } };
