// Package models holds the nouns that every room exchanges: access units, frames, detections, tracks, zones,
// minutes, visits, events, records. It imports the standard library only and everything may import it.
//
// Conventions: durations are time.Duration or a number whose name carries its unit (ObservedS is seconds); times are
// UTC instants; polygons live in 0..1 coordinates of the picture, boxes in pixels of the analysed picture unless the
// type says otherwise. The meaning of every figure is defined in docs/METHOD.md, whose version is MethodVersion.
package models

// MethodVersion is the version of the definitions by which figures are computed; every export prints it.
const MethodVersion = 1

// Version is the program's version, set by the build from git.
var Version = "unknown"
