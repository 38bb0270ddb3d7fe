// Package seal protects values that leave the server and come back through a client,
// such as the `requestState` of a multi-round-trip request (MCP 2026-07-28). A sealed
// value can be neither read nor changed, and it opens only for the tenant, principal,
// client and operation that it was made for, until it expires.
//
// A Keyring fetches the root keys: from an AWS Secrets Manager secret (SecretsManager)
// or from a local file (File). Keys rotate without invalidating what is under way: new
// values are sealed with the current key, and the pending, current and previous ones
// open. A value outlives one rotation, so two rotations must be further apart than
// Keyring's MaxAge and Sealer's Lifetime together.
//
// A value is `v1.kid.nonce.ct`: the format, the id of the root key, then nonce and
// ciphertext of XChaCha20-Poly1305 in unpadded base64url. The cipher's key is derived
// from the root key by HKDF-SHA256 (RFC 5869) for one tenant and one purpose. XChaCha20
// has a nonce of 192 bits, so random ones do not collide however many are drawn.
package seal
