// Package pb is generated from api/proto by api/generate.sh: messages, gRPC stubs, REST gateway. It stands at the edges of
// the road, where nouns meet a wire: internal/wire and api import it, nobody else.
package pb
