package models

import (
	"errors"
	"fmt"
)

// Kind says what went wrong in terms a caller can act on; the API maps each kind to one status code.
type Kind string

// The kinds of errors.
const (
	KindInvalid         Kind = "invalid"         // the caller's input is wrong; the message says what was expected
	KindNotFound        Kind = "not_found"       // the thing named does not exist
	KindConflict        Kind = "conflict"        // the thing exists already or has changed meanwhile
	KindUnauthenticated Kind = "unauthenticated" // nobody has signed in
	KindForbidden       Kind = "forbidden"       // signed in, but not allowed
	KindLimited         Kind = "limited"         // too many tries or too much at once; try later
	KindUnavailable     Kind = "unavailable"     // a part that is needed does not answer; try later
	KindUnsupported     Kind = "unsupported"     // the input is well-formed but is not something this program can handle
	KindInternal        Kind = "internal"        // a defect of this program
)

// Error is an error with a kind, the field it is about (may be empty) and a message an operator can act on.
type Error struct {
	Kind  Kind
	Field string // "cameras[2].zones[0].polygon"; empty when no single field is to blame
	Msg   string
	cause error // already part of Msg; kept for errors.Is
}

func (e *Error) Error() string {
	s := e.Msg
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	return s
}

func (e *Error) Unwrap() error { return e.cause }

// Errorf makes an error of a kind. A %w verb keeps its cause.
func Errorf(kind Kind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Msg: err.Error(), cause: errors.Unwrap(err)}
}

// Invalid makes a KindInvalid error about one field.
func Invalid(field, format string, args ...any) error {
	return &Error{Kind: KindInvalid, Field: field, Msg: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of the first Error in err's chain, and KindInternal when there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}
