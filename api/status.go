package api

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/counterwatch/counterwatch/models"
)

// kindCodes is the one table from kinds of errors to gRPC codes; the gateway turns those into HTTP codes by the mapping
// of google.rpc.Code (invalid 400, not found 404, conflict 409, unauthenticated 401, forbidden 403, limited 429,
// unavailable 503, unsupported 501, internal 500).
var kindCodes = map[models.Kind]codes.Code{
	models.KindInvalid:         codes.InvalidArgument,
	models.KindNotFound:        codes.NotFound,
	models.KindConflict:        codes.AlreadyExists,
	models.KindUnauthenticated: codes.Unauthenticated,
	models.KindForbidden:       codes.PermissionDenied,
	models.KindLimited:         codes.ResourceExhausted,
	models.KindUnavailable:     codes.Unavailable,
	models.KindUnsupported:     codes.Unimplemented,
	models.KindInternal:        codes.Internal,
}

// toStatus is the answer to an error. Details of defects stay in the log: they could tell what is nobody's business.
func toStatus(err error, log *slog.Logger, method string) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the caller went away")
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "the answer took too long; ask for less or try later")
	}
	code, ok := kindCodes[models.KindOf(err)]
	if !ok || code == codes.Internal {
		log.Error("a call failed", "stage", "api", "method", method, "err", err)
		return status.Error(codes.Internal, "the centre failed; its log says why")
	}
	s := status.New(code, strings.ToValidUTF8(err.Error(), "�"))
	if e, ok := errors.AsType[*models.Error](err); ok && e.Field != "" {
		d, detailErr := s.WithDetails(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: e.Field, Description: e.Msg},
		}})
		if detailErr == nil {
			s = d
		}
	}
	return s.Err()
}
