// Package wire turns nouns into protobuf and back. It stands wherever the road meets a wire: the bus sends what the Encode
// functions make, the API answers with what the To functions make. It is the only package that knows both models and
// api/pb; bus, api, the programs in cmd and their assembly import it.
//
// Encode and Decode are inverses for every value that models can hold with valid ids and finite numbers; times come back in
// UTC, empty slices and maps as nil. Decode answers malformed bytes with an error of models.KindInvalid and never panics.
package wire
