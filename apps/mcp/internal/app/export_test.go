package app

// Flushed is what a server behind the Lambda Web Adapter serves.
var Flushed = flushed
