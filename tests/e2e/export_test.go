package e2e

// For the tests of package e2e_test, which alone can import e2etest.
var (
	TestIsolationOf = testIsolation
	TestUpdateOf    = testUpdate
)
