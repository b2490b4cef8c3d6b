//go:build !cgo

package main

import (
	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// newDecoder is nil in a program without native libraries: only MJPEG gives a snapshot, and the test of a camera says so.
var newDecoder func(models.Codec) (decode.Decoder, error)
