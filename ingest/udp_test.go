package ingest

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"github.com/counterwatch/counterwatch/models"
)

// Media come from the address that was dialled, whatever the camera says and whoever else sends.
func TestUDPSource(t *testing.T) {
	for _, c := range []struct {
		name, source string
		noPorts      bool
	}{
		{"none named", "", false},
		{"no ports named", "", true},
		{"another named", ";source=127.0.0.2", false},
		{"a name instead of an address", ";source=camera.invalid", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cam := newCamera(t, &camera{onlyUDP: true, source: c.source, noPorts: c.noPorts}, h264(true))
			r, err := NewRTSP(RTSPConfig{URL: cam.url(""), Transport: "udp"})
			if err != nil {
				t.Fatal(err)
			}
			defer r.log.Close()
			units, ended, stop := run(t, r)
			receive(t, cam.playing)
			forge(t, int(cam.readerPort.Load()))
			h264Sender(t, cam, 0).send(t, idr)
			if u := receive(t, units); len(u.NALUs) != 3 || u.NALUs[2][1] != idr[1] {
				t.Errorf("%x", u.NALUs)
			}
			if len(units) != 0 {
				t.Error("the forged picture was taken")
			}
			stop()
			receive(t, ended)
		})
	}
}

// forge sends a picture from another address.
func forge(t *testing.T, port int) {
	t.Helper()
	other, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	b, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, Marker: true}, Payload: []byte{0x65, 0xff, 0xff}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Write(b); err != nil {
		t.Fatal(err)
	}
}

// A camera that takes only multicast is reached in a network of its own, and only in groups that its site lists.
func TestMulticast(t *testing.T) {
	if os.Getenv("MULTICAST_HERE") == "" {
		out, err := exec.Command("unshare", "-n", "true").CombinedOutput()
		if err != nil {
			t.Skipf("no network namespaces: %s", out)
		}
		child := exec.Command("unshare", "-n", "sh", "-c", `ip link set lo up multicast on && ip addr add 10.77.0.1/32 dev lo && ip route add 224.0.0.0/4 dev lo && exec "$0" -test.run '^TestMulticast$' -test.v`, os.Args[0])
		child.Env = append(os.Environ(), "MULTICAST_HERE=1")
		out, err = child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestMulticast") {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	network, groups := netip.MustParsePrefix("10.77.0.0/24"), netip.MustParsePrefix("239.0.0.0/8")
	for _, c := range []struct {
		name  string
		allow []netip.Prefix
		kind  models.Kind
	}{
		{"a group that is not listed", []netip.Prefix{network}, models.KindForbidden},
		{"a group that is listed", []netip.Prefix{network, groups}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cam := newCamera(t, &camera{onlyMulticast: true, host: "10.77.0.1"}, h264(true))
			r, err := NewRTSP(RTSPConfig{URL: cam.url(""), Allow: c.allow})
			if err != nil {
				t.Fatal(err)
			}
			defer r.log.Close()
			units, ended, stop := run(t, r)
			defer stop()
			if c.kind != "" {
				if err := receive(t, ended); models.KindOf(err) != c.kind || !strings.Contains(err.Error(), "239.") {
					t.Fatal(err)
				}
				return
			}
			receive(t, cam.playing)
			h264Sender(t, cam, 0).send(t, idr)
			receive(t, units)
			if s := r.Stream(); s.Transport != "multicast" {
				t.Errorf("%+v", s)
			}
			stop()
			receive(t, ended)
		})
	}
}
