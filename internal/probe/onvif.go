package probe

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/IOTechSystems/onvif"
	"github.com/IOTechSystems/onvif/device"
	"github.com/IOTechSystems/onvif/media"
	onviftypes "github.com/IOTechSystems/onvif/xsd/onvif"

	"github.com/counterwatch/counterwatch/models"
)

// What a camera may take of us while it describes itself.
const (
	askWithin   = 5 * time.Second // for one answer
	maxAnswer   = 512 << 10       // bytes
	maxProfiles = 16
)

// carrier takes the library's requests: with an end, an answer of bounded size that is read whole, and no other host.
type carrier struct {
	ctx  context.Context
	host string
	next http.RoundTripper
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != c.host {
		return nil, models.Errorf(models.KindForbidden, "the camera sends us to another host")
	}
	ctx, cancel := context.WithTimeout(c.ctx, askWithin)
	defer cancel()
	resp, err := c.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		err = models.Errorf(models.KindUnsupported, "an answer of the camera is longer than %d bytes", maxAnswer)
	}
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return resp, nil
}

// The answers, as far as they matter (ONVIF Device Management and Media service specifications).
type (
	information struct {
		Manufacturer    string `xml:"Body>GetDeviceInformationResponse>Manufacturer"`
		Model           string `xml:"Body>GetDeviceInformationResponse>Model"`
		FirmwareVersion string `xml:"Body>GetDeviceInformationResponse>FirmwareVersion"`
	}
	profileList struct {
		Profiles []struct {
			Token  string `xml:"token,attr"`
			Name   string `xml:"Name"`
			Codec  string `xml:"VideoEncoderConfiguration>Encoding"`
			Width  int    `xml:"VideoEncoderConfiguration>Resolution>Width"`
			Height int    `xml:"VideoEncoderConfiguration>Resolution>Height"`
		} `xml:"Body>GetProfilesResponse>Profiles"`
	}
	streamURI struct {
		URI string `xml:"Body>GetStreamUriResponse>MediaUri>Uri"`
	}
	fault struct {
		Code string `xml:"Body>Fault>Code>Subcode>Value"`
		Text string `xml:"Body>Fault>Reason>Text"`
	}
)

// describe asks a camera what it is and for its streams. A wrong password is tried once.
func describe(ctx context.Context, f *Found, user, password string) error {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: askWithin}).DialContext}
	c := &carrier{ctx: ctx, host: f.Address.String(), next: transport}
	params := onvif.DeviceParams{
		Xaddr: c.host, AuthMode: onvif.NoAuth,
		HttpClient: &http.Client{Transport: c, CheckRedirect: func(*http.Request,
			[]*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
	if user != "" {
		params.Username, params.Password, params.AuthMode = user, password, onvif.UsernameTokenAuth
	}
	d, err := onvif.NewDevice(params)
	if err != nil {
		return models.Errorf(models.KindUnavailable,
			"its ONVIF service does not answer: see whether ONVIF is switched on in its settings")
	}
	var info information
	if err := ask(d, device.GetDeviceInformation{}, &info, user); err != nil {
		return err
	}
	f.Maker, f.Firmware = shown(info.Manufacturer), shown(info.FirmwareVersion)
	if info.Model != "" {
		f.Model = shown(info.Model)
	}
	var list profileList
	if err := ask(d, media.GetProfiles{}, &list, user); err != nil {
		return err
	}
	for _, p := range list.Profiles[:min(len(list.Profiles), maxProfiles)] {
		stream, protocol, token := onviftypes.StreamType("RTP-Unicast"), onviftypes.TransportProtocol("RTSP"),
			onviftypes.ReferenceToken(p.Token)
		var at streamURI
		err := ask(d, media.GetStreamUri{
			StreamSetup:  &onviftypes.StreamSetup{Stream: &stream, Transport: &onviftypes.Transport{Protocol: &protocol}},
			ProfileToken: &token,
		}, &at, user)
		if err != nil {
			return err
		}
		size := models.Size{W: max(0, p.Width), H: max(0, p.Height)}
		f.Profiles = append(f.Profiles, Profile{Name: shown(p.Name), Codec: shown(p.Codec), Size: size, URL: bare(at.URI)})
	}
	if len(f.Profiles) == 0 {
		return models.Errorf(models.KindUnsupported, "it offers no stream")
	}
	return nil
}

// ask calls one method and reads its answer.
func ask(d *onvif.Device, method, answer any, user string) error {
	resp, err := d.CallMethod(method)
	if err != nil {
		if e, ok := errors.AsType[*models.Error](err); ok {
			return e
		}
		return models.Errorf(models.KindUnavailable, "its ONVIF service does not answer whole")
	}
	b, err := io.ReadAll(resp.Body) // bounded and at hand: see carrier
	if err != nil {
		return err
	}
	var wrong fault
	faulty := xml.Unmarshal(b, &wrong) == nil && (wrong.Code != "" || wrong.Text != "")
	switch {
	case resp.StatusCode == http.StatusUnauthorized, faulty && strings.Contains(wrong.Code+wrong.Text, "NotAuthorized"):
		if user == "" {
			return models.Errorf(models.KindUnauthenticated,
				"it asks for a user name and password: give those of its ONVIF user with --user and --password-stdin")
		}
		return models.Errorf(models.KindUnauthenticated,
			"it refuses the user name or password; some cameras have users of their own for ONVIF, and refuse when their clock is wrong")
	case faulty:
		return models.Errorf(models.KindUnsupported, "it answers: %s", shown(wrong.Code+" "+wrong.Text))
	case resp.StatusCode != http.StatusOK:
		return models.Errorf(models.KindUnsupported, "it answers with HTTP status %d", resp.StatusCode)
	}
	if xml.Unmarshal(b, answer) != nil {
		return models.Errorf(models.KindUnsupported, "its answer cannot be read")
	}
	return nil
}

// bare is a stream's address without the credentials that some cameras put into it.
func bare(raw string) models.SecretURL {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" {
		return ""
	}
	u.User = nil
	return models.SecretURL(u.String())
}
