package api

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

type accessService struct {
	pb.UnimplementedAccessServiceServer
	*core
	auth      *Auth
	enrolling lockout
	endpoints func(host string) Endpoints
}

// sessionHeader carries a session's token between the gateway and the services, where a browser has a cookie.
const sessionHeader = "cw-session"

func toUser(u models.User) *pb.User {
	return &pb.User{Name: wire.Name(wire.Users, u.ID), DisplayName: u.Name}
}

// GetAccessStatus says whether the first user is still to be made.
func (s *accessService) GetAccessStatus(ctx context.Context, _ *pb.GetAccessStatusRequest) (*pb.AccessStatus, error) {
	has, err := s.auth.accounts.HasUsers(ctx)
	return &pb.AccessStatus{SetupRequired: !has}, err
}

// SetUp makes the first user and signs in.
func (s *accessService) SetUp(ctx context.Context, r *pb.SetUpRequest) (*pb.SignInResponse, error) {
	u, err := s.auth.setUp(ctx, r.Token, models.User{ID: r.User, Name: r.DisplayName}, r.Password)
	if err != nil {
		return nil, err
	}
	s.log.Info("the first user was made", "stage", "api", "user", u.ID)
	return s.welcome(ctx, u, r.Bearer)
}

// SignIn signs in by name and password.
func (s *accessService) SignIn(ctx context.Context, r *pb.SignInRequest) (*pb.SignInResponse, error) {
	u, err := s.auth.signIn(ctx, r.User, r.Password)
	if err != nil {
		s.log.Warn("a sign-in failed", "stage", "api", "user", clip(r.User), "err", err)
		return nil, err
	}
	return s.welcome(ctx, u, r.Bearer)
}

// ExchangeOneTimeToken signs in with the token of a one-time link.
func (s *accessService) ExchangeOneTimeToken(ctx context.Context, r *pb.ExchangeOneTimeTokenRequest) (*pb.SignInResponse, error) {
	u, err := s.auth.exchange(ctx, r.Token)
	if err != nil {
		return nil, err
	}
	return s.welcome(ctx, u, r.Bearer)
}

// welcome begins a session and answers with its token, in the body or for the gateway to set as a cookie.
func (s *accessService) welcome(ctx context.Context, u models.User, bearer bool) (*pb.SignInResponse, error) {
	token, session, err := s.auth.begin(ctx, u)
	if err != nil {
		return nil, err
	}
	out := &pb.SignInResponse{User: toUser(u), ExpireTime: wire.ToTime(session.Expires)}
	if bearer {
		out.Token = token
		return out, nil
	}
	return out, grpc.SetHeader(ctx, metadata.Pairs(sessionHeader, token))
}

// SignOut ends the session it is called in.
func (s *accessService) SignOut(ctx context.Context, _ *pb.SignOutRequest) (*pb.SignOutResponse, error) {
	return &pb.SignOutResponse{}, s.auth.end(ctx, tokenOf(ctx))
}

// GetMe says who is signed in.
func (s *accessService) GetMe(ctx context.Context, _ *pb.GetMeRequest) (*pb.User, error) {
	return toUser(caller(ctx)), nil
}

// EnrolNode gives a node its own secret.
func (s *accessService) EnrolNode(ctx context.Context, r *pb.EnrolNodeRequest) (*pb.EnrolNodeResponse, error) {
	if err := models.CheckNodeID("node", r.Node); err != nil {
		return nil, err
	}
	if err := s.enrolling.begin(r.Node, s.now()); err != nil {
		return nil, err
	}
	secret, err := s.nodes.Enrol(ctx, r.Token, r.Node)
	if err != nil {
		s.log.Warn("a node could not be enrolled", "stage", "api", "node", r.Node, "err", err)
		return nil, err
	}
	s.enrolling.succeed(r.Node)
	s.log.Info("a node was enrolled", "stage", "api", "node", r.Node)
	e := s.endpoints(hostOf(ctx))
	return &pb.EnrolNodeResponse{Secret: secret, NatsUrl: e.NATS, HttpsUrl: e.HTTPS, CaPem: string(e.CA)}, nil
}

// hostOf is the host, with its port, by which the caller reached this server.
func hostOf(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	for _, k := range []string{"x-forwarded-host", ":authority"} {
		if v := md.Get(k); len(v) > 0 {
			return v[0]
		}
	}
	return ""
}
