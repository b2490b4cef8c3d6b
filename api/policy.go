package api

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// need is what a call asks of its caller.
type need int

const (
	signedIn need = iota + 1 // a session
	nothing                  // open to all: the call itself checks a token or a password
	// administrator is somebody who may make nodes act. Everybody who may sign in is one: users are made by the set-up token and
	// by who runs the centre, and there are no other roles.
	administrator
)

// policy says for every method who may call it. A method that is missing here is refused, and fails the test.
var policy = map[string]need{
	pb.AccessService_GetAccessStatus_FullMethodName:      nothing,
	pb.AccessService_SetUp_FullMethodName:                nothing,
	pb.AccessService_SignIn_FullMethodName:               nothing,
	pb.AccessService_ExchangeOneTimeToken_FullMethodName: nothing,
	pb.AccessService_EnrolNode_FullMethodName:            nothing,
	pb.AccessService_SignOut_FullMethodName:              signedIn,
	pb.AccessService_GetMe_FullMethodName:                signedIn,
	pb.DirectoryService_GetOverview_FullMethodName:       signedIn,
	pb.DirectoryService_ListUnits_FullMethodName:         signedIn,
	pb.DirectoryService_GetUnit_FullMethodName:           signedIn,
	pb.DirectoryService_ListSites_FullMethodName:         signedIn,
	pb.DirectoryService_GetSite_FullMethodName:           signedIn,
	pb.DirectoryService_ListCameras_FullMethodName:       signedIn,
	pb.DirectoryService_GetCamera_FullMethodName:         signedIn,
	pb.DirectoryService_ListCounters_FullMethodName:      signedIn,
	pb.DirectoryService_GetCounter_FullMethodName:        signedIn,
	pb.LiveService_GetLive_FullMethodName:                signedIn,
	pb.LiveService_WatchLive_FullMethodName:              signedIn,
	pb.LiveService_GetTile_FullMethodName:                signedIn,
	pb.FiguresService_QuerySeries_FullMethodName:         signedIn,
	pb.EventService_ListEvents_FullMethodName:            signedIn,
	pb.EventService_GetEvent_FullMethodName:              signedIn,
	pb.EventService_WatchEvents_FullMethodName:           signedIn,
	pb.HealthService_ListNodes_FullMethodName:            signedIn,
	pb.HealthService_GetNode_FullMethodName:              signedIn,
	pb.MediaService_GetStill_FullMethodName:              signedIn,
	pb.MediaService_GetSnapshot_FullMethodName:           signedIn,
	pb.ProbeService_TestCamera_FullMethodName:            administrator,
	pb.ProbeService_TestNodeCamera_FullMethodName:        administrator,
}

// guard stands before every call: it lets in whom the policy lets in, turns errors into statuses and survives panics.
type guard struct {
	auth *Auth
	log  *slog.Logger
}

const (
	unaryTimeout = 30 * time.Second
	// streamTimeout ends streams, so that whoever was signed out meanwhile does not go on watching; others come back.
	streamTimeout = time.Hour
)

func (g *guard) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (resp any, err error) {
	defer g.finish(info.FullMethod, &err)
	ctx, cancel := context.WithTimeout(ctx, unaryTimeout)
	defer cancel()
	if ctx, err = g.admit(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return handle(ctx, req)
}

func (g *guard) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	defer g.finish(info.FullMethod, &err)
	ctx, err := g.admit(ss.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, streamTimeout)
	defer cancel()
	return handle(srv, &admitted{ss, ctx})
}

type admitted struct {
	grpc.ServerStream
	ctx context.Context
}

func (a *admitted) Context() context.Context { return a.ctx }

func (g *guard) finish(method string, err *error) {
	if p := recover(); p != nil {
		g.log.Error("a call panicked", "stage", "api", "method", method, "err", p, "stack", string(debug.Stack()))
		*err = fmt.Errorf("panic: %v", p)
	}
	*err = toStatus(*err, g.log, method)
}

type callerKey struct{}

// caller is who is signed in; the zero user in calls that need nobody.
func caller(ctx context.Context) models.User {
	u, _ := ctx.Value(callerKey{}).(models.User)
	return u
}

func (g *guard) admit(ctx context.Context, method string) (context.Context, error) {
	switch policy[method] {
	case nothing:
		return ctx, nil
	case signedIn, administrator:
		u, err := g.auth.who(ctx, tokenOf(ctx))
		if err != nil {
			return ctx, err
		}
		return context.WithValue(ctx, callerKey{}, u), nil
	default:
		return ctx, models.Errorf(models.KindForbidden, "nobody may call %s", method)
	}
}

// tokenOf is the session's token that a call carries: "authorization: Bearer ..." or, from the gateway, the cookie's.
func tokenOf(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	for _, v := range md.Get("authorization") {
		if scheme, token, ok := strings.Cut(v, " "); ok && strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(token)
		}
	}
	if v := md.Get(sessionHeader); len(v) > 0 {
		return v[0]
	}
	return ""
}
