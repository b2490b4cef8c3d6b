package api

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

const (
	defaultPage = 100
	maxPage     = 1000
)

// pageSize is the size of a page asked for; def when none was.
func pageSize(asked int32, def int) (int, error) {
	if asked < 0 {
		return 0, models.Invalid("page_size", "%d is negative", asked)
	}
	if asked == 0 {
		return def, nil
	}
	return min(int(asked), maxPage), nil
}

// toToken wraps what a page ends with. It is opaque to callers, but holds nothing that they may not know.
func toToken(last string) string { return base64.RawURLEncoding.EncodeToString([]byte(last)) }

func fromToken(field, token string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", models.Invalid(field, "not a token of this service; begin again without it")
	}
	return string(b), nil
}

// page cuts one page out of items, which it orders by their keys. The token is the last key of the page before.
func page[T any](items []T, key func(T) string, size int32, token string) (cut []T, next string, err error) {
	n, err := pageSize(size, defaultPage)
	if err != nil {
		return nil, "", err
	}
	after, err := fromToken("page_token", token)
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(items, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	i, found := slices.BinarySearchFunc(items, after, func(v T, k string) int { return cmp.Compare(key(v), k) })
	if found {
		i++
	}
	items = items[i:]
	if len(items) > n {
		return items[:n], toToken(key(items[n-1])), nil
	}
	return items, "", nil
}

// parseName takes the ids out of a resource name of the given collections: parseName("name", "sites/a", wire.Sites) is ["a"].
func parseName(field, name string, collections ...string) ([]string, error) {
	parts := strings.Split(name, "/")
	ids := make([]string, 0, len(collections))
	ok := len(parts) == 2*len(collections)
	for i, c := range collections {
		if !ok || parts[2*i] != c || !validID(c, parts[2*i+1]) {
			return nil, models.Invalid(field, "%q is not a name of the form %s", clip(name), strings.Join(collections, "/{id}/")+"/{id}")
		}
		ids = append(ids, parts[2*i+1])
	}
	return ids, nil
}

// validID reports whether id can name a thing of a collection. Ids of events and snapshots are made, not chosen.
func validID(collection, id string) bool {
	if collection == wire.Events || collection == wire.Snapshots {
		return madeID(id)
	}
	return models.CheckID("", id) == nil
}

// madeID reports whether id is of the form that programs make: up to 128 letters, digits, - and _.
func madeID(id string) bool {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	return id != "" && len(id) <= 128 && strings.IndexFunc(id, func(r rune) bool { return !ok(r) }) < 0
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func contains(in []string, s string) bool { return slices.Contains(in, s) }
