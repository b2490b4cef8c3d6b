package wire

import "strings"

// Collections of resource names.
const (
	Units     = "units"
	Sites     = "sites"
	Cameras   = "cameras"
	Counters  = "counters"
	Zones     = "zones"
	Events    = "events"
	Nodes     = "nodes"
	Snapshots = "snapshots"
	Users     = "users"
)

// Name is a resource name: Name("sites", "a", "counters", "b") is "sites/a/counters/b". It is empty when the last id is.
func Name(parts ...string) string {
	if parts[len(parts)-1] == "" {
		return ""
	}
	return strings.Join(parts, "/")
}

// id is the last part of a resource name; empty for an empty name.
func id(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
