package analytics

import (
	"encoding/json"
	"fmt"
)

// kept is the state of the stages that have some.
type kept struct{ Zone, Measure, Rules json.RawMessage }

// State returns all that must survive a restart: open minutes, waits in the making, staffing timers, open incidents.
func (p *Pipeline) State() ([]byte, error) {
	var k kept
	var err error
	for _, s := range []struct {
		to   *json.RawMessage
		from func() ([]byte, error)
	}{{&k.Zone, p.zones.State}, {&k.Measure, p.measure.State}, {&k.Rules, p.rules.State}} {
		if *s.to, err = s.from(); err != nil {
			return nil, fmt.Errorf("keep state: %w", err)
		}
	}
	return json.Marshal(k)
}

// Restore goes on from what State returned; call it before the first frame. The time between is unknown, never absent.
// After an error the pipeline must be thrown away and a new one started without state.
func (p *Pipeline) Restore(state []byte) error {
	var k kept
	if err := json.Unmarshal(state, &k); err != nil {
		return fmt.Errorf("restore state: %w", err)
	}
	if err := p.measure.Restore(k.Measure); err != nil {
		return err
	}
	if err := p.zones.Restore(k.Zone); err != nil {
		return fmt.Errorf("restore state: %w", err)
	}
	return p.rules.Restore(k.Rules)
}
