package models

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// WithDefaults returns the camera with every unset setting filled in; the original is not changed.
func (c Camera) WithDefaults() Camera {
	c.Transport, c.Priority = cmp.Or(c.Transport, "auto"), cmp.Or(c.Priority, 5)
	c.Zones = append([]Zone(nil), c.Zones...)
	for i := range c.Zones {
		z := &c.Zones[i]
		if z.Anchor == "" {
			z.Anchor = AnchorFoot
			if z.Kind == ZoneStaff {
				z.Anchor = AnchorCentre
			}
		}
		if z.MinDwell == 0 {
			z.MinDwell = map[ZoneKind]time.Duration{ZoneQueue: 3 * time.Second, ZoneService: 5 * time.Second}[z.Kind]
		}
	}
	c.Counters = append([]Counter(nil), c.Counters...)
	for i := range c.Counters {
		k := &c.Counters[i]
		k.RequiredOnDuty = cmp.Or(k.RequiredOnDuty, 1)
		k.MaxAbsence = cmp.Or(k.MaxAbsence, 15*time.Minute)
		k.MaxAbsenceWithWaiting = cmp.Or(k.MaxAbsenceWithWaiting, 3*time.Minute)
		k.Unattended = cmp.Or(k.Unattended, time.Minute)
		k.OpenedLateAfter = cmp.Or(k.OpenedLateAfter, 5*time.Minute)
	}
	return c
}

// Validate checks everything that can be checked without looking at a picture: ids, polygons, references, ranges. The
// error is of KindInvalid and names the field as in the camera's file, e.g. zones[0].polygon.
func (c *Camera) Validate() error {
	if err := CheckID("camera.id", c.ID); err != nil {
		return err
	}
	if !(c.AnalyseFPS >= 0 && c.AnalyseFPS <= 60) {
		return Invalid("camera.analyse_fps", "%g is out of range: 0 (every frame) to 60", c.AnalyseFPS)
	}
	if t := c.Detector.Threshold; !(t >= 0 && t < 1) {
		return Invalid("camera.detector.threshold", "%g is out of range: 0 (the net's own) to 1", t)
	}
	switch c.Detector.Kind {
	case "", "auto", "foreground", "hog", "network":
	default:
		return Invalid("camera.detector.kind", "%q is not a detector: use auto, foreground, hog or network", c.Detector.Kind)
	}
	switch c.Detector.Engine {
	case "", "auto", "opencv", "onnxruntime":
	default:
		return Invalid("camera.detector.engine", "%q is not an engine: use auto, opencv or onnxruntime", c.Detector.Engine)
	}
	switch c.Detector.View {
	case "", "zones", "whole":
	default:
		return Invalid("camera.detector.view", "%q is not a view: use zones (the box around all zones) or whole", c.Detector.View)
	}
	if c.Detector.Tiles < 0 || c.Detector.Tiles > 8 {
		return Invalid("camera.detector.tiles", "%d is out of range: 1 to 8", c.Detector.Tiles)
	}
	switch c.Detector.MotionGate {
	case "", "on", "off":
	default:
		return Invalid("camera.detector.motion_gate", "%q: use on or off", c.Detector.MotionGate)
	}
	switch c.Transport {
	case "", "auto", "tcp", "udp", "multicast":
	default:
		return Invalid("camera.transport", "%q is not a transport: use auto, tcp, udp or multicast", c.Transport)
	}
	if c.Priority < 0 || c.Priority > 9 {
		return Invalid("camera.priority", "%d is out of range: 1 (first to lose pictures when the node is overloaded) to 9 (last)", c.Priority)
	}
	if err := c.TLS.validate(); err != nil {
		return err
	}
	if err := validateHeights(c.Heights); err != nil {
		return err
	}
	zones := map[string]ZoneKind{}
	for i := range c.Zones {
		field := fmt.Sprintf("zones[%d]", i)
		if err := c.Zones[i].validate(field); err != nil {
			return err
		}
		if _, twice := zones[c.Zones[i].ID]; twice {
			return Invalid(field+".id", "zone %q is there twice", c.Zones[i].ID)
		}
		zones[c.Zones[i].ID] = c.Zones[i].Kind
	}
	counters := map[string]*Counter{}
	for i := range c.Counters {
		k := &c.Counters[i]
		if counters[k.ID] != nil {
			return Invalid(fmt.Sprintf("counters[%d].id", i), "counter %q is there twice", k.ID)
		}
		counters[k.ID] = k
	}
	for i := range c.Counters {
		if err := c.Counters[i].validate(fmt.Sprintf("counters[%d]", i), zones, counters); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint is a SHA-256 as people copy it.
var fingerprint = regexp.MustCompile(`^([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$`)

func (t *CameraTLS) validate() error {
	if t.Fingerprint != "" && !fingerprint.MatchString(t.Fingerprint) {
		return Invalid("camera.tls.fingerprint", "give the SHA-256 of the camera's certificate: 64 hexadecimal digits, as `cwctl camera test` prints it")
	}
	if t.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(t.CA)) {
		return Invalid("camera.tls.ca", "holds no certificate: give the authority's certificate as PEM, beginning with -----BEGIN CERTIFICATE-----")
	}
	return nil
}

// AllowedNetworks are the address ranges in which the site's cameras may be.
func (s *Site) AllowedNetworks() ([]netip.Prefix, error) {
	if len(s.Networks) == 0 {
		return privateNetworks, nil
	}
	out := make([]netip.Prefix, len(s.Networks))
	for i, n := range s.Networks {
		p, err := netip.ParsePrefix(n)
		if err != nil || p.Addr().Is4In6() {
			return nil, Invalid(fmt.Sprintf("networks[%d]", i), "%q is not an address range: write 10.20.0.0/16, or 10.20.0.7/32 for one address", n)
		}
		out[i] = p.Masked()
	}
	return out, nil
}

// privateNetworks are where cameras are when their site names no networks.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), // RFC 1918
	netip.MustParsePrefix("100.64.0.0/10"), // RFC 6598
	netip.MustParsePrefix("fc00::/7"),      // RFC 4193
}

