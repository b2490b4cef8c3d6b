// Package api is what tells: it stands between the centre's memory and those who ask, people's browsers, programs and nodes
// that enrol. The protocol is stated in api/proto; this package implements its services, the REST gateway in front of
// them, signing in, and the one listener that serves gRPC, REST and the page on one port.
//
// In: the small interfaces of Config (directory, live figures, events, series, pictures, accounts, nodes), which the
// assembly of the centre fills. Out: an http.Handler (New) and a server for it (Serve). Deny by default: a call without a
// valid session is refused unless the table in policy.go opens it.
//
// Every error has a kind of models; status.go is the one table that maps kinds to gRPC codes, from which HTTP codes follow.
// Only cmd and internal/centralapp import this package.
package api
