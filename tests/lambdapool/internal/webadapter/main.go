// Command webadapter does for one machine what the Lambda Web Adapter does on Lambda: it
// starts a web server beside itself, waits until that is ready, and hands it the events of an
// HTTP API as requests. It reads the adapter's own variables.
//
// https://github.com/aws/aws-lambda-web-adapter
//
// One thing differs: instances share this machine's ports, so the server is told of a free one
// by LEASEHOLD_LISTEN_ADDR, provided that it would have listened where the adapter looks.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

const listenVariable = "LEASEHOLD_LISTEN_ADDR"

func main() {
	base, err := start(os.Getenv("WEBADAPTER_SERVER"))
	if err != nil {
		slog.Error("webadapter", slog.Any("error", err))
		os.Exit(1)
	}
	// The server gets SIGTERM by itself: it is in the same group of processes.
	lambda.StartWithOptions(func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		return forward(ctx, base, e)
	}, lambda.WithEnableSIGTERM())
}

// start runs the server and returns its address once it is ready.
func start(server string) (base string, err error) {
	if mode := os.Getenv("AWS_LWA_INVOKE_MODE"); mode != "buffered" {
		return "", fmt.Errorf("AWS_LWA_INVOKE_MODE is %q: an HTTP API cannot stream", mode)
	}
	port := cmp.Or(os.Getenv("AWS_LWA_PORT"), "8080")
	listens := cmp.Or(os.Getenv(listenVariable), "127.0.0.1:8080")
	if _, p, err := net.SplitHostPort(listens); err != nil || p != port {
		return "", fmt.Errorf("the server listens on %s and the adapter looks at port %s", listens, port)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		return "", err
	}
	cmd := exec.Command(server)
	cmd.Dir = filepath.Dir(server)
	cmd.Env = append(os.Environ(), listenVariable+"="+address)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return "", err
	}
	go func() { // a server that ends takes the instance with it
		slog.Error("webadapter: the server ended", slog.Any("error", cmd.Wait()))
		os.Exit(1)
	}()
	return "http://" + address, ready("http://"+address, cmp.Or(os.Getenv("AWS_LWA_READINESS_CHECK_PATH"), "/"))
}

// ready asks until the server answers with the status that means ready. Lambda gives an init
// ten seconds.
func ready(base, path string) error {
	want := os.Getenv("AWS_LWA_READINESS_CHECK_HEALTHY_STATUS")
	var last error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		res, err := http.Get(base + path)
		if last = err; err != nil {
			continue
		}
		_ = res.Body.Close() // nothing is read from it
		if want == "" && res.StatusCode < http.StatusInternalServerError || strconv.Itoa(res.StatusCode) == want {
			return nil
		}
		last = errors.New(res.Status)
	}
	return fmt.Errorf("%s was not ready in time: %w", path, last)
}

// forward makes a request of an event, and an answer of the response.
func forward(ctx context.Context, base string, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	none := events.APIGatewayV2HTTPResponse{}
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return none, err
		}
	}
	target := base + (&url.URL{Path: e.RawPath, RawQuery: e.RawQueryString}).String()
	req, err := http.NewRequestWithContext(ctx, e.RequestContext.HTTP.Method, target, bytes.NewReader(body))
	if err != nil {
		return none, err
	}
	for name, value := range e.Headers {
		req.Header.Set(name, value)
	}
	if len(e.Cookies) > 0 {
		req.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	requestContext, err := json.Marshal(e.RequestContext)
	if err != nil {
		return none, err
	}
	req.Header.Set("X-Amzn-Request-Context", string(requestContext))
	req.Host = req.Header.Get("Host")
	res, err := http.DefaultTransport.RoundTrip(req) // follows no redirection
	if err != nil {
		return none, err
	}
	defer res.Body.Close()
	return answer(res)
}

func answer(res *http.Response) (events.APIGatewayV2HTTPResponse, error) {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	out := events.APIGatewayV2HTTPResponse{StatusCode: res.StatusCode, Headers: map[string]string{}, Cookies: res.Header["Set-Cookie"], Body: string(body)}
	res.Header.Del("Set-Cookie")
	for name, values := range res.Header {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	if !utf8.Valid(body) {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return out, nil
}
