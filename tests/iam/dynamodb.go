package iam

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Keys are the partition keys of a DynamoDB table: the attribute that dynamodb:LeadingKeys
// has the values of.
type Keys struct {
	Partition string
	// Indexes are those of its indexes, by name.
	Indexes map[string]string
}

// item is what requests have of items and keys: attribute values by name.
type item map[string]map[string]any

// dynamoRequest is what of a request says which resources and keys it is about.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
type dynamoRequest struct {
	TableName, IndexName   string
	Key, Item              item
	KeyConditionExpression string
	Names                  map[string]string         `json:"ExpressionAttributeNames"`
	Values                 map[string]map[string]any `json:"ExpressionAttributeValues"`
	TransactItems          []map[string]dynamoRequest
	RequestItems           json.RawMessage
}

// dynamoTransaction are the actions of a transaction's parts; the transaction itself has none.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
var dynamoTransaction = map[string]string{
	"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem",
}

// dynamoPlace is where tables are.
type dynamoPlace struct {
	prefix string // of the ARNs: arn:aws:dynamodb:REGION:ACCOUNT:
	tables map[string]Keys
}

// calls are what an operation is in terms of IAM: one call for each action and resource.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
func (p dynamoPlace) calls(operation string, body []byte) ([]Call, error) {
	var r dynamoRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	var calls []Call
	switch operation {
	case "TransactWriteItems", "TransactGetItems":
		for _, part := range r.TransactItems {
			for kind, sub := range part {
				calls = append(calls, p.call(dynamoTransaction[kind], &sub))
			}
		}
	case "BatchGetItem", "BatchWriteItem":
		return p.batch(operation, r.RequestItems)
	default:
		calls = []Call{p.call(operation, &r)}
	}
	return calls, nil
}

func (p dynamoPlace) call(action string, r *dynamoRequest) Call {
	c := Call{Action: "dynamodb:" + action, Resource: "*"}
	if r.TableName == "" {
		return c
	}
	keys := p.tables[r.TableName]
	partition := keys.Partition
	c.Resource = p.prefix + "table/" + r.TableName
	if r.IndexName != "" {
		c.Resource += "/index/" + r.IndexName
		partition = keys.Indexes[r.IndexName]
	}
	var leading []string
	for _, i := range []item{r.Key, r.Item} {
		leading = append(leading, values(i[partition])...)
	}
	leading = append(leading, r.conditionOn(partition)...)
	if leading != nil {
		c.Context = map[string][]string{"dynamodb:leadingkeys": leading}
	}
	return c
}

// values are those of an attribute: {"S": "x"}.
func values(attribute map[string]any) []string {
	var all []string
	for _, v := range attribute {
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// equality is the part of a key condition that names a partition.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
var equality = regexp.MustCompile(`([#A-Za-z_][\w.-]*)\s*=\s*(:\w+)`)

func (r *dynamoRequest) conditionOn(partition string) []string {
	for _, match := range equality.FindAllStringSubmatch(r.KeyConditionExpression, -1) {
		name := match[1]
		if strings.HasPrefix(name, "#") {
			name = r.Names[name]
		}
		if name == partition {
			return values(r.Values[match[2]])
		}
	}
	return nil
}

func (p dynamoPlace) batch(operation string, items json.RawMessage) ([]Call, error) {
	var calls []Call
	if operation == "BatchGetItem" {
		var tables map[string]struct{ Keys []item }
		if err := json.Unmarshal(items, &tables); err != nil {
			return nil, err
		}
		for table, in := range tables {
			for _, key := range in.Keys {
				calls = append(calls, p.call(operation, &dynamoRequest{TableName: table, Key: key}))
			}
		}
		return calls, nil
	}
	var tables map[string][]struct {
		PutRequest    struct{ Item item }
		DeleteRequest struct{ Key item }
	}
	if err := json.Unmarshal(items, &tables); err != nil {
		return nil, err
	}
	for table, writes := range tables {
		for _, w := range writes {
			calls = append(calls, p.call(operation, &dynamoRequest{TableName: table, Key: w.DeleteRequest.Key, Item: w.PutRequest.Item}))
		}
	}
	return calls, nil
}
