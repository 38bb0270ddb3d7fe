package schema

// Grant is what a store does with the table, or with one of its indexes.
type Grant struct {
	// Index is empty for the table itself.
	Index string
	// Actions are names of IAM, sorted. A transaction needs those of the requests in it.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
	Actions []string
}

// Operations returns the operations of DynamoDB's API that package dynamostore calls, sorted: what its metrics call
// Operation. A transaction is one of them, where IAM sees the requests in it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func Operations() []string { return []string{"GetItem", "Query", "TransactWriteItems", "UpdateItem"} }

// Access returns the requests that package dynamostore makes, all of them and no other: a
// policy that allows these is the least that it works with.
func Access() []Grant {
	return []Grant{
		{Actions: []string{"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"}},
		{Index: IndexByHandle, Actions: []string{"dynamodb:Query"}},
		{Index: IndexByTenant, Actions: []string{"dynamodb:Query"}},
	}
}
