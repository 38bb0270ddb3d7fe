// Package session keeps sessions that belong to one tenant and one user.
//
// A Store holds records; a Registry applies the rules: ids of 256 random bits of which
// only a hash is stored, an idle and an absolute lifetime, a cap per principal,
// optimistic updates, and one answer for unknown, foreign, expired and revoked.
package session
