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
	"unicode/utf8"

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
		read, err := open(r.Context(), r)
		var m proto.Message
		var id string
		if err == nil {
			m, id, err = read() // refusals come before the first message and deserve a status of their own
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		write, contentType := writeLine, "application/x-ndjson"
		if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			write, contentType = writeEvent, "text/event-stream"
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Accel-Buffering", "no")
		flush := http.NewResponseController(w)
		for err == nil {
			if write(w, "message", id, m) != nil || flush.Flush() != nil {
				return // the reader is gone, or does not read
			}
			m, id, err = read()
		}
		if st := status.Convert(err); !errors.Is(err, io.EOF) && st.Code() != codes.Canceled {
			_ = write(w, "error", "", st.Proto()) // nothing follows
		}
	}
}

// writeEvent writes one message as the HTML Living Standard, 9.2, says.
func writeEvent(w io.Writer, kind, id string, m proto.Message) error {
	body, err := marshaler.Marshal(m)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if kind != "message" {
		fmt.Fprintf(&b, "event: %s\n", kind)
	}
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	fmt.Fprintf(&b, "data: %s\n\n", body)
	_, err = w.Write(b.Bytes())
	return err
}

// writeLine writes one message as a line in the form of the gateway's streams: {"result": message} or, last, {"error": status}.
func writeLine(w io.Writer, kind, _ string, m proto.Message) error {
	body, err := marshaler.Marshal(m)
	if err != nil {
		return err
	}
	key := "result"
	if kind != "message" {
		key = kind
	}
	_, err = fmt.Fprintf(w, "{%q:%s}\n", key, body)
	return err
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
	if last := r.Header.Get("Last-Event-ID"); last != "" && utf8.ValidString(last) { // a browser that comes back
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
