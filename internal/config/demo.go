package config

import (
	"fmt"
	"time"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// Demo is the demo's own configuration: a registry, and what the simulated cameras show.
type Demo struct {
	Registry
	Simulate []Simulated
}

// Simulated says what one camera shows: an office, or the demo's video file when Office is nil.
type Simulated struct {
	Camera string
	Office *office.Config
}

type demoFile struct {
	RegistryFile `yaml:",inline"`
	Simulate     []struct {
		Camera string `yaml:"camera"`
		Video  bool   `yaml:"video"`
		Office *struct {
			Seed            uint64   `yaml:"seed"`
			Queue           string   `yaml:"queue"`
			Counters        int      `yaml:"counters"`
			Speed           float64  `yaml:"speed"`
			ArrivalsPerHour float64  `yaml:"arrivals_per_hour"`
			Service         duration `yaml:"service"`
			Patience        duration `yaml:"patience"`
			BreakEvery      duration `yaml:"break_every"`
			BreakFor        duration `yaml:"break_for"`
			FirstBreak      duration `yaml:"first_break"`
		} `yaml:"office"`
	} `yaml:"simulate"`
}

// LoadDemo reads the demo's configuration. Its cameras carry no URL: the demo gives each the address at which it is simulated.
func LoadDemo(path string) (Demo, error) {
	var f demoFile
	src, err := load(path, &f)
	if err != nil {
		return Demo{}, err
	}
	r, err := f.registry()
	if err != nil {
		return Demo{}, src.at(err)
	}
	d := Demo{Registry: r}
	shown := map[string]bool{}
	for i, s := range f.Simulate {
		field := fmt.Sprintf("simulate[%d]", i)
		if (s.Office != nil) == s.Video {
			return Demo{}, src.at(models.Invalid(field, "say either video: true or office: {...}"))
		}
		sim := Simulated{Camera: s.Camera}
		if o := s.Office; o != nil {
			sim.Office = &office.Config{Name: s.Camera, Seed: o.Seed, Queue: office.Queue(o.Queue), Counters: o.Counters, Speed: o.Speed,
				ArrivalsPerHour: o.ArrivalsPerHour, Service: time.Duration(o.Service), Patience: time.Duration(o.Patience),
				BreakEvery: time.Duration(o.BreakEvery), BreakFor: time.Duration(o.BreakFor), FirstBreak: time.Duration(o.FirstBreak)}
		}
		d.Simulate = append(d.Simulate, sim)
		shown[s.Camera] = true
	}
	for i, c := range r.Cameras {
		if !shown[c.ID] {
			return Demo{}, src.at(models.Invalid(fmt.Sprintf("cameras[%d].id", i), "nothing is simulated for camera %s: add it under simulate", c.ID))
		}
		delete(shown, c.ID)
	}
	for id := range shown {
		return Demo{}, src.at(models.Invalid("simulate", "camera %q does not exist", id))
	}
	return d, nil
}
