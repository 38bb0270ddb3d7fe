// Package pages is what a browser shows on the local server: sign-in and consent for the
// authorization server of devidp, the sessions of who is signed in, and a form for every
// tool. It is plain HTML that works without JavaScript and loads nothing from elsewhere.
//
// Its pages are of use to nobody but the person at the machine, so every route holds the
// Host to a list, and every post is held to the server's own Origin and to the CSRF token
// of its browser (RULES 32).
package pages
