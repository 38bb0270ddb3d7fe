// Usage: discover.mjs URL [TOKEN]
// Prints what the TypeScript SDK makes of the challenge to a request with that token, or
// with none, and of the metadata documents that the challenge leads to.
import {
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
} from "@modelcontextprotocol/sdk/client/auth.js";

const [address, token] = process.argv.slice(2);
const refusal = await fetch(address, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    ...(token && { Authorization: `Bearer ${token}` }),
  },
  body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
});
const challenge = extractWWWAuthenticateParams(refusal);
const resource = await discoverOAuthProtectedResourceMetadata(address, {
  resourceMetadataUrl: challenge.resourceMetadataUrl,
});
// Without the challenge's hint the SDK finds the document at the well-known path.
const wellKnown = await discoverOAuthProtectedResourceMetadata(address);

// The SDK refuses a document without the members that it needs for signing in: which?
const server = resource.authorization_servers[0];
let lacks = [];
try {
  await discoverAuthorizationServerMetadata(server);
} catch (error) {
  if (!error.issues) throw error;
  lacks = error.issues.map((issue) => issue.path.join("."));
}
const issuer = await (await fetch(`${server}/.well-known/oauth-authorization-server`)).json();
console.log(JSON.stringify({ status: refusal.status, challenge, resource, wellKnown, issuer, lacks }));