// validateHeights checks that lines go down the picture and that each leaves room for people.
func validateHeights(heights []HeightAt) error {
	for i, h := range heights {
		field := fmt.Sprintf("camera.heights[%d]", i)
		if !(h.Y >= 0 && h.Y <= 1) || i > 0 && h.Y <= heights[i-1].Y {
			return Invalid(field+".y", "%g: give lines from the top of the picture (0) to its bottom (1), each once", h.Y)
		}
		if !(h.Min >= 0 && h.Min < h.Max && h.Max <= 2) {
			return Invalid(field, "heights from %g to %g are not possible: use 0 <= min < max <= 2, in heights of the picture", h.Min, h.Max)
		}
	}
	return nil
}

func (z *Zone) validate(field string) error {
	if err := CheckID(field+".id", z.ID); err != nil {
		return err
	}
	switch z.Kind {
	case ZoneQueue, ZoneService, ZoneStaff, ZoneEntrance, ZoneMask, ZoneIgnore:
	default:
		return Invalid(field+".kind", "%q is not a kind of zone: use queue, service, staff, entrance, mask or ignore", z.Kind)
	}
	switch z.Anchor {
	case "", AnchorFoot, AnchorCentre, AnchorHead:
	default:
		return Invalid(field+".anchor", "%q is not an anchor: use foot, centre or head", z.Anchor)
	}
	if len(z.Polygon) < 3 {
		return Invalid(field+".polygon", "zone %s has %d points: a polygon has at least 3", z.ID, len(z.Polygon))
	}
	for j, p := range z.Polygon {
		if !(p.X >= 0 && p.X <= 1 && p.Y >= 0 && p.Y <= 1) {
			return Invalid(fmt.Sprintf("%s.polygon[%d]", field, j), "point [%g, %g] of zone %s lies outside the picture: use 0..1", p.X, p.Y, z.ID)
		}
	}
	if z.Polygon.SelfIntersects() {
		return Invalid(field+".polygon", "the outline of zone %s crosses itself: give its points in order around the edge", z.ID)
	}
	if z.Polygon.Area() < 1e-5 {
		return Invalid(field+".polygon", "zone %s has no area", z.ID)
	}
	if z.MinDwell < 0 || z.MinDwell > time.Hour {
		return Invalid(field+".min_dwell", "%s is out of range: 0s to 1h", z.MinDwell)
	}
	if z.LongAt < 0 || z.WaitAt < 0 {
		return Invalid(field, "thresholds of zone %s cannot be negative", z.ID)
	}
	switch z.Discipline {
	case "", DisciplineFIFO, DisciplineTicket, DisciplineAny:
	default:
		return Invalid(field+".discipline", "%q is not the discipline of a queue: use fifo, ticket or any", z.Discipline)
	}
	if z.Discipline != "" && z.Kind != ZoneQueue {
		return Invalid(field+".discipline", "zone %s is a %s zone: only a queue has a discipline", z.ID, z.Kind)
	}
	return nil
}

func (k *Counter) validate(field string, zones map[string]ZoneKind, counters map[string]*Counter) error {
	if err := CheckID(field+".id", k.ID); err != nil {
		return err
	}
	if len(k.AnyOf) > 0 {
		if err := k.validateGroup(field, counters); err != nil {
			return err
		}
	} else if len(k.Staff) == 0 {
		return Invalid(field+".staff", "counter %s needs at least one staff zone", k.ID)
	}
	if k.Calendar != nil {
		if err := k.Calendar.Validate(); err != nil {
			return within(field, err)
		}
	}
	for _, l := range []struct {
		name string
		ids  []string
		kind ZoneKind
	}{{"staff", k.Staff, ZoneStaff}, {"service", k.Service, ZoneService}, {"queues", k.Queues, ZoneQueue}} {
		for i, id := range l.ids {
			kind, ok := zones[id]
			at := fmt.Sprintf("%s.%s[%d]", field, l.name, i)
			if !ok {
				return Invalid(at, "counter %s names zone %q, which does not exist", k.ID, id)
			}
			if kind != l.kind {
				return Invalid(at, "counter %s names zone %q, which is a %s zone: a %s zone is expected", k.ID, id, kind, l.kind)
			}
		}
	}
	if k.RequiredOnDuty < 0 || k.RequiredOnDuty > 10 {
		return Invalid(field+".required_on_duty", "%d is out of range: 1 to 10", k.RequiredOnDuty)
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{"max_absence", k.MaxAbsence}, {"max_absence_with_waiting", k.MaxAbsenceWithWaiting}, {"unattended", k.Unattended}, {"opened_late_after", k.OpenedLateAfter}} {
		if d.d < 0 || d.d > 24*time.Hour {
			return Invalid(field+"."+d.name, "%s is out of range: 1s to 24h", d.d)
		}
	}
	return nil
}

