package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/counterwatch/counterwatch/api/pb"
)

// cookieName is the cookie that holds a browser's session.
const cookieName = "cw_session"

// marshaler writes every field, so that a reader need not know which values are left out; figures that are unknown and
// messages that are not set stay away. It refuses fields it does not know.
var marshaler = &runtime.HTTPBodyMarshaler{Marshaler: &runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{EmitDefaultValues: true}}}

func newGateway(conn *grpc.ClientConn) (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler),
		runtime.WithErrorHandler(writeError),
		runtime.WithRoutingErrorHandler(routingError),
		runtime.SetQueryParameterParser(strictQuery{}),
		runtime.WithIncomingHeaderMatcher(func(k string) (string, bool) { return strings.ToLower(k), strings.EqualFold(k, "Authorization") }),
		runtime.WithOutgoingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithMetadata(sessionOf),
		runtime.WithForwardResponseOption(setCookie),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithDisablePathLengthFallback(),
	)
	for _, register := range []func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error{
		pb.RegisterDirectoryServiceHandler, pb.RegisterLiveServiceHandler, pb.RegisterFiguresServiceHandler, pb.RegisterEventServiceHandler,
		pb.RegisterHealthServiceHandler, pb.RegisterMediaServiceHandler, pb.RegisterAccessServiceHandler, pb.RegisterProbeServiceHandler,
	} {
		if err := register(context.Background(), mux, conn); err != nil {
			return nil, fmt.Errorf("api: register the gateway: %w", err)
		}
	}
	return mux, nil
}

// sessionOf hands a browser's cookie on to the services.
func sessionOf(_ context.Context, r *http.Request) metadata.MD {
	md := metadata.MD{}
	if c, err := r.Cookie(cookieName); err == nil {
		md.Set(sessionHeader, c.Value)
	}
	return md
}

type secureKey struct{}

// setCookie gives or takes a browser's session. The cookie is for HTTPS only, unless it was asked for over plain HTTP.
func setCookie(ctx context.Context, w http.ResponseWriter, m proto.Message) error {
	secure, _ := ctx.Value(secureKey{}).(bool)
	c := &http.Cookie{Name: cookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure}
	switch m.(type) {
	case *pb.SignInResponse:
		md, _ := runtime.ServerMetadataFromContext(ctx)
		token := md.HeaderMD.Get(sessionHeader)
		if len(token) == 0 {
			return nil
		}
		c.Value, c.MaxAge = token[0], int(signedInFor.Seconds())
	case *pb.SignOutResponse:
		c.MaxAge = -1
	default:
		return nil
	}
	http.SetCookie(w, c)
	return nil
}

// writeError answers with google.rpc.Status in JSON: code, message, details with the field to blame.
func writeError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	httpCode := 0
	if e, ok := err.(*runtime.HTTPStatusError); ok {
		httpCode, err = e.HTTPStatus, e.Err
	}
	s := status.Convert(err)
	if httpCode == 0 {
		httpCode = runtime.HTTPStatusFromCode(s.Code())
	}
	body, marshalErr := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(s.Proto())
	if marshalErr != nil {
		httpCode, body = http.StatusInternalServerError, []byte(`{"code":13,"message":"the centre failed; its log says why","details":[]}`)
	}
	h := w.Header()
	h.Del("Trailer")
	h.Set("Content-Type", "application/json")
	if httpCode == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="counterwatch"`)
	}
	w.WriteHeader(httpCode)
	_, _ = w.Write(body) // the caller is gone otherwise
}

// routingError answers for paths and methods that do not exist.
func routingError(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	err := status.Errorf(codes.NotFound, "there is no %s; see /api/openapi.json", clip(r.URL.Path))
	switch code {
	case http.StatusMethodNotAllowed:
		err = status.Errorf(codes.InvalidArgument, "%s is not a method of %s; see /api/openapi.json", clip(r.Method), clip(r.URL.Path))
	case http.StatusBadRequest:
		err = status.Errorf(codes.InvalidArgument, "the path %s is malformed", clip(r.URL.Path))
	}
	writeError(ctx, mux, m, w, r, &runtime.HTTPStatusError{HTTPStatus: code, Err: err})
}

// strictQuery reads query parameters and refuses those that the request does not have: a misspelt filter must not answer with
// everything.
type strictQuery struct{}

func (strictQuery) Parse(m proto.Message, values url.Values, filter *utilities.DoubleArray) error {
	fields := m.ProtoReflect().Descriptor().Fields()
	for k, vs := range values {
		d := fields.ByJSONName(k)
		if d == nil {
			d = fields.ByTextName(k)
		}
		if d == nil {
			return fmt.Errorf("%q is not a parameter of this call", clip(k))
		}
		if slices.ContainsFunc(vs, func(v string) bool { return !utf8.ValidString(v) }) {
			return fmt.Errorf("%q is not UTF-8", clip(k))
		}
		if !d.IsList() && len(vs) > 1 {
			return fmt.Errorf("%q is given %d times", clip(k), len(vs))
		}
	}
	return (&runtime.DefaultQueryParser{}).Parse(m, values, filter)
}
