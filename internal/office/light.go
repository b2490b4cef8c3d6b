package office

import (
	"math"
	"time"
)

const (
	driftPeriod = 10 * time.Minute // video time from bright to dim to bright, as clouds pass
	darkness    = 0.05             // of the light is left when the lamps are off
)

// light is the brightness of the newest frame, 0..1: 1 but for what the configuration says of drift, flicker and lamps.
func (s *Sim) light() float64 {
	at := time.Duration(s.now * float64(time.Second))
	l := 1 - s.cfg.LightDrift*(0.5-0.5*math.Cos(2*math.Pi*at.Seconds()/driftPeriod.Seconds()))
	if s.cfg.Flicker > 0 { // of its own for each frame, so that frames that are not drawn change nothing
		l *= 1 - s.cfg.Flicker*rng(s.cfg.Seed, 1<<41+uint64(s.frame)).Float64()
	}
	if at >= s.cfg.LightsOffAt && at < s.cfg.LightsOffAt+s.cfg.LightsOffFor {
		l *= darkness
	}
	return l
}

// dark is when the lights were off so far.
func (s *Sim) dark() []Span {
	d := Span{s.cfg.LightsOffAt.Seconds(), math.Min((s.cfg.LightsOffAt + s.cfg.LightsOffFor).Seconds(), round(float64(s.frame)/s.cfg.FPS))}
	if d.To <= d.From {
		return nil
	}
	return []Span{d}
}

// develop makes a picture as dark as the light is and adds the sensor's noise.
func (p *painter) develop(pix []byte, light float64) {
	noise := p.noise[p.grain.IntN(noiseSpan):]
	brightness := 255 - 2*p.noiseMean // beyond it noise would overflow
	if light >= 1 && brightness >= brightest {
		addNoise(pix, noise)
		return
	}
	var curve [256]byte
	for v := range curve {
		curve[v] = byte(min(int(float64(v)*light+0.5), brightness))
	}
	noise = noise[:len(pix)]
	for i, v := range pix {
		pix[i] = curve[v] + noise[i]
	}
}
