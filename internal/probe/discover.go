package probe

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	wsdiscovery "github.com/IOTechSystems/onvif/ws-discovery"
	"github.com/google/uuid"
	"golang.org/x/net/ipv4"

	"github.com/counterwatch/counterwatch/models"
)

// discoveryGroup is where ONVIF cameras listen (WS-Discovery 1.0, section 2.4).
var discoveryGroup = netip.MustParseAddrPort("239.255.255.250:3702")

const (
	DefaultSearch = 4 * time.Second
	probes        = 3 // UDP gets lost
	probeEvery    = 500 * time.Millisecond
	maxFound      = 2000
	askAtOnce     = 16
)

// Search says where cameras are looked for.
type Search struct {
	Interface string           // network card; empty is every one that can
	Targets   []netip.AddrPort // asked one by one where multicast does not pass; empty is the multicast group
	For       time.Duration    // how long answers are waited for; 0 is DefaultSearch
	User      string           // for the cameras' details; may be empty
	Password  string
}

// Format shows neither user nor password.
func (s Search) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "search on %q of %v for %v", s.Interface, s.Targets, s.For)
}

// Found is a camera that answered.
type Found struct {
	Address  netip.AddrPort // of its ONVIF service
	ID       string         // of its endpoint, as it names itself
	Maker    string
	Name     string
	Model    string
	Firmware string
	Profiles []Profile
	Problem  string // why there are no profiles, in words; empty when there are
}

// Profile is one stream of a camera.
type Profile struct {
	Name  string
	Codec string // as the camera calls it: H264, H265, JPEG
	models.Size
	URL models.SecretURL
}

// Discover asks the network for ONVIF cameras and each camera for its streams. Nothing is asked of an address that did not answer itself.
func Discover(ctx context.Context, s Search) ([]Found, error) {
	found, err := s.answers(ctx)
	if err != nil {
		return nil, err
	}
	var all sync.WaitGroup
	places := make(chan struct{}, askAtOnce)
	for i := range found {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if err := describe(ctx, &found[i], s.User, s.Password); err != nil {
				found[i].Problem = err.Error()
			}
		})
	}
	all.Wait()
	return found, ctx.Err()
}

// answers sends probes and collects who answers, in order of addresses.
func (s Search) answers(ctx context.Context) ([]Found, error) {
	conn, err := net.ListenPacket("udp4", ":0")
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	end := time.Now().Add(cmp.Or(s.For, DefaultSearch))
	found := map[netip.AddrPort]Found{}
	message := []byte(wsdiscovery.BuildProbeMessage(uuid.NewString(), nil, []string{"dn:NetworkVideoTransmitter"}, nil).String())
	buf := make([]byte, 64<<10)
	for i := range probes {
		if err := s.send(conn, message); err != nil {
			return nil, err
		}
		until := time.Now().Add(probeEvery)
		if i == probes-1 || until.After(end) {
			until = end
		}
		_ = conn.SetReadDeadline(until)
		for ctx.Err() == nil && len(found) < maxFound {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				break // the time is over
			}
			for _, f := range readAnswer(buf[:n], from.(*net.UDPAddr).AddrPort().Addr().Unmap()) {
				found[f.Address] = f
			}
		}
	}
	out := make([]Found, 0, len(found))
	for _, f := range found {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Found) int { return a.Address.Compare(b.Address) })
	return out, ctx.Err()
}

// send sends a probe to the targets, or to the group over each network card.
func (s Search) send(conn net.PacketConn, message []byte) error {
	for _, t := range s.Targets {
		if _, err := conn.WriteTo(message, net.UDPAddrFromAddrPort(t)); err != nil {
			return models.Errorf(models.KindUnavailable, "ask %s: %w", t, err)
		}
	}
	if len(s.Targets) > 0 {
		return nil
	}
	cards, err := s.cards()
	if err != nil {
		return err
	}
	var sent int
	p := ipv4.NewPacketConn(conn)
	for _, card := range cards {
		_, wrong := p.WriteTo(message, &ipv4.ControlMessage{IfIndex: card.Index}, net.UDPAddrFromAddrPort(discoveryGroup))
		if wrong == nil {
			sent++
		}
		err = errors.Join(err, wrong)
	}
	if sent == 0 {
		return models.Errorf(models.KindUnavailable,
			"no network card takes multicast: name one with --interface, or the cameras with --target (%w)", err)
	}
	return nil
}

// cards are the network cards to ask over.
func (s Search) cards() ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var names []string
	var out []net.Interface
	for _, c := range all {
		names = append(names, c.Name)
		usual := c.Flags&net.FlagUp != 0 && c.Flags&net.FlagMulticast != 0 && c.Flags&net.FlagLoopback == 0
		if c.Name == s.Interface || s.Interface == "" && usual {
			out = append(out, c)
		}
	}
	if len(out) == 0 && s.Interface != "" {
		return nil, models.Invalid("interface", "there is no network card %q, but %s", s.Interface, strings.Join(names, ", "))
	}
	return out, nil
}

// probeMatches is the part of an answer that matters (WS-Discovery 1.0, section 5.3).
type probeMatches struct {
	Matches []struct {
		ID     string `xml:"EndpointReference>Address"`
		Scopes string `xml:"Scopes"`
		XAddrs string `xml:"XAddrs"`
	} `xml:"Body>ProbeMatches>ProbeMatch"`
}

// readAnswer is what an answer tells. Only the port is taken from the addresses in it: the camera is where the answer came from.
func readAnswer(b []byte, from netip.Addr) (out []Found) {
	var m probeMatches
	if xml.Unmarshal(b, &m) != nil {
		return nil
	}
	for _, match := range m.Matches {
		var port uint16 = 80
		for _, x := range strings.Fields(match.XAddrs) {
			if u, err := url.Parse(x); err == nil && u.Scheme == "http" {
				if a, err := netip.ParseAddrPort("0.0.0.0:" + cmp.Or(u.Port(), "80")); err == nil && a.Port() != 0 {
					port = a.Port()
					break
				}
			}
		}
		f := Found{Address: netip.AddrPortFrom(from, port), ID: shown(match.ID)}
		for _, s := range strings.Fields(match.Scopes) {
			for prefix, to := range map[string]*string{"name/": &f.Name, "hardware/": &f.Model} {
				if v, ok := strings.CutPrefix(s, "onvif://www.onvif.org/"+prefix); ok {
					if v, err := url.PathUnescape(v); err == nil {
						*to = shown(v)
					}
				}
			}
		}
		out = append(out, f)
	}
	return out
}

// shown makes a camera's words fit for a terminal: short and without control characters.
func shown(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= 0x202a && r <= 0x202e || r == 0xfffd {
			return ' '
		}
		return r
	}, s))
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
