package standin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Cloud is a directory that holds what exists, one file an object. Programs that use it at
// the same time see each other's objects, as in an account.
type Cloud string

// Object is a resource as the cloud has it.
type Object struct {
	Type, Key string
	// State holds text only: what objects refer to each other by.
	State map[string]string
	// Protected objects refuse their deletion.
	Protected bool
}

const (
	association = "aws:wafv2/webAclAssociation:WebAclAssociation"
	deployment  = "aws:apigateway/deployment:Deployment"
	stage       = "aws:apigateway/stage:Stage"
	webACL      = "aws:wafv2/webAcl:WebAcl"
)

// puts are the types that AWS creates by overwriting: what is there is no conflict, and
// whoever deletes last deletes it for all (https://github.com/pulumi/pulumi-aws/issues/4782).
var puts = map[string]bool{
	association: true,
	"aws:apigateway/methodSettings:MethodSettings":                                               true,
	"aws:cloudwatch/dashboard:Dashboard":                                                         true,
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":                                         true,
	"aws:cloudwatch/metricAlarm:MetricAlarm":                                                     true,
	"aws:iam/rolePolicy:RolePolicy":                                                              true,
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                                          true,
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig":                             true,
	"aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig":                       true,
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     true,
	"aws:s3/bucketPolicy:BucketPolicy":                                                           true,
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     true,
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": true,
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               true,
	"aws:secretsmanager/secretPolicy:SecretPolicy":                                               true,
	"aws:secretsmanager/secretRotation:SecretRotation":                                           true,
	"aws:sns/topicPolicy:TopicPolicy":                                                            true,
	"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration":                            true,
}

// object is a resource of the engine as the cloud holds it.
func object(token, id string, state resource.PropertyMap) Object {
	o := Object{Type: token, Key: key(token, state), State: map[string]string{"id": id}}
	if o.Key == "" {
		o.Key = id
	}
	for k, v := range state {
		if v.IsString() {
			o.State[string(k)] = v.StringValue()
		}
	}
	protected := state["deletionProtectionEnabled"]
	o.Protected = protected.IsBool() && protected.BoolValue() || o.State["deletionProtection"] == "ACTIVE"
	return o
}

// Has reports whether the resource with this id and state exists.
func (c Cloud) Has(token, id string, state resource.PropertyMap) bool {
	_, err := os.Stat(c.file(object(token, id, state)))
	return err == nil
}

// Put makes the resource with this id and state exist.
func (c Cloud) Put(token, id string, state resource.PropertyMap) error {
	return c.put(object(token, id, state))
}

// Edit changes a text of every object of a type, as somebody does by hand.
func (c Cloud) Edit(token, key, value string) error {
	all, err := c.ofType(token)
	for _, o := range all {
		o.State[key] = value
		err = errors.Join(err, c.put(o))
	}
	return err
}

// Lose removes every object of a type, without asking whether it is protected.
func (c Cloud) Lose(token string) error {
	all, err := c.ofType(token)
	for _, o := range all {
		err = errors.Join(err, os.Remove(c.file(o)))
	}
	return err
}

// get returns an object as it is now; an error that is fs.ErrNotExist when it is gone.
func (c Cloud) get(o Object) (Object, error) {
	text, err := os.ReadFile(c.file(o))
	if err != nil {
		return Object{}, err
	}
	var now Object
	if err := json.Unmarshal(text, &now); err != nil {
		return Object{}, fmt.Errorf("%s: %w", c.file(o), err)
	}
	return now, nil
}

// ofType returns all objects of a type, in no order.
func (c Cloud) ofType(token string) ([]Object, error) {
	names, err := filepath.Glob(filepath.Join(string(c), "*.json"))
	if err != nil {
		return nil, err
	}
	var all []Object
	for _, name := range names {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		var o Object
		if err := json.Unmarshal(text, &o); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if o.Type == token {
			all = append(all, o)
		}
	}
	return all, nil
}

func (c Cloud) create(o Object) error {
	if _, err := os.Stat(c.file(o)); err == nil && !puts[o.Type] {
		return fmt.Errorf("%s %s exists already", o.Type, o.Key)
	}
	return c.put(o)
}

// put writes through a second file: the engine works on several objects at a time, and
// nobody may read half of one.
func (c Cloud) put(o Object) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.file(o)+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(c.file(o)+".new", c.file(o))
}

// remove deletes an object as AWS does, or refuses as AWS does. What is gone already is no
// error.
func (c Cloud) remove(o Object) error {
	if o.Protected {
		return fmt.Errorf("%s %s is protected against deletion", o.Type, o.Key)
	}
	switch o.Type {
	case deployment:
		if err := c.unused(o, stage, "deployment", o.State["id"]); err != nil {
			return err
		}
	case webACL:
		if err := c.unused(o, association, "webAclArn", o.State["arn"]); err != nil {
			return err
		}
	case stage: // AWS drops the association with it
		if err := os.Remove(c.file(Object{Type: association, Key: o.State["arn"]})); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Remove(c.file(o)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// unused refuses while an object of another type refers to o.
func (c Cloud) unused(o Object, by, property, value string) error {
	users, err := c.ofType(by)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.State[property] == value {
			return fmt.Errorf("%s %s is in use by %s %s", o.Type, o.Key, u.Type, u.Key)
		}
	}
	return nil
}

func (c Cloud) file(o Object) string {
	sum := sha256.Sum256([]byte(o.Type + "\n" + o.Key))
	return filepath.Join(string(c), hex.EncodeToString(sum[:16])+".json")
}
