package nodeapp

import (
	"cmp"
	"context"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/internal/probe"
	"github.com/counterwatch/counterwatch/models"
)

// testFor is how long a tested camera is watched: long enough for key frames 3 s apart, short enough for somebody who waits.
const testFor = 8 * time.Second

// trials tries cameras for the centre, one at a time.
type trials struct {
	fleet *fleet
	run   context.Context // of the node: its end ends trials

	busy   sync.Mutex
	logins map[string]*ingest.LoginLimit // of hosts that are not registered
}

func newTrials(ctx context.Context, f *fleet) *trials {
	return &trials{fleet: f, run: ctx, logins: map[string]*ingest.LoginLimit{}}
}

// maxHosts bounds the hosts whose failed logins are remembered.
const maxHosts = 1000

// try does what the centre orders.
func (t *trials) try(ctx context.Context, o models.CameraOrder) (models.CameraTrial, error) {
	if !t.busy.TryLock() {
		return models.CameraTrial{}, models.Errorf(models.KindLimited,
			"another camera is being tested on this node: try again in half a minute")
	}
	defer t.busy.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.run, cancel)()
	c, err := t.config(o)
	if err != nil {
		return models.CameraTrial{}, err
	}
	return probe.Run(ctx, c)
}

// config says how the ordered camera is tried: a registered one as it is watched, another one inside the networks of the node's sites.
func (t *trials) config(o models.CameraOrder) (probe.Config, error) {
	c := probe.Config{
		URL: o.URL, Transport: o.Transport, TLS: o.TLS, For: cmp.Or(t.fleet.cfg.TestFor, testFor), Snapshot: true,
		NewDecoder: t.fleet.decoder("test"),
	}
	if o.Camera == "" {
		var err error
		c.Allow, err = t.fleet.networks()
		for _, k := range t.fleet.running() { // what is hidden in a camera stays hidden under another of its addresses
			if host(k.conf.URL) == host(o.URL) {
				c.Masks = append(c.Masks, masks(k.conf)...)
			}
		}
		c.Logins = t.limit(o.URL)
		return c, err
	}
	k := t.fleet.running()[o.Camera]
	if k == nil {
		return c, models.Errorf(models.KindNotFound, "node %s has no camera %q", t.fleet.node, o.Camera)
	}
	allow, err := k.site.AllowedNetworks()
	c.URL, c.Transport, c.TLS, c.Allow = k.conf.URL, k.conf.Transport, k.conf.TLS, allow
	c.Masks = masks(k.conf)
	c.Logins = t.fleet.links.logins.Of(k.conf.ID, k.conf.URL, k.conf.SubURL)
	return c, err
}

// host is the name or address in a URL.
func host(u models.SecretURL) string {
	p, err := url.Parse(u.Reveal())
	if err != nil {
		return ""
	}
	return p.Hostname()
}

// masks are what is hidden in a camera's pictures.
func masks(c models.Camera) (out []models.Polygon) {
	for _, z := range c.Zones {
		if z.Kind == models.ZoneMask {
			out = append(out, z.Polygon)
		}
	}
	return out
}

// limit is what a host has left of failed logins.
func (t *trials) limit(u models.SecretURL) *ingest.LoginLimit {
	host := host(u)
	l := t.logins[host]
	if l == nil {
		if len(t.logins) >= maxHosts {
			clear(t.logins)
		}
		l = &ingest.LoginLimit{}
		t.logins[host] = l
	}
	return l
}

// networks are where the cameras of the node's sites may be; private networks while it has none.
func (f *fleet) networks() ([]netip.Prefix, error) {
	sites := map[string]models.Site{}
	for _, c := range f.running() {
		sites[c.site.ID] = c.site
	}
	if len(sites) == 0 {
		sites[""] = models.Site{}
	}
	all := []netip.Prefix{}
	for _, s := range sites {
		some, err := s.AllowedNetworks()
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
