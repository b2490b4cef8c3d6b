// Package tally is what the programs that `make bench` measures tell it, one line of JSON when asked. Only programs below
// internal/bench import it.
package tally

// Tally is what a program has taken in since it began, over all its cameras.
type Tally struct {
	Units       int64 // access units, or pictures
	Bytes       int64 // of access units
	Lost        int64 // units that are missing between others, by their time stamps
	Connections int64
}
