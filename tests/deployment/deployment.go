// Package deployment reads the state of a deployed stack: what the Pulumi program made, with
// every name, ARN and id resolved. It is what the other packages run: functions and their
// roles, tables, and the API in front of them.
//
// What is missing, ambiguous, or not understood is an error that names the resource, so that
// the test bed does not decide by accident what AWS would do with it.
package deployment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Deployment is a deployed stack.
type Deployment struct {
	Functions []*Function
	Aliases   []*Alias
	// Invocations are those that the deployment made itself, in its order.
	Invocations []Invocation
	Tables      []*Table
	Secrets     []*Secret
	// REST or HTTP is the edge; the other is nil.
	REST *REST
	HTTP *HTTP
	// WebACL is nil when no firewall is in front of the REST API's stage.
	WebACL *WebACL
	// Outputs are the stack's.
	Outputs map[string]any
}

// Secret is one of Secrets Manager; its value is not in the state.
type Secret struct{ URN, Name, ARN string }

// WebACL is a firewall that is associated with the stage.
type WebACL struct {
	URN, ARN string
	// Document has the outputs of the resource, as JSON: tests/waf reads them.
	Document []byte
}

// Read reads a Pulumi deployment export with its secrets shown.
func Read(r io.Reader) (*Deployment, error) {
	s, err := readState(r)
	if err != nil {
		return nil, err
	}
	d := &Deployment{}
	errs := []error{d.readFunctions(s), d.readTables(s), d.readSecrets(s), d.readREST(s), d.readHTTP(s), d.readWebACL(s)}
	if (d.REST == nil) == (d.HTTP == nil) && errors.Join(errs...) == nil {
		errs = append(errs, errors.New("the state has to have one edge: a REST API or an HTTP API"))
	}
	for _, r := range s {
		if r.Type == "pulumi:pulumi:Stack" {
			d.Outputs = r.Outputs
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("deployment: %w", err)
	}
	return d, nil
}

func (d *Deployment) readSecrets(s state) error {
	var errs []error
	for _, r := range s.of("secretsmanager/secret:Secret") {
		var o struct {
			Name string `json:"name"`
			ARN  string `json:"arn"`
		}
		err := r.decode(&o)
		errs = append(errs, err)
		d.Secrets = append(d.Secrets, &Secret{URN: r.URN, Name: o.Name, ARN: o.ARN})
	}
	return errors.Join(errs...)
}

// readWebACL reads the firewall of the stage. One that is associated with something else, or
// with nothing, protects nothing (pulumi-aws#4782).
func (d *Deployment) readWebACL(s state) error {
	acl, err := s.one("wafv2/webAcl:WebAcl")
	if err != nil || acl == nil {
		return err
	}
	association, err := s.must("wafv2/webAclAssociation:WebAclAssociation", acl.URN)
	if err != nil {
		return err
	}
	var a struct {
		Resource string `json:"resourceArn"`
		ACL      string `json:"webAclArn"`
	}
	var o struct {
		ARN string `json:"arn"`
	}
	if err := errors.Join(association.decode(&a), acl.decode(&o)); err != nil {
		return err
	}
	if a.ACL != o.ARN {
		return association.errorf("associates %s, not %s", a.ACL, o.ARN)
	}
	if d.REST != nil && a.Resource != d.REST.StageARN {
		return association.errorf("protects %s, which is not the stage %s", a.Resource, d.REST.StageARN)
	}
	document, err := json.Marshal(acl.Outputs)
	if err != nil {
		return acl.errorf("%w", err)
	}
	d.WebACL = &WebACL{URN: acl.URN, ARN: o.ARN, Document: document}
	return nil
}
