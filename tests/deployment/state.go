package deployment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// resource is one of the state's. Inputs are what the program asked for, outputs what there
// is.
type resource struct {
	URN     string         `json:"urn"`
	Type    string         `json:"type"`
	ID      string         `json:"id"`
	Inputs  map[string]any `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
}

// state is a Pulumi deployment export.
type state []*resource

func readState(r io.Reader) (state, error) {
	var export struct {
		Version    int `json:"version"`
		Deployment struct {
			Resources []*resource `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.NewDecoder(r).Decode(&export); err != nil {
		return nil, fmt.Errorf("deployment: state: %w", err)
	}
	if export.Version != 3 || len(export.Deployment.Resources) == 0 {
		return nil, fmt.Errorf("deployment: state: version %d with %d resources is no export of a deployed stack",
			export.Version, len(export.Deployment.Resources))
	}
	for _, res := range export.Deployment.Resources {
		for _, properties := range []map[string]any{res.Inputs, res.Outputs} {
			for name, value := range properties {
				shown, err := show(value)
				if err != nil {
					return nil, fmt.Errorf("deployment: %s: %s: %w", res.URN, name, err)
				}
				properties[name] = shown
			}
		}
	}
	return export.Deployment.Resources, nil
}

// Values that are more than JSON are objects with this key; secretSignature marks a secret.
// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
const (
	signatureKey    = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

var errHidden = errors.New("a secret that is not shown; export with secrets")

// show replaces secrets by what they are.
func show(value any) (any, error) {
	switch v := value.(type) {
	case []any:
		for i := range v {
			shown, err := show(v[i])
			if err != nil {
				return nil, err
			}
			v[i] = shown
		}
	case map[string]any:
		if v[signatureKey] == secretSignature {
			plain, ok := v["plaintext"].(string)
			if !ok {
				return nil, errHidden
			}
			var inner any
			if err := json.Unmarshal([]byte(plain), &inner); err != nil {
				return nil, fmt.Errorf("a secret: %w", err)
			}
			return show(inner)
		}
		for key := range v {
			shown, err := show(v[key])
			if err != nil {
				return nil, err
			}
			v[key] = shown
		}
	}
	return value, nil
}

// of are the resources of a type, such as "lambda/function:Function".
func (s state) of(kind string) []*resource {
	var all []*resource
	for _, r := range s {
		if r.Type == "aws:"+kind {
			all = append(all, r)
		}
	}
	return all
}

// one is the only resource of a type; nil without an error when there is none.
func (s state) one(kind string) (*resource, error) {
	all := s.of(kind)
	if len(all) > 1 {
		return nil, fmt.Errorf("%s and %s: two of one type, and only one is expected", all[0].URN, all[1].URN)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all[0], nil
}

// must is one that is needed because of something else.
func (s state) must(kind, because string) (*resource, error) {
	r, err := s.one(kind)
	if err == nil && r == nil {
		err = fmt.Errorf("%s: there is no aws:%s beside it", because, kind)
	}
	return r, err
}

// decode reads the outputs into a struct. Fields whose tag has no "omitempty" have to be
// there.
func (r *resource) decode(v any) error {
	document, err := json.Marshal(r.Outputs)
	if err != nil {
		return r.errorf("%w", err)
	}
	if err := json.Unmarshal(document, v); err != nil {
		return r.errorf("%w", err)
	}
	var missing []string
	fields := reflect.ValueOf(v).Elem()
	for i := range fields.NumField() {
		name, options, _ := strings.Cut(fields.Type().Field(i).Tag.Get("json"), ",")
		if options != "omitempty" && fields.Field(i).IsZero() {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return r.errorf("has no %s", strings.Join(missing, ", "))
	}
	return nil
}

func (r *resource) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: "+format, append([]any{r.URN}, args...)...)
}

// name is the logical one, the last part of the URN.
func (r *resource) name() string { return r.URN[strings.LastIndex(r.URN, "::")+2:] }
