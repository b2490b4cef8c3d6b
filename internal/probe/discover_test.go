package probe

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// fakeDevice is a fake ONVIF camera on this machine: a responder to probes and a SOAP service.
type fakeDevice struct {
	password string
	soap     func(method string) (code int, body string) // nil is a good camera
	asked    []string
}

const envelope = `<?xml version="1.0"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="d" xmlns:trt="m" xmlns:tt="t"><s:Body>%s</s:Body></s:Envelope>`

// soapAnswers are those of a good camera, by method.
var soapAnswers = map[string]string{
	"GetCapabilities": `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://10.9.9.9/onvif/media</tt:XAddr></tt:Media>
		</tds:Capabilities></tds:GetCapabilitiesResponse>`,
	"GetDeviceInformation": `<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>Dome 5</tds:Model>
		<tds:FirmwareVersion>1.2</tds:FirmwareVersion></tds:GetDeviceInformationResponse>`,
	"GetProfiles": `<trt:GetProfilesResponse><trt:Profiles token="p0"><tt:Name>main</tt:Name><tt:VideoEncoderConfiguration>
		<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution>
		</tt:VideoEncoderConfiguration></trt:Profiles></trt:GetProfilesResponse>`,
	"GetStreamUri": `<trt:GetStreamUriResponse><trt:MediaUri>
		<tt:Uri>rtsp://admin:canary@10.0.0.7/cam?channel=1&amp;subtype=0</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>`,
}

const notAuthorized = `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code>
	<s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>`

func (d *fakeDevice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	body := string(b)
	method := ""
	for _, m := range []string{"GetCapabilities", "GetDeviceInformation", "GetProfiles", "GetStreamUri"} {
		if strings.Contains(body, ":"+m) {
			method = m
		}
	}
	d.asked = append(d.asked, method)
	code, answer := 0, ""
	if d.soap != nil {
		code, answer = d.soap(method)
	}
	if code == 0 {
		code, answer = d.good(method, strings.Contains(body, "PasswordDigest"))
	}
	w.WriteHeader(code)
	_, _ = io.WriteString(w, answer)
}

func (d *fakeDevice) good(method string, signed bool) (int, string) {
	if method != "GetCapabilities" && d.password != "" && !signed {
		return 400, fmt.Sprintf(envelope, notAuthorized)
	}
	return 200, fmt.Sprintf(envelope, soapAnswers[method])
}

// match is an answer to a probe from a camera whose service is at a port.
func match(port int) string {
	return fmt.Sprintf(`<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
		xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">
		<e:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference xmlns:a="x"><a:Address>urn:uuid:1</a:Address></a:EndpointReference>
		<d:Scopes>onvif://www.onvif.org/name/Hall%%20camera onvif://www.onvif.org/hardware/D5</d:Scopes>
		<d:XAddrs>http://203.0.113.9:%d/onvif/device_service</d:XAddrs></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>`, port)
}