// validateGroup checks the members of a group: counters of the same camera, each in one group only, and enough of them.
func (k *Counter) validateGroup(field string, counters map[string]*Counter) error {
	if len(k.Staff)+len(k.Service)+len(k.Queues) > 0 {
		return Invalid(field+".any_of", "counter %s is a group: its zones are those of its members, give it none", k.ID)
	}
	for i, id := range k.AnyOf {
		at := fmt.Sprintf("%s.any_of[%d]", field, i)
		switch m := counters[id]; {
		case m == nil:
			return Invalid(at, "group %s names counter %q, which does not exist", k.ID, id)
		case len(m.AnyOf) > 0:
			return Invalid(at, "group %s names %q, which is a group itself", k.ID, id)
		}
		for _, o := range counters {
			if o != k && slices.Contains(o.AnyOf, id) || slices.Contains(k.AnyOf[:i], id) {
				return Invalid(at, "counter %q is in a group already", id)
			}
		}
	}
	if k.RequiredOnDuty > len(k.AnyOf) {
		return Invalid(field+".required_on_duty", "group %s has %d members, %d of them cannot be required", k.ID, len(k.AnyOf), k.RequiredOnDuty)
	}
	return nil
}

// ValidateRegistry checks units, sites and cameras together: ids unique, references exist, the tree of units has no
// loop, counters are unique in their site. Fields are named as in a registry file, e.g. cameras[2].zones[0].polygon.
func ValidateRegistry(units []Unit, sites []Site, cameras []Camera) error {
	parent := map[string]string{}
	for i, u := range units {
		if err := newID(fmt.Sprintf("units[%d].id", i), u.ID, parent); err != nil {
			return err
		}
		parent[u.ID] = u.Parent
	}
	for i, u := range units {
		for p, steps := u.Parent, 0; p != ""; p, steps = parent[p], steps+1 {
			if _, ok := parent[p]; !ok {
				return Invalid(fmt.Sprintf("units[%d].parent", i), "unit %q does not exist", p)
			}
			if steps > len(units) {
				return Invalid(fmt.Sprintf("units[%d].parent", i), "unit %q is above itself", u.ID)
			}
		}
	}
	site := map[string]string{}
	for i := range sites {
		s, field := &sites[i], fmt.Sprintf("sites[%d]", i)
		if err := newID(field+".id", s.ID, site); err != nil {
			return err
		}
		site[s.ID] = s.Unit
		if _, ok := parent[s.Unit]; !ok {
			return Invalid(field+".unit", "unit %q does not exist", s.Unit)
		}
		if _, err := s.Location(); err != nil {
			return within(field, err)
		}
		if err := s.Calendar.Validate(); err != nil {
			return within(field, err)
		}
		if _, err := s.AllowedNetworks(); err != nil {
			return within(field, err)
		}
		if err := s.Retention.Validate(); err != nil {
			return within(field, err)
		}
	}
	camera, counter := map[string]string{}, map[string]string{}
	for i := range cameras {
		c, field := &cameras[i], fmt.Sprintf("cameras[%d]", i)
		if err := newID(field+".id", c.ID, camera); err != nil {
			return err
		}
		camera[c.ID] = c.Site
		if _, ok := site[c.Site]; !ok {
			return Invalid(field+".site", "site %q does not exist", c.Site)
		}
		if err := CheckNodeID(field+".node", c.Node); err != nil {
			return err
		}
		if err := c.Validate(); err != nil {
			return within(field, err)
		}
		for j, k := range c.Counters {
			key := c.Site + "/" + k.ID
			if _, twice := counter[key]; twice {
				return Invalid(fmt.Sprintf("%s.counters[%d].id", field, j), "counter %q is there twice in site %s", k.ID, c.Site)
			}
			counter[key] = c.ID
		}
	}
	return nil
}

func newID(field, id string, seen map[string]string) error {
	if err := CheckID(field, id); err != nil {
		return err
	}
	if _, twice := seen[id]; twice {
		return Invalid(field, "%q is there twice", id)
	}
	return nil
}

// within puts an error's field below another; `camera.` of a camera file has no place in a registry's list.
func within(field string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Kind: e.Kind, Field: field + "." + strings.TrimPrefix(e.Field, "camera."), Msg: e.Msg}
	}
	return err
}
