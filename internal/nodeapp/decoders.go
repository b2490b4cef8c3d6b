package nodeapp

import (
	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/internal/sandbox"
	"github.com/counterwatch/counterwatch/models"
)

// The values of Config.Decoder.
const (
	DecoderSandbox   = "sandbox"   // in child processes
	DecoderInProcess = "inprocess" // here
)

// decoders makes the cameras' decoders.
type decoders struct{ pool *sandbox.Pool } // nil: in this process

func newDecoders(cfg Config) (decoders, error) {
	switch cfg.Decoder {
	case DecoderInProcess:
		return decoders{}, nil
	case "", DecoderSandbox:
		p, err := sandbox.NewPool(sandbox.Config{Log: cfg.Log})
		return decoders{p}, err
	}
	return decoders{}, models.Invalid("decoder", "%q is no way to decode: choose %s or %s", cfg.Decoder, DecoderSandbox, DecoderInProcess)
}

// of returns what makes the decoders of one camera.
func (d decoders) of(camera string) func(models.Codec) (decode.Decoder, error) {
	if d.pool == nil {
		return native.NewDecoder
	}
	return d.pool.For(camera)
}

// restarts is how often a camera had to go on in another process.
func (d decoders) restarts(camera string) int64 {
	if d.pool == nil {
		return 0
	}
	return d.pool.Restarts(camera)
}

func (d decoders) close() {
	if d.pool != nil {
		d.pool.Close()
	}
}
