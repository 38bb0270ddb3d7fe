package everything

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// stateKey is no secret: the state of a fixture protects nothing, it must only be seen to
// have been changed, by every instance. What ships uses package seal.
const stateKey = "conformance fixtures guard nothing"

// mark returns value as a requestState of tool that unmark will accept.
func mark(tool, value string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(value)) + "." + sum(tool, value)
}

// unmark returns the value of a state that mark made for tool, or the error to answer.
func unmark(tool, state string) (string, error) {
	encoded, tag, _ := strings.Cut(state, ".")
	value, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !hmac.Equal([]byte(tag), []byte(sum(tool, string(value)))) {
		return "", &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "requestState is not valid"}
	}
	return string(value), nil
}

func sum(tool, value string) string {
	mac := hmac.New(sha256.New, []byte(stateKey))
	mac.Write([]byte(tool + "\x00" + value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
