// Package observe is what operators see of the server: a logger, the audit log, and
// pseudonyms in place of people. No id of a session, handle, token or subject gets into
// either log.
package observe
