package pack

// Analyzed is analyzed, for tests that change what policies see.
var Analyzed = analyzed
