package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/counterwatch/counterwatch/internal/probe"
	"github.com/counterwatch/counterwatch/models"
)

// discovery is what the flags of `cwctl camera discover` say.
type discovery struct {
	probe.Search
	targets       []string
	passwordStdin bool
	json          bool
}

func newCameraDiscoverCommand() *cobra.Command {
	var o discovery
	cmd := &cobra.Command{
		Use: "discover", Args: cobra.NoArgs,
		Short: "Find the ONVIF cameras of this network, with the addresses of their streams",
		Long: `Ask the network for ONVIF cameras (WS-Discovery, UDP multicast to 239.255.255.250:3702) and each of them for its streams.
Where multicast does not pass, name the cameras with --target. With --user the password is asked for, or read with --password-stdin.
It is sent to every camera that answers.`,
		Example: `  cwctl camera discover
  cwctl camera discover --interface eth0 --user admin
  cwctl camera discover --target 192.168.1.10 --user admin --password-stdin < password`,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Interface, "interface", "", "network card to ask over (default every one that can)")
	f.StringSliceVar(&o.targets, "target", nil, "ask these addresses in place of the network: HOST or HOST:PORT, by commas")
	f.DurationVar(&o.For, "for", probe.DefaultSearch, "how long to wait for answers")
	f.StringVar(&o.User, "user", "", "user name, for what cameras tell to users only")
	f.BoolVar(&o.passwordStdin, "password-stdin", false, "read the password from standard input")
	f.BoolVar(&o.json, "json", false, "print what was found as JSON")
	return cmd
}

func (o *discovery) run(cmd *cobra.Command) error {
	var err error
	if o.Targets, err = addresses(o.targets); err != nil {
		return err
	}
	if o.User != "" {
		if o.Password, err = readPassword(cmd, "Password of "+o.User+": ", o.passwordStdin); err != nil {
			return err
		}
	}
	if !o.json {
		fmt.Fprintf(cmd.ErrOrStderr(), "waiting %v for answers\n", o.For)
	}
	found, err := probe.Discover(cmd.Context(), o.Search)
	if err != nil {
		return err
	}
	if o.json {
		return printFoundJSON(cmd.OutOrStdout(), found)
	}
	return printFound(cmd.OutOrStdout(), found)
}

// addresses reads HOST and HOST:PORT.
func addresses(targets []string) (out []netip.AddrPort, err error) {
	const port = "3702"
	for _, t := range targets {
		if _, _, err := net.SplitHostPort(t); err != nil {
			t = net.JoinHostPort(t, port)
		}
		a, err := net.ResolveUDPAddr("udp4", t)
		if err != nil {
			return nil, models.Invalid("target", "%v", err)
		}
		out = append(out, a.AddrPort())
	}
	return out, nil
}

// printFound prints a line for each camera, and one for each of its streams.
func printFound(w io.Writer, found []probe.Found) error {
	if len(found) == 0 {
		fmt.Fprintln(w,
			"No camera answered. See whether ONVIF is switched on in them, and whether multicast passes: --interface, --target.")
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ADDRESS\tNAME\tMODEL\tSTREAM\tSIZE\tURL")
	for _, f := range found {
		camera := []string{f.Address.String(), f.Name, strings.TrimSpace(f.Maker + " " + f.Model)}
		if f.Problem != "" {
			fmt.Fprintf(t, "%s\t-\t-\t%s\n", strings.Join(camera, "\t"), f.Problem)
		}
		for _, p := range f.Profiles {
			fmt.Fprintf(t, "%s\t%s %s\t%dx%d\t%s\n", strings.Join(camera, "\t"), p.Name, p.Codec, p.W, p.H, streamAddress(p.URL))
			camera = []string{"", "", ""}
		}
	}
	return t.Flush()
}

// streamAddress is the URL to watch. It holds no user; its query says which stream, and stays unless it looks like a password.
func streamAddress(u models.SecretURL) string {
	p, err := url.Parse(u.Reveal())
	if err != nil || p.Host == "" {
		return "(no address)"
	}
	for key := range p.Query() {
		if k := strings.ToLower(key); strings.Contains(k, "pass") || strings.Contains(k, "pwd") || strings.Contains(k, "user") ||
			strings.Contains(k, "token") {
			return u.String()
		}
	}
	if p.RawQuery == "" {
		return u.String()
	}
	return u.String() + "?" + p.RawQuery
}

func printFoundJSON(w io.Writer, found []probe.Found) error {
	type stream struct {
		Name   string `json:"name"`
		Codec  string `json:"codec"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
		URL    string `json:"url"`
	}
	type camera struct {
		Address  string   `json:"address"`
		ID       string   `json:"id"`
		Name     string   `json:"name"`
		Maker    string   `json:"maker"`
		Model    string   `json:"model"`
		Firmware string   `json:"firmware"`
		Streams  []stream `json:"streams"`
		Problem  string   `json:"problem,omitempty"`
	}
	out := []camera{}
	for _, f := range found {
		c := camera{f.Address.String(), f.ID, f.Name, f.Maker, f.Model, f.Firmware, []stream{}, f.Problem}
		for _, p := range f.Profiles {
			c.Streams = append(c.Streams, stream{p.Name, p.Codec, p.W, p.H, streamAddress(p.URL)})
		}
		out = append(out, c)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
