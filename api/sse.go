package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/counterwatch/counterwatch/api/pb"
)

// next reads one message of a stream; id is empty when the stream cannot be resumed.
type next func() (m proto.Message, id string, err error)

// watch answers a stream as Server-Sent Events when they are asked for, else as one JSON object a line.
func (s *Server) watch(open func(ctx context.Context, r *http.Request) (next, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			s.gateway.ServeHTTP(w, r)
			return
		}
		read, err := open(r.Context(), r)
		var first proto.Message
		var id string
		if err == nil {
			first, id, err = read() // refusals come before the first message and deserve a status of their own
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no")
		sendEvents(w, first, id, read)
	}
}

// sendEvents writes messages until the stream or the reader ends.
func sendEvents(w http.ResponseWriter, m proto.Message, id string, read next) {
	flush := http.NewResponseController(w)
	for {
		body, err := marshaler.Marshal(m)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if id != "" {
			fmt.Fprintf(&b, "id: %s\n", id)
		}
		fmt.Fprintf(&b, "data: %s\n\n", body)
		if _, err := w.Write(b.Bytes()); err != nil {
			return
		}
		if flush.Flush() != nil {
			return
		}
		if m, id, err = read(); err != nil {
			if st := status.Convert(err); !errors.Is(err, io.EOF) && st.Code() != codes.Canceled {
				if body, err := marshaler.Marshal(st.Proto()); err == nil {
					fmt.Fprintf(w, "event: error\ndata: %s\n\n", body)
				}
			}
			return
		}
	}
}

// prepare reads the request of a stream and takes the caller's identity along.
func (s *Server) prepare(ctx context.Context, r *http.Request, method string, m proto.Message) (context.Context, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err == nil {
		err = strictQuery{}.Parse(m, values, &utilities.DoubleArray{})
	}
	if err != nil {
		return ctx, status.Error(codes.InvalidArgument, err.Error())
	}
	return runtime.AnnotateContext(ctx, s.gateway, r, method)
}

func (s *Server) watchEvents(ctx context.Context, r *http.Request) (next, error) {
	var req pb.WatchEventsRequest
	ctx, err := s.prepare(ctx, r, pb.EventService_WatchEvents_FullMethodName, &req)
	if err != nil {
		return nil, err
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" { // a browser that comes back
		req.Cursor = last
	}
	stream, err := pb.NewEventServiceClient(s.conn).WatchEvents(ctx, &req)
	if err != nil {
		return nil, err
	}
	return func() (proto.Message, string, error) {
		m, err := stream.Recv()
		return m, m.GetCursor(), err
	}, nil
}

func (s *Server) watchLive(ctx context.Context, r *http.Request) (next, error) {
	var req pb.WatchLiveRequest
	ctx, err := s.prepare(ctx, r, pb.LiveService_WatchLive_FullMethodName, &req)
	if err != nil {
		return nil, err
	}
	stream, err := pb.NewLiveServiceClient(s.conn).WatchLive(ctx, &req)
	if err != nil {
		return nil, err
	}
	return func() (proto.Message, string, error) {
		m, err := stream.Recv()
		return m, "", err
	}, nil
}
