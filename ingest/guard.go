package ingest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// special are addresses that are no camera's of a network at large: this machine, its links, groups, addresses that stand for
// others. A range such as 0.0.0.0/0 does not open them; only one that lies inside them does.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),      // RFC 1122: this machine
	netip.MustParsePrefix("127.0.0.0/8"),    // RFC 1122: loopback
	netip.MustParsePrefix("169.254.0.0/16"), // RFC 3927: link-local; cloud machines answer with their secrets there
	netip.MustParsePrefix("224.0.0.0/4"),    // RFC 1112: groups
	netip.MustParsePrefix("240.0.0.0/4"),    // RFC 1112: reserved, broadcast
	netip.MustParsePrefix("::/96"),          // RFC 4291: unspecified, loopback, IPv4-compatible
	netip.MustParsePrefix("64:ff9b::/96"),   // RFC 6052: IPv4 behind a translator
	netip.MustParsePrefix("2002::/16"),      // RFC 3056: IPv4 behind a tunnel
	netip.MustParsePrefix("fe80::/10"),      // RFC 4291: link-local
	netip.MustParsePrefix("ff00::/8"),       // RFC 4291: groups
}

// CheckAddress returns a KindForbidden error, which says what to change, when a camera may not be at an address or in a multicast
// group. A nil allow allows all: the operator's own machine.
func CheckAddress(allow []netip.Prefix, a netip.Addr) error {
	if allow == nil {
		return nil
	}
	if !a.IsValid() || a.Zone() != "" || a.Unmap().IsUnspecified() {
		return models.Errorf(models.KindForbidden, "%s is not the address of a camera: write its own, as in 192.168.1.10", a)
	}
	a = a.Unmap()
	var within netip.Prefix
	for _, s := range special {
		if s.Contains(a) {
			within = s
		}
	}
	for _, p := range allow {
		if p.Contains(a) && (!within.IsValid() || p.Bits() >= within.Bits()) {
			return nil
		}
	}
	return models.Errorf(models.KindForbidden,
		"%s is outside the networks of the camera's site: if the camera is there, add %s/%d, or its range, to `networks:` of the site",
		a, a, a.BitLen())
}

// guard dials cameras inside the allowed ranges only.
type guard struct {
	allow  []netip.Prefix // nil: any
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// guardedDial makes the function by which every connection to a camera begins. A name is resolved once, and what is dialled is the
// address that was checked, not the name: a second answer of the name server changes nothing.
func guardedDial(allow []netip.Prefix) func(ctx context.Context, network, address string) (net.Conn, error) {
	g := guard{allow: allow, lookup: net.DefaultResolver.LookupNetIP, dial: (&net.Dialer{}).DialContext}
	return g.DialContext
}

// DialContext dials host:port. When a name has several addresses, those that are allowed are tried one after the other.
func (g guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, models.Errorf(models.KindInvalid, "%q is not an address with a port: %w", address, err)
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var refused, failed error
	for i, a := range addrs {
		if err := CheckAddress(g.allow, a); err != nil {
			refused = err
			continue
		}
		conn, err := g.within(ctx, len(addrs)-i, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	if failed != nil {
		return nil, failed
	}
	return nil, refused
}

// resolve turns a host into addresses, at least one.
func (g guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if host == "" || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("/\\@#?%:", r) }) {
		return nil, models.Errorf(models.KindInvalid, "%q is not the name or address of a camera", host)
	}
	addrs, err := g.lookup(ctx, "ip", host)
	if err == nil && len(addrs) == 0 {
		err = errors.New("no address")
	}
	if err != nil {
		return nil, models.Errorf(models.KindUnavailable, "the name %s cannot be resolved: %w", host, err)
	}
	return addrs, nil
}

// within dials one address with its share of the time that ctx leaves for so many.
func (g guard) within(ctx context.Context, shares int, network, address string) (net.Conn, error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(shares))
		defer cancel()
	}
	return g.dial(ctx, network, address)
}
