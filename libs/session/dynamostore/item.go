package dynamostore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/dynamostore/schema"
)

// errMalformed is an item that this package did not write.
var errMalformed = errors.New("malformed item")

type item map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func integer(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func binary(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

func boolean(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func (i item) number(name string) (int64, error) {
	n, ok := i[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("%w: %s is no number", errMalformed, name)
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w", errMalformed, name, err)
	}
	return v, nil
}

// text is empty when the attribute is absent.
func (i item) text(name string) string {
	s, ok := i[name].(*types.AttributeValueMemberS)
	if !ok {
		return ""
	}
	return s.Value
}

func partition(k session.Key) string { return schema.Partition(k.Owner.Tenant, k.Owner.Hash()) }

func headerKey(k session.Key) item {
	return item{
		schema.PartitionKey: text(partition(k)),
		schema.SortKey:      text(schema.HeaderSort(string(k.Kind), string(k.Hash))),
	}
}

func dataKey(k session.Key) item {
	return item{
		schema.PartitionKey: text(partition(k)),
		schema.SortKey:      text(schema.DataSort(string(k.Kind), string(k.Hash))),
	}
}

func headerItem(r session.Record) item {
	i := headerKey(r.Key)
	i[schema.Version] = integer(r.Version)
	i[schema.Created] = integer(r.Created.Unix())
	i[schema.Seen] = integer(r.Seen.Unix())
	i[schema.Expires] = integer(r.Expires.Unix())
	i[schema.Absolute] = integer(r.Absolute.Unix())
	i[schema.Confirmed] = boolean(r.Confirmed)
	i[schema.Size] = integer(int64(r.Size))
	i[schema.Protocol] = text(r.Protocol)
	i[schema.Client] = text(r.Client)
	i[schema.ClientID] = text(r.ClientID)
	i[schema.LogLevel] = text(r.LogLevel)
	if r.Key.Kind != session.KindNonce {
		i[schema.Tenant] = text(schema.TenantShard(r.Key.Owner.Tenant, schema.ShardOf(string(r.Key.Hash))))
	}
	return i
}

func dataItem(r session.Record, data []byte) item {
	i := dataKey(r.Key)
	i[schema.Version] = integer(r.Version)
	i[schema.Expires] = integer(r.Absolute.Unix())
	i[schema.Data] = binary(data)
	return i
}

func record(k session.Key, i item) (session.Record, error) {
	var errs []error
	number := func(name string) int64 {
		n, err := i.number(name)
		errs = append(errs, err)
		return n
	}
	date := func(name string) time.Time { return time.Unix(number(name), 0).UTC() }
	confirmed, _ := i[schema.Confirmed].(*types.AttributeValueMemberBOOL)
	r := session.Record{
		Key: k, Version: number(schema.Version), Size: int(number(schema.Size)),
		Created: date(schema.Created), Seen: date(schema.Seen),
		Expires: date(schema.Expires), Absolute: date(schema.Absolute),
		Confirmed: confirmed != nil && confirmed.Value,
		Protocol:  i.text(schema.Protocol), Client: i.text(schema.Client),
		ClientID: i.text(schema.ClientID), LogLevel: i.text(schema.LogLevel),
	}
	if err := errors.Join(errs...); err != nil {
		return session.Record{}, err
	}
	return r, nil
}

// expression is an update and its condition. All names are placeholders, because some are
// reserved words (data, size).
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
type expression struct {
	sets, conditions []string
	names            map[string]string
	values           item
}

// existing is an expression that demands that the item is there: UpdateItem would make it.
func existing() *expression {
	return &expression{
		conditions: []string{"attribute_exists(" + schema.PartitionKey + ")"},
		names:      map[string]string{},
		values:     item{},
	}
}

func (e *expression) set(name string, v types.AttributeValue) {
	e.names["#"+name] = name
	e.values[":"+name] = v
	e.sets = append(e.sets, "#"+name+" = :"+name)
}

// demand adds the condition `name operator v`.
func (e *expression) demand(name, operator string, v types.AttributeValue) {
	e.names["#"+name] = name
	e.values[":if_"+name] = v
	e.conditions = append(e.conditions, "#"+name+" "+operator+" :if_"+name)
}

func (e *expression) update() *string    { return aws.String("SET " + strings.Join(e.sets, ", ")) }
func (e *expression) condition() *string { return aws.String(strings.Join(e.conditions, " AND ")) }

func headerChange(c session.Change) *expression {
	e := existing()
	e.demand(schema.Expires, ">", integer(c.Now.Unix()))
	if c.Seen != nil {
		e.set(schema.Seen, integer(c.Seen.Unix()))
	}
	if c.Expires != nil {
		e.set(schema.Expires, integer(c.Expires.Unix()))
	}
	if c.Confirmed != nil {
		e.set(schema.Confirmed, boolean(*c.Confirmed))
	}
	if c.LogLevel != nil {
		e.set(schema.LogLevel, text(*c.LogLevel))
	}
	if c.Data != nil {
		e.demand(schema.Version, "=", integer(c.IfVersion))
		e.set(schema.Version, integer(c.IfVersion+1))
		e.set(schema.Size, integer(int64(len(c.Data))))
	}
	return e
}

func dataChange(c session.Change) *expression {
	e := existing()
	e.set(schema.Version, integer(c.IfVersion+1))
	e.set(schema.Data, binary(c.Data))
	return e
}
