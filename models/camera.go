package models

import (
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Unit is an administrative unit: province, district, commune, ward. Units form a tree of any depth.
type Unit struct {
	ID     string
	Parent string // empty at the root
	Name   string
	Kind   string // province, district, commune, ward; free text, shown as given
}

// Site is one one-stop department (Bộ phận Một cửa) of a unit.
type Site struct {
	ID       string
	Unit     string
	Name     string
	TimeZone string // IANA name; empty is Asia/Ho_Chi_Minh
	Calendar Calendar
	// Networks are the address ranges in which the site's cameras may be (CIDR, 10.20.0.0/16). A node dials nothing else.
	// Empty: private networks (RFC 1918, RFC 4193, RFC 6598), never this machine itself.
	Networks  []string
	Retention Retention
	Notice    string // shown beside every figure of the site, e.g. that it is a simulated office; may be empty
}

// Location is the site's time zone.
func (s *Site) Location() (*time.Location, error) {
	name := s.TimeZone
	if name == "" {
		name = DefaultTimeZone
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, Invalid("time_zone", "%q is not an IANA time zone such as %s", name, DefaultTimeZone)
	}
	return loc, nil
}

// DefaultTimeZone is the zone of a site that names none.
const DefaultTimeZone = "Asia/Ho_Chi_Minh"

// Camera is one camera with all that is needed to analyse it.
type Camera struct {
	ID         string
	Site       string
	Node       string // the node that pulls it
	Name       string
	URL        SecretURL // rtsp://user:password@host/path: the main stream
	SubURL     SecretURL // the camera's second stream, taken while the first cannot be had or analysed; may be empty
	Transport  string    // auto (default: TCP, then what the camera asks for), tcp, udp, multicast
	TLS        CameraTLS // rtsps: which certificate is trusted
	Priority   int       // 1 (first to lose pictures when the node is overloaded) to 9 (last); 0 is 5
	Detector   DetectorConfig
	AnalyseFPS float64    // frames analysed per second; 0 is every frame of a file and 2 for a live camera
	Heights    []HeightAt // how tall people are where, by perspective; detections of other heights are dropped. Empty: any height
	Zones      []Zone
	Counters   []Counter
}

// CameraTLS says which certificate of an RTSPS camera is trusted: the pinned one, else one that the system's roots or CA
// vouch for. Cameras sign their own.
type CameraTLS struct {
	Fingerprint string // SHA-256 of the certificate, 64 hexadecimal digits, colons allowed; may be empty
	CA          string // PEM of a private authority, added to the system's roots; may be empty
}

// DetectorConfig says how people are found.
type DetectorConfig struct {
	Kind      string  // auto (default), foreground, hog, network
	Net       string  // card of models/nets; empty is the default card. Naming a net makes Kind network
	Engine    string  // auto (default), opencv, onnxruntime
	Threshold float64 // score from which a detection counts as a person by itself; 0 is the card's own
	// View is the part of the picture that a network searches: zones (default: the box around all zones, with a margin) or
	// whole. The smaller the view, the larger people are in the network's input.
	View string
	// Tiles cuts the view into so many overlapping parts along its longer side, each searched by itself: for far views.
	// 0 and 1 search the view at once.
	Tiles int
	// MotionGate is on (default) or off. While it is on and nothing has moved in any zone since the last inference, the last
	// detections stand and the network is not run.
	MotionGate string
}

// HeightAt is the span of heights, in 0..1 of the picture's height, of the boxes of people whose foot is at Y (0..1 from
// the top). Between two lines it is interpolated, beyond the outermost ones it stays.
type HeightAt struct{ Y, Min, Max float64 }

// The disciplines of a queue.
const (
	DisciplineFIFO   = "fifo"   // first come, first served (default)
	DisciplineTicket = "ticket" // called by ticket, in the order of arrival
	DisciplineAny    = "any"    // called out of order: waits cannot be reconstructed from counts
)

// ZoneKind says what a zone is for.
type ZoneKind string

// The kinds of zones.
const (
	ZoneQueue    ZoneKind = "queue"    // people waiting, standing or seated
	ZoneService  ZoneKind = "service"  // the citizen's side of a counter
	ZoneStaff    ZoneKind = "staff"    // the officer's side of a counter
	ZoneEntrance ZoneKind = "entrance" // where people appear and disappear
	ZoneMask     ZoneKind = "mask"     // privacy: blackened before anything leaves the node
	ZoneIgnore   ZoneKind = "ignore"   // detections anchored here are dropped
)

// Anchor is the point of a person's box that must lie inside a zone.
type Anchor string

// The anchors.
const (
	AnchorFoot   Anchor = "foot"   // bottom centre: floor zones
	AnchorCentre Anchor = "centre" // centre
	AnchorHead   Anchor = "head"   // top centre: seated people
)

// Point returns the anchor point of a box, in the box's own coordinates.
func (a Anchor) Point(b Box) Point {
	switch a {
	case AnchorFoot:
		return Point{b.X + b.W/2, b.Y + b.H}
	case AnchorHead:
		return Point{b.X + b.W/2, b.Y}
	default:
		return Point{b.X + b.W/2, b.Y + b.H/2}
	}
}

// Zone is a polygon of the picture with a meaning. Its id is unique in its camera.
type Zone struct {
	ID       string
	Name     string
	Kind     ZoneKind
	Anchor   Anchor // default: centre for staff zones, foot for all others
	Polygon  Polygon
	MinDwell time.Duration // stays shorter than this do not count; default queue 3 s, service 5 s, others 0
	LongAt   int           // queue: queue.long opens at this length; 0 is never
	WaitAt   time.Duration // queue: wait.long opens when p90 of the last hour reaches this; 0 is never
	// Discipline is the order in which a queue is served: fifo (default), ticket or any.
	Discipline string
}

// Counter (quầy) is one service counter, seen by one camera. Its id is unique in its site. A counter with AnyOf is a
// group: it is on duty when RequiredOnDuty of its members are, whichever they are, and its members are then not judged
// by themselves.
type Counter struct {
	ID                    string
	Name                  string
	Staff                 []string      // staff zones
	Service               []string      // service zones
	Queues                []string      // queues that feed it
	RequiredOnDuty        int           // 1..10, default 1
	MaxAbsence            time.Duration // default 15 min
	MaxAbsenceWithWaiting time.Duration // default 3 min
	Unattended            time.Duration // a citizen alone this long opens customer.unattended; default 60 s
	OpenedLateAfter       time.Duration // nobody this long after a session began; default 5 min
	AnyOf                 []string      // ids of the member counters of a group; a group has no zones of its own
	Calendar              *Calendar     // this counter's own; nil is the site's
}

// Member reports whether a counter is a member of a group, which is judged in its place.
func (c *Camera) Member(counter string) bool {
	return slices.ContainsFunc(c.Counters, func(g Counter) bool { return slices.Contains(g.AnyOf, counter) })
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// CheckID returns a KindInvalid error about field when id cannot name a thing.
func CheckID(field, id string) error {
	if !idPattern.MatchString(id) {
		return Invalid(field, "%q is not an id: use 1-63 of a-z, 0-9, - and _, beginning with a letter or digit", id)
	}
	return nil
}

// SecretURL is a URL that may carry credentials. Printing, logging or marshalling it as text never shows them.
type SecretURL string

// Reveal returns the whole URL, credentials included: only for dialling and for the wire to the camera's own node.
func (u SecretURL) Reveal() string { return string(u) }

// String hides the password and the user's name, also where cameras take them in the path or the query.
func (u SecretURL) String() string {
	p, err := url.Parse(string(u))
	if u == "" {
		return ""
	}
	if err != nil || p.Host == "" { // admin:password@10.0.0.1 has the scheme admin
		return "(unreadable URL)"
	}
	hidden := p.User != nil
	p.User, p.RawQuery, p.Fragment, p.RawFragment = nil, "", "", ""
	if secretPath.MatchString(p.Path) {
		p.Path, p.RawPath = "/***", "/***"
	}
	if hidden {
		return strings.Replace(p.String(), "://", "://***@", 1)
	}
	return p.String()
}

// secretPath finds credentials in a path, as in /user=admin_password=1234_channel=1_stream=0.sdp.
var secretPath = regexp.MustCompile(`(?i)(pass|pwd|user|auth|token)[a-z]*[=_:]`)

// GoString hides what String hides.
func (u SecretURL) GoString() string { return fmt.Sprintf("models.SecretURL(%q)", u.String()) }

// LogValue hides what String hides.
func (u SecretURL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText hides what String hides.
func (u SecretURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
