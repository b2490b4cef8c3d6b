package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"
)

// open are the only calls that need no session. Whoever adds one here says why in the protocol.
var open = map[string]bool{"GetAccessStatus": true, "SetUp": true, "SignIn": true, "ExchangeOneTimeToken": true, "EnrolNode": true}

// eachMethod calls do for every method of every service of the protocol.
func eachMethod(do func(protoreflect.MethodDescriptor)) {
	protoregistry.GlobalFiles.RangeFilesByPackage("counterwatch.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			for j := range f.Services().Get(i).Methods().Len() {
				do(f.Services().Get(i).Methods().Get(j))
			}
		}
		return true
	})
}

func fullName(m protoreflect.MethodDescriptor) string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// route is the REST binding of a method, with ids in place of patterns.
func route(t *testing.T, m protoreflect.MethodDescriptor) (verb, path string) {
	t.Helper()
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		verb, path = "GET", p.Get
	case *annotations.HttpRule_Post:
		verb, path = "POST", p.Post
	default:
		t.Fatalf("%s has no route, or one of a kind that this test does not know", m.FullName())
	}
	return verb, strings.NewReplacer("{name=", "", "{parent=", "", "}", "", "*", "x1").Replace(path)
}

func TestEveryMethodHasAPolicy(t *testing.T) {
	n := 0
	eachMethod(func(m protoreflect.MethodDescriptor) {
		n++
		need, ok := policy[fullName(m)]
		if !ok {
			t.Errorf("%s is missing in policy", m.FullName())
		}
		if (need == nothing) != open[string(m.Name())] {
			t.Errorf("%s: open to all is %v", m.FullName(), need == nothing)
		}
	})
	if n != len(policy) {
		t.Errorf("%d methods, %d policies", n, len(policy))
	}
}

// Calls that make a node connect to somewhere are for administrators.
func TestWhatMakesNodesActIsForAdministrators(t *testing.T) {
	for method, need := range policy {
		if acts := strings.HasPrefix(method, "/counterwatch.v1.ProbeService/"); acts != (need == administrator) {
			t.Errorf("%s: for administrators is %v", method, need == administrator)
		}
	}
}

func TestDenyByDefault(t *testing.T) {
	w := newWorld(t)
	eachMethod(func(m protoreflect.MethodDescriptor) {
		if open[string(m.Name())] {
			return
		}
		verb, path := route(t, m)
		for _, accept := range []string{"", "text/event-stream"} {
			req, err := http.NewRequest(verb, w.http.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept", accept)
			req.Header.Set("Authorization", "Bearer made-up")
			req.AddCookie(&http.Cookie{Name: cookieName, Value: "made-up"})
			resp, err := w.http.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s %s without a session: %d", verb, path, resp.StatusCode)
			}
		}
		if m.IsStreamingServer() {
			return
		}
		err := w.server.conn.Invoke(context.Background(), fullName(m), &emptypb.Empty{}, &emptypb.Empty{})
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s over gRPC without a session: %v", m.FullName(), err)
		}
	})
	for _, path := range []string{"/api/openapi.json"} {
		if code, _ := w.raw("GET", path, nil); code != http.StatusUnauthorized {
			t.Errorf("%s without a session: %d", path, code)
		}
	}
	if code, _ := w.raw("PUT", "/api/v1/media/m1", "x"); code != http.StatusUnauthorized {
		t.Errorf("a picture of an unknown node: %d", code)
	}
	for _, path := range []string{"/healthz", "/readyz", "/", "/alerts"} {
		if code, _ := w.raw("GET", path, nil); code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestOpenAPIHasEveryRoute(t *testing.T) {
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Security    []any
		}
	}
	if err := json.Unmarshal(OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("version %q", doc.OpenAPI)
	}
	ids := map[string]bool{"PutMedia": false}
	for path, item := range doc.Paths {
		for verb, op := range item {
			ids[op.OperationID] = true
			_, name, _ := strings.Cut(op.OperationID, "_")
			if (op.Security != nil && len(op.Security) == 0) != open[name] {
				t.Errorf("%s %s: its security differs from the policy", verb, path)
			}
		}
	}
	eachMethod(func(m protoreflect.MethodDescriptor) {
		if id := string(m.Parent().Name()) + "_" + string(m.Name()); !ids[id] {
			t.Errorf("openapi.json lacks %s", id)
		}
	})
	if !ids["PutMedia"] {
		t.Error("openapi.json lacks PutMedia")
	}
}
