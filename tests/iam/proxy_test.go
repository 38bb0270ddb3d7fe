package iam

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:sealing-AbCdEf"

// proxied is a proxy in front of services that answer "served", for one role with statements.
func proxied(t *testing.T, context map[string][]string, statements string) *Proxy {
	t.Helper()
	policy, err := Parse("p", []byte(`{"Version": "2012-10-17", "Statement": [`+statements+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	served := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if signed := r.Header.Get("Authorization"); strings.Contains(signed, "dynamodb") && !strings.Contains(signed, "Credential=local/") {
			t.Errorf("DynamoDB Local would refuse the key id: %s", signed)
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, "served "+string(body))
	})
	server := httptest.NewServer(served)
	t.Cleanup(server.Close)
	p, err := NewProxy(ProxyConfig{
		Callers: map[string]Caller{"AKIAMCP": {Role: "mcp-role", Session: "mcp", Policies: []Policy{policy}, Context: context}},
		Account: "111122223333", DynamoDB: server.URL, Secrets: served,
		Tables: map[string]Keys{"sessions": {Partition: "pk", Indexes: map[string]string{"by-tenant": "tenant"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func call(p *Proxy, key, target, body string) (answer string) {
	service := "dynamodb"
	if strings.HasPrefix(target, "secretsmanager") {
		service = "secretsmanager"
	} else {
		target = "DynamoDB_20120810." + target
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/eu-central-1/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Body.String()
}

func TestProxy(t *testing.T) {
	t.Parallel()
	const (
		get      = `{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "` + table + `"}`
		query    = `{"Effect": "Allow", "Action": "dynamodb:Query", "Resource": "` + table + `/index/by-tenant"}`
		put      = `{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "` + table + `"}`
		check    = `{"Effect": "Allow", "Action": "dynamodb:ConditionCheckItem", "Resource": "` + table + `"}`
		transact = `{"TransactItems": [{"Put": {"TableName": "sessions", "Item": {"pk": {"S": "a"}}}}, {"ConditionCheck": {"TableName": "sessions", "Key": {"pk": {"S": "b"}}}}]}`
	)
	for name, tt := range map[string]struct {
		statements, key, target, body, denied string
	}{
		"allowed":           {get, "AKIAMCP", "GetItem", `{"TableName": "sessions", "Key": {"pk": {"S": "a"}}}`, ""},
		"nobody's key":      {get, "AKIAOTHER", "GetItem", `{"TableName": "sessions"}`, "UnrecognizedClientException"},
		"another table":     {get, "AKIAMCP", "GetItem", `{"TableName": "other"}`, "GetItem on resource: arn:aws:dynamodb:eu-central-1:111122223333:table/other"},
		"another action":    {get, "AKIAMCP", "PutItem", `{"TableName": "sessions"}`, "dynamodb:PutItem"},
		"a scan":            {get, "AKIAMCP", "Scan", `{"TableName": "sessions"}`, "dynamodb:Scan"},
		"PartiQL":           {get, "AKIAMCP", "ExecuteStatement", `{"Statement": "SELECT * FROM sessions"}`, "AccessDeniedException"},
		"an index":          {query, "AKIAMCP", "Query", `{"TableName": "sessions", "IndexName": "by-tenant"}`, ""},
		"another index":     {query, "AKIAMCP", "Query", `{"TableName": "sessions", "IndexName": "by-handle"}`, "table/sessions/index/by-handle"},
		"the table itself":  {query, "AKIAMCP", "Query", `{"TableName": "sessions"}`, "table/sessions because"},
		"a transaction":     {put + "," + check, "AKIAMCP", "TransactWriteItems", transact, ""},
		"half of it":        {put, "AKIAMCP", "TransactWriteItems", transact, "dynamodb:ConditionCheckItem"},
		"the other half":    {check, "AKIAMCP", "TransactWriteItems", transact, "dynamodb:PutItem"},
		"a batch":           {put, "AKIAMCP", "BatchWriteItem", `{"RequestItems": {"sessions": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}]}}`, "dynamodb:BatchWriteItem"},
		"the secret":        {`{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "` + secret + `"}`, "AKIAMCP", "secretsmanager.GetSecretValue", `{"SecretId": "` + secret + `"}`, ""},
		"another secret":    {`{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "` + secret + `"}`, "AKIAMCP", "secretsmanager.GetSecretValue", `{"SecretId": "` + secret + `x"}`, "GetSecretValue on resource"},
		"writing it":        {`{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "` + secret + `"}`, "AKIAMCP", "secretsmanager.PutSecretValue", `{"SecretId": "` + secret + `"}`, "PutSecretValue"},
		"a secret's region": {`{"Effect": "Allow", "Action": "*", "Resource": "*"}`, "AKIAMCP", "secretsmanager.GetSecretValue", `{"SecretId": "` + strings.ReplaceAll(secret, "eu-central-1", "eu-west-1") + `"}`, "ValidationException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proxied(t, nil, tt.statements)
			got := call(p, tt.key, tt.target, tt.body)
			if tt.denied == "" && (got != "served "+tt.body || p.Denied() != nil || len(p.Unused()) > 0) {
				t.Errorf("%s, denied %q, unused %q", got, p.Denied(), p.Unused())
			}
			if tt.denied != "" && (!strings.Contains(got, tt.denied) || len(p.Denied()) != 1) {
				t.Errorf("%s, denied %q", got, p.Denied())
			}
		})
	}
}

// The keys of every kind of call are those that the condition holds.
func TestRule42LeadingKeys(t *testing.T) {
	t.Parallel()
	const leading = `{"Effect": "Allow", "Action": "dynamodb:*", "Resource": ["` + table + `", "` + table + `/index/*"], "Condition": {
		"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "T#${aws:PrincipalTag/tenant}#*"}, "Null": {"dynamodb:LeadingKeys": "false"}}}`
	for name, tt := range map[string]struct{ target, body string }{
		"GetItem":    {"GetItem", `{"TableName": "sessions", "Key": {"pk": {"S": "T#acme#1"}}}`},
		"PutItem":    {"PutItem", `{"TableName": "sessions", "Item": {"pk": {"S": "T#acme#1"}, "sk": {"S": "T#globex#1"}}}`},
		"Query":      {"Query", `{"TableName": "sessions", "KeyConditionExpression": "#0 = :0 AND begins_with(sk, :1)", "ExpressionAttributeNames": {"#0": "pk"}, "ExpressionAttributeValues": {":0": {"S": "T#acme#1"}, ":1": {"S": "x"}}}`},
		"an index":   {"Query", `{"TableName": "sessions", "IndexName": "by-tenant", "KeyConditionExpression": "n > :1 AND tenant = :0", "ExpressionAttributeValues": {":0": {"S": "T#acme#1"}, ":1": {"N": "1"}}}`},
		"BatchGet":   {"BatchGetItem", `{"RequestItems": {"sessions": {"Keys": [{"pk": {"S": "T#acme#1"}}]}}}`},
		"BatchWrite": {"BatchWriteItem", `{"RequestItems": {"sessions": [{"DeleteRequest": {"Key": {"pk": {"S": "T#acme#1"}}}}]}}`},
		"a delete":   {"TransactWriteItems", `{"TransactItems": [{"Delete": {"TableName": "sessions", "Key": {"pk": {"S": "T#acme#1"}}}}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proxied(t, map[string][]string{"aws:principaltag/tenant": {"acme"}}, leading)
			if got := call(p, "AKIAMCP", tt.target, tt.body); !strings.HasPrefix(got, "served") {
				t.Errorf("own key: %s", got)
			}
			if got := call(p, "AKIAMCP", tt.target, strings.ReplaceAll(tt.body, "T#acme#", "T#globex#")); !strings.Contains(got, "AccessDenied") {
				t.Errorf("foreign key: %s", got)
			}
		})
	}
	p := proxied(t, map[string][]string{"aws:principaltag/tenant": {"acme"}}, leading)
	if got := call(p, "AKIAMCP", "Scan", `{"TableName": "sessions"}`); !strings.Contains(got, "AccessDenied") {
		t.Errorf("no keys: %s", got)
	}
}

func TestUnused(t *testing.T) {
	t.Parallel()
	p := proxied(t, nil, `{"Sid": "Read", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "`+table+`"},
		{"Sid": "Write", "Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "`+table+`"},
		{"Sid": "Logs", "Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}`)
	call(p, "AKIAMCP", "GetItem", `{"TableName": "sessions"}`)
	if got := p.Unused(); !slices.Equal(got, []string{"mcp-role: p/Write"}) {
		t.Errorf("%q", got)
	}
}

// A condition that the proxy has no value for is nothing to decide by.
func TestProxyRefusesConditions(t *testing.T) {
	t.Parallel()
	for statement, bad := range map[string]bool{
		`{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*", "Condition": {"StringEquals": {"dynamodb:Select": "COUNT"}}}`:                        true,
		`{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {"kms:ViaService": "x"}}}`:                                  false,
		`{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*", "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:r:a:function:f"}}}`: false,
	} {
		policy, err := Parse("p", []byte(`{"Version": "2012-10-17", "Statement": [`+statement+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = NewProxy(ProxyConfig{Callers: map[string]Caller{"AKIA": {Role: "mcp-role", Policies: []Policy{policy}}}})
		if (err != nil) != bad || bad && !strings.Contains(err.Error(), "mcp-role: p/0") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