// responder answers probes on loopback with a text, or not at all when it is empty.
func responder(t *testing.T, conn net.PacketConn, answers ...string) netip.AddrPort {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if !strings.Contains(string(buf[:n]), "NetworkVideoTransmitter") {
				continue
			}
			for _, a := range answers {
				_, _ = conn.WriteTo([]byte(a), from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func (d *fakeDevice) start(t *testing.T) (port int) {
	t.Helper()
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	return s.Listener.Addr().(*net.TCPAddr).Port
}

func listenUDP(t *testing.T) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDiscover(t *testing.T) {
	fault := func(code int, text string) func(string) (int, string) {
		return func(method string) (int, string) {
			if method == "GetCapabilities" {
				return 0, ""
			}
			return code, text
		}
	}
	bomb := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>`
	for _, c := range []struct {
		name       string
		device     fakeDevice
		user, pass string
		problem    string // empty: all its streams are known
		asked      int    // requests
	}{
		{"open", fakeDevice{}, "", "", "", 4},
		{"with a password", fakeDevice{password: "canary"}, "admin", "canary", "", 4},
		{"without the password", fakeDevice{password: "canary"}, "", "", "--password-stdin", 2},
		{"refused", fakeDevice{soap: fault(401, "")}, "admin", "canary", "refuses the user name or password", 2},
		{"no ONVIF", fakeDevice{soap: func(string) (int, string) { return 404, "" }}, "", "", "whether ONVIF is switched on", 1},
		{"broken", fakeDevice{soap: fault(200, "<x")}, "", "", "cannot be read", 2},
		{"XML bomb", fakeDevice{soap: fault(200, bomb)}, "", "", "cannot be read", 2},
		{"deep", fakeDevice{soap: fault(200, strings.Repeat("<a>", 100_000))}, "", "", "cannot be read", 2},
		{"endless", fakeDevice{soap: fault(200, strings.Repeat("x", 2<<20))}, "", "", "longer than", 2},
		{"overloaded", fakeDevice{soap: fault(503, "")}, "", "", "HTTP status 503", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := responder(t, listenUDP(t), "no XML", match(c.device.start(t)), bomb)
			found, err := Discover(t.Context(), Search{Targets: []netip.AddrPort{at}, For: 200 * time.Millisecond, User: c.user,
				Password: c.pass})
			if err != nil || len(found) != 1 {
				t.Fatalf("%v %v", found, err)
			}
			f := found[0]
			if f.Address.Addr().String() != "127.0.0.1" || f.Name != "Hall camera" || f.ID != "urn:uuid:1" {
				t.Fatalf("%+v", f)
			}
			if len(c.device.asked) != c.asked {
				t.Errorf("asked %q", c.device.asked)
			}
			if c.problem != "" {
				if !strings.Contains(f.Problem, c.problem) || strings.Contains(f.Problem, "canary") {
					t.Fatalf("problem %q, want %q", f.Problem, c.problem)
				}
				return
			}
			if f.Problem != "" || f.Maker != "Acme" || f.Model != "Dome 5" || len(f.Profiles) != 1 {
				t.Fatalf("%+v", f)
			}
			if p := f.Profiles[0]; p.Codec != "H264" || p.W != 1920 || p.URL.Reveal() != "rtsp://10.0.0.7/cam?channel=1&subtype=0" {
				t.Fatalf("%+v %s", p, p.URL.Reveal())
			}
		})
	}
}

// Over the real group and the loopback card, where the machine lets it.
func TestDiscoverMulticast(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip("there is no loopback card called lo")
	}
	conn, err := net.ListenMulticastUDP("udp4", lo, net.UDPAddrFromAddrPort(discoveryGroup))
	if err != nil {
		t.Skipf("the loopback card takes no multicast: %v", err)
	}
	responder(t, conn, match(80))
	found, err := Discover(t.Context(), Search{Interface: "lo", For: time.Second})
	if err != nil {
		t.Skipf("the loopback card sends no multicast: %v", err)
	}
	if len(found) != 1 || found[0].Name != "Hall camera" {
		t.Fatalf("%+v", found)
	}
}

func TestDiscoverNames(t *testing.T) {
	if _, err := Discover(t.Context(), Search{Interface: "no-such-card"}); models.KindOf(err) != models.KindInvalid ||
		!strings.Contains(err.Error(), "lo") {
		t.Errorf("an unknown card: %v", err)
	}
	s := Search{User: "admin", Password: "canary"}
	if text := fmt.Sprintf("%v %+v %#v", s, s, &s); strings.Contains(text, "canary") || strings.Contains(text, "admin") {
		t.Errorf("%s", text)
	}
	if f, err := Discover(t.Context(), Search{Targets: []netip.AddrPort{responder(t, listenUDP(t))},
		For: 100 * time.Millisecond}); err != nil || len(f) != 0 {
		t.Errorf("%v %v", f, err)
	}
}

// Whatever comes back from the network, it is a camera at the sender's address or nothing, in words that a terminal can show.
func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(match(80)))
	f.Add([]byte(match(70000)))
	f.Add([]byte(`<Envelope><Body><ProbeMatches><ProbeMatch><Scopes>onvif://www.onvif.org/name/%1b%5b2J</Scopes>
		<XAddrs>http://[::1]:1 x:</XAddrs></ProbeMatch></ProbeMatches></Body></Envelope>`))
	from := netip.MustParseAddr("192.168.1.10")
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range readAnswer(b, from) {
			if c.Address.Addr() != from || c.Address.Port() == 0 {
				t.Fatalf("%v", c.Address)
			}
			for _, s := range []string{c.Name, c.Model, c.ID} {
				if strings.ContainsAny(s, "\x1b\n\r\x00") || len(s) > 400 {
					t.Fatalf("%q", s)
				}
			}
		}
	})
}
