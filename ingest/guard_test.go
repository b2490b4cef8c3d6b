package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"github.com/counterwatch/counterwatch/models"
)

// watchedDialer notes what is dialled and never connects, except to where connect says.
type watchedDialer struct {
	mu      sync.Mutex
	dialled []string
	connect string
}

func (d *watchedDialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	d.dialled = append(d.dialled, address)
	d.mu.Unlock()
	if d.connect != "" && address == d.connect {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return nil, errors.New("not connected in this test")
}

func (d *watchedDialer) list() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.dialled)
}

// describe does what a source does with a URL: check it, then let the library dial.
func describe(t *testing.T, g guard, raw string) error {
	t.Helper()
	if err := CheckURL(models.SecretURL(raw)); err != nil {
		return err
	}
	u, err := base.ParseURL(raw)
	if err != nil {
		return err
	}
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, DialContext: g.DialContext, ReadTimeout: 2 * time.Second}
	if err := c.Start(); err != nil {
		return err
	}
	defer c.Close()
	_, _, err = c.Describe(u)
	return err
}

// spellings are the ways in which people have written an IPv4 address to get past a check.
func spellings(a netip.Addr) []string {
	b := a.As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return []string{
		a.String(), a.String() + ".",
		fmt.Sprint(n), fmt.Sprintf("0x%x", n), fmt.Sprintf("0X%X", n), fmt.Sprintf("0%o", n), fmt.Sprintf("0x00000000%x", n),
		fmt.Sprintf("%#o.%#o.%#o.%#o", b[0], b[1], b[2], b[3]), fmt.Sprintf("%03d.%03d.%03d.%03d", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("0x%x.0x%x.0x%x.0x%x", b[0], b[1], b[2], b[3]), fmt.Sprintf("0x%x.%d.%#o.%d", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("%d.%d", b[0], n&0xffffff), fmt.Sprintf("%d.%d.%d", b[0], b[1], n&0xffff),
		fmt.Sprintf("%d.%d.%d.%d.nip.io", b[0], b[1], b[2], b[3]), fmt.Sprintf("%d-%d-%d-%d.sslip.io", b[0], b[1], b[2], b[3]),
		fmt.Sprintf("%d。%d。%d。%d", b[0], b[1], b[2], b[3]), strings.NewReplacer("1", "①", "2", "②").Replace(a.String()),
		"%3" + a.String(),
		"[::ffff:" + a.String() + "]", "[::FFFF:" + a.String() + "]", fmt.Sprintf("[::ffff:%x:%x]", n>>16, n&0xffff),
		"[0:0:0:0:0:ffff:" + a.String() + "]", "[0000:0000:0000:0000:0000:ffff:" + a.String() + "]",
		"[::" + a.String() + "]", fmt.Sprintf("[64:ff9b::%x:%x]", n>>16, n&0xffff), fmt.Sprintf("[2002:%x:%x::1]", n>>16, n&0xffff),
		"[::ffff:" + a.String() + "%25eth0]", "[::ffff:" + a.String() + "%eth0]",
	}
}

// tricks are URLs that must not lead anywhere while cameras may be in 192.168.7.0/24 only and every name means this machine.
func tricks() (out []string) {
	for _, a := range []string{"127.0.0.1", "127.1.2.3", "169.254.169.254", "0.0.0.0", "10.0.0.1", "192.168.8.1", "8.8.8.8"} {
		for _, host := range spellings(netip.MustParseAddr(a)) {
			out = append(out, "rtsp://"+host+"/x")
		}
	}
	for _, host := range []string{
		"localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "ip6-localhost", "metadata.google.internal",
		"xn--lcalhost-s2a", "ⓛocalhost",
		"[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::1%25lo]", "[fe80::1]", "[fe80::1%25eth0]", "[fd00:ec2::254]", "[ff02::1]", "[ff05::c]",
		"224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "0", "0x0", "1", "127.1", "127.0.1",
		"192.168.7.20@127.0.0.1", "192.168.7.20:554@127.0.0.1", "192.168.7.20%40127.0.0.1", "192.168.7.20%2f@127.0.0.1",
		"u:p@192.168.7.20@127.0.0.1", "192.168.7.20#@127.0.0.1", "192.168.7.20?@127.0.0.1/", "192.168.7.20\\@127.0.0.1",
		"192.168.7.20;@127.0.0.1",
		"127.0.0.1:554#192.168.7.20", "127.0.0.1:22", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:00554", "127.0.0.1:65536", "127.0.0.1:-1",
		"[::1]:554", "[::1]:22",
		"127.0.0.1:554:554", "192.168.7.20:554:22", "192.168.7.20:x", "192.168.7.20.evil.example", "192.168.7.20 127.0.0.1",
		"192.168.7.20,127.0.0.1",
		"192.168.7.20%0d%0aHost:127.0.0.1", "192.168.7.20\r\nSETUP", "192.168.7.20\n127.0.0.1", "192.168.7.20\t",
		"192.168.7.20%00.example", "192.168.7.20\x00.example",
		"[192.168.7.20]:127.0.0.1", "[::ffff:192.168.7.20", "[::ffff:192.168.7.20]@127.0.0.1", "[::ffff:192.168.7.20%25x]",
		"[v1.127.0.0.1]", "192.168.7.256", "192.168.7.20.", "192.168.007.020",
	} {
		out = append(out, "rtsp://"+host+"/x", "rtsps://"+host+"/x")
	}
	return append(out, "//127.0.0.1/x", "rtsp:127.0.0.1", "rtsp:/127.0.0.1/x", "rtsp:///127.0.0.1", "rtsp:\\\\127.0.0.1\\x",
		" rtsp://127.0.0.1/", "rtsp\n://127.0.0.1/",
		"http://192.168.7.20/", "file:///etc/passwd", "gopher://127.0.0.1:25/x", "unix:///run/x.sock", "rtspu://127.0.0.1/x",
		"rtsp+http://192.168.7.20/x", "javascript:1", "")
}

func TestGuardTricks(t *testing.T) {
	all, refusedBy := tricks(), map[models.Kind]int{}
	for _, raw := range all {
		d := &watchedDialer{}
		g := guard{
			allow: []netip.Prefix{netip.MustParsePrefix("192.168.7.0/24"), netip.MustParsePrefix("2001:db8::/32")}, dial: d.dial,
			lookup: func(context.Context, string, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}, nil
			},
		}
		err := describe(t, g, raw)
		for _, dialled := range d.list() {
			if !strings.HasPrefix(dialled, "192.168.7.20:") {
				t.Errorf("%q dialled %q", raw, dialled)
			}
		}
		if err == nil {
			t.Errorf("%q was described", raw)
		}
		refusedBy[models.KindOf(err)]++
	}
	if len(all) < 200 || refusedBy[models.KindForbidden] < 100 {
		t.Fatalf("%d tricks, refused as %v", len(all), refusedBy)
	}
	t.Logf("%d tricks, no forbidden dial, refused as %v", len(all), refusedBy)
}

// A name server that changes its answer is asked once, and only the answer that was checked is dialled.
func TestGuardRebinding(t *testing.T) {
	good, bad := netip.MustParseAddr("192.168.7.20"), netip.MustParseAddr("127.0.0.1")
	for _, c := range []struct {
		name    string
		answers [][]netip.Addr
		want    []string
	}{
		{"good then bad", [][]netip.Addr{{good}, {bad}}, []string{"192.168.7.20:554"}},
		{"bad then good", [][]netip.Addr{{bad}, {good}}, nil},
		{"both at once", [][]netip.Addr{{bad, good, bad}}, []string{"192.168.7.20:554"}},
		{"mapped", [][]netip.Addr{{netip.MustParseAddr("::ffff:192.168.7.20")}}, []string{"192.168.7.20:554"}},
		{"with a zone", [][]netip.Addr{{netip.MustParseAddr("2001:db8::1%eth0")}}, nil},
		{"nothing", [][]netip.Addr{{}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, asked := &watchedDialer{}, 0
			g := guard{
				allow: []netip.Prefix{netip.MustParsePrefix("192.168.7.0/24"), netip.MustParsePrefix("2001:db8::/32")}, dial: d.dial,
				lookup: func(context.Context, string, string) ([]netip.Addr, error) {
					asked++
					return c.answers[min(asked, len(c.answers))-1], nil
				},
			}
			if err := describe(t, g, "rtsp://camera.example/x"); err == nil || asked != 1 || !slices.Equal(d.list(), c.want) {
				t.Fatalf("asked %d times, dialled %q: %v", asked, d.list(), err)
			}
		})
	}
}

// A camera that redirects leads no further than its URL could.
func TestGuardRedirects(t *testing.T) {
	for _, to := range []string{
		"rtsp://127.0.0.2/x", "rtsp://169.254.169.254/latest", "rtsp://[::1]:554/x", "rtsp://user@127.0.0.2:22/x",
		"rtsps://127.0.0.2/x", "rtsp://[::ffff:127.0.0.2]/x",
		"http://127.0.0.2/", "//127.0.0.2/x", "rtsp://name.example/x", "", "rtsp://127.0.0.2/x\r\nX: y",
	} {
		t.Run(to, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			served := make(chan struct{})
			go func() { defer close(served); redirect(l, to) }()
			d := &watchedDialer{connect: l.Addr().String()}
			g := guard{
				allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, dial: d.dial,
				lookup: func(context.Context, string, string) ([]netip.Addr, error) {
					return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
				},
			}
			err = describe(t, g, "rtsp://"+l.Addr().String()+"/x")
			_ = l.Close()
			<-served
			if got := d.list(); err == nil || len(got) != 1 || got[0] != l.Addr().String() {
				t.Fatalf("dialled %q: %v", got, err)
			}
		})
	}
}

