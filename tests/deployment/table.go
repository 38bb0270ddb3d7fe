package deployment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// Table is a DynamoDB table.
type Table struct {
	URN, Name, ARN string
	// PartitionKey and the others name attributes; SortKey may be empty.
	PartitionKey, SortKey string
	// TTL is the attribute that expires items; empty when nothing does.
	TTL string
	// Attributes are the types ("S", "N") of keys by name.
	Attributes map[string]string
	Indexes    []Index
}

// Index is a global secondary one.
type Index struct {
	Name, PartitionKey, SortKey string
	// Projection is KEYS_ONLY, ALL or INCLUDE, which Include belongs to.
	Projection string
	Include    []string
}

func (d *Deployment) readTables(s state) error {
	var errs []error
	for _, r := range s.of("dynamodb/table:Table") {
		t, err := readTable(r)
		errs = append(errs, err)
		d.Tables = append(d.Tables, t)
	}
	return errors.Join(errs...)
}

func readTable(r *resource) (*Table, error) {
	var o struct {
		Name       string `json:"name"`
		ARN        string `json:"arn"`
		HashKey    string `json:"hashKey"`
		RangeKey   string `json:"rangeKey,omitempty"`
		Attributes []struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"attributes"`
		Indexes []struct {
			Name       string   `json:"name"`
			HashKey    string   `json:"hashKey"`
			RangeKey   string   `json:"rangeKey"`
			Projection string   `json:"projectionType"`
			Include    []string `json:"nonKeyAttributes"`
		} `json:"globalSecondaryIndexes,omitempty"`
		TTL struct {
			Attribute string `json:"attributeName"`
			Enabled   bool   `json:"enabled"`
		} `json:"ttl,omitempty"`
	}
	if err := r.decode(&o); err != nil {
		return nil, err
	}
	t := &Table{URN: r.URN, Name: o.Name, ARN: o.ARN, PartitionKey: o.HashKey, SortKey: o.RangeKey, Attributes: map[string]string{}}
	if o.TTL.Enabled {
		t.TTL = o.TTL.Attribute
	}
	for _, a := range o.Attributes {
		t.Attributes[a.Name] = a.Type
	}
	for _, x := range o.Indexes {
		t.Indexes = append(t.Indexes, Index{
			Name: x.Name, PartitionKey: x.HashKey, SortKey: x.RangeKey, Projection: x.Projection, Include: x.Include,
		})
	}
	return t, nil
}

// Create makes the table in the DynamoDB at endpoint, which tells callers apart by nothing:
// DynamoDB Local with -sharedDb. A schema that DynamoDB refuses is an error with its words.
func (t *Table) Create(ctx context.Context, endpoint string) error {
	names := make([]map[string]string, 0, len(t.Attributes))
	for name, kind := range t.Attributes {
		names = append(names, map[string]string{"AttributeName": name, "AttributeType": kind})
	}
	slices.SortFunc(names, func(a, b map[string]string) int {
		return bytes.Compare([]byte(a["AttributeName"]), []byte(b["AttributeName"]))
	})
	in := map[string]any{
		"TableName": t.Name, "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": names, "KeySchema": keySchema(t.PartitionKey, t.SortKey),
	}
	var indexes []any
	for _, x := range t.Indexes {
		projection := map[string]any{"ProjectionType": x.Projection}
		if len(x.Include) > 0 {
			projection["NonKeyAttributes"] = x.Include
		}
		indexes = append(indexes, map[string]any{"IndexName": x.Name, "KeySchema": keySchema(x.PartitionKey, x.SortKey), "Projection": projection})
	}
	if indexes != nil {
		in["GlobalSecondaryIndexes"] = indexes
	}
	if _, err := t.call(ctx, endpoint, "CreateTable", in); err != nil || t.TTL == "" {
		return err
	}
	_, err := t.call(ctx, endpoint, "UpdateTimeToLive", map[string]any{
		"TableName": t.Name, "TimeToLiveSpecification": map[string]any{"AttributeName": t.TTL, "Enabled": true},
	})
	return err
}

// Items are what is in the table: attributes by name, each by its type ("S", "N"). It reads
// one page, 1 MB.
func (t *Table) Items(ctx context.Context, endpoint string) ([]map[string]map[string]any, error) {
	answer, err := t.call(ctx, endpoint, "Scan", map[string]any{"TableName": t.Name, "ConsistentRead": true})
	if err != nil {
		return nil, err
	}
	var page struct{ Items []map[string]map[string]any }
	if err := json.Unmarshal(answer, &page); err != nil {
		return nil, fmt.Errorf("deployment: %s: %w", t.URN, err)
	}
	return page.Items, nil
}

// Delete deletes the table with what is in it.
func (t *Table) Delete(ctx context.Context, endpoint string) error {
	_, err := t.call(ctx, endpoint, "DeleteTable", map[string]any{"TableName": t.Name})
	return err
}

func keySchema(partition, sort string) []map[string]string {
	keys := []map[string]string{{"AttributeName": partition, "KeyType": "HASH"}}
	if sort != "" {
		keys = append(keys, map[string]string{"AttributeName": sort, "KeyType": "RANGE"})
	}
	return keys
}

// call needs no SDK: DynamoDB Local reads of the signature only that there is one.
func (t *Table) call(ctx context.Context, endpoint, operation string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("deployment: %s: %w", t.URN, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("deployment: %s: %w", t.URN, err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=deployment/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=none")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("deployment: %s: %s: %w", t.URN, operation, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return nil, errors.Join(err, fmt.Errorf("deployment: %s: %s: %s %s", t.URN, operation, res.Status, answer))
	}
	return answer, nil
}
