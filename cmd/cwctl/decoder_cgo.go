//go:build cgo

package main

import (
	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/native/libav"
	"github.com/counterwatch/counterwatch/models"
)

// newDecoder makes snapshots of H.264 and H.265.
var newDecoder = func(c models.Codec) (decode.Decoder, error) { return libav.NewDecoder(c) }