// redirect is a camera that answers one connection with 302 until it is closed.
func redirect(l net.Listener, to string) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for method, seq := "", ""; ; {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), " "); {
		case strings.HasSuffix(value, "RTSP/1.0"):
			method = key
		case strings.EqualFold(key, "CSeq:"):
			seq = value
		case key == "" && method == "DESCRIBE":
			fmt.Fprintf(c, "RTSP/1.0 302 Found\r\nCSeq: %s\r\nLocation: %s\r\n\r\n", seq, to)
		case key == "":
			fmt.Fprintf(c, "RTSP/1.0 200 OK\r\nCSeq: %s\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n", seq)
		}
	}
}

func TestCheckAddress(t *testing.T) {
	parse := func(list ...string) (out []netip.Prefix) {
		for _, p := range list {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	private, err := (&models.Site{}).AllowedNetworks()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		allow []netip.Prefix
		addr  string
		ok    bool
	}{
		{nil, "127.0.0.1", true}, {nil, "8.8.8.8", true},
		{private, "10.1.2.3", true}, {private, "172.31.255.255", true}, {private, "192.168.1.10", true}, {private, "100.64.0.9", true},
		{private, "fd12::1", true},
		{private, "::ffff:10.1.2.3", true}, {private, "172.32.0.1", false}, {private, "8.8.8.8", false}, {private, "127.0.0.1", false},
		{private, "::1", false},
		{private, "169.254.169.254", false}, {private, "0.0.0.0", false}, {private, "239.1.1.1", false}, {private, "fe80::1", false},
		{private, "fd12::1%eth0", false},
		{parse("127.0.0.0/8"), "127.0.0.1", true}, {parse("127.0.0.0/8"), "::ffff:127.0.0.1", true}, {parse("127.0.0.0/8"),
			"::1", false}, {parse("::1/128"), "::1", true},
		{parse("0.0.0.0/0"), "203.0.113.7", true}, {parse("0.0.0.0/0"), "127.0.0.1", false}, {parse("0.0.0.0/0"),
			"169.254.169.254", false}, {parse("0.0.0.0/0"), "0.0.0.0", false},
		{parse("0.0.0.0/0"), "239.1.1.1", false}, {parse("::/0"), "::1", false}, {parse("::/0"), "2001:db8::1", true}, {parse("::/0"),
			"64:ff9b::7f00:1", false}, {parse("::/0"), "10.0.0.1", false},
		{parse("239.0.0.0/8"), "239.1.1.1", true}, {parse("169.254.0.0/16"), "169.254.7.7", true}, {[]netip.Prefix{}, "10.0.0.1", false},
	} {
		addr := netip.MustParseAddr(c.addr)
		err := CheckAddress(c.allow, addr)
		if (err == nil) != c.ok {
			t.Errorf("%s in %v: %v", c.addr, c.allow, err)
		}
		if err != nil && (models.KindOf(err) != models.KindForbidden || !strings.Contains(err.Error(), addr.Unmap().String())) {
			t.Errorf("%s: %v", c.addr, err)
		}
	}
	if err := CheckAddress(private, netip.MustParseAddr("203.0.113.7")); !strings.Contains(err.Error(),
		"203.0.113.7/32") || !strings.Contains(err.Error(), "`networks:`") {
		t.Errorf("the error does not say what to add: %v", err)
	}
}
