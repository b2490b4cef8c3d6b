package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/counterwatch/counterwatch/internal/probe"
	"github.com/counterwatch/counterwatch/models"
)

// What `cwctl camera` ends with beside 0 and 1.
const (
	exitFault       = 2 // the camera cannot be watched
	exitUnsupported = 3 // it answers, but with nothing that can be analysed
)

// exitError is an error that asks for its own exit code.
type exitError struct {
	error
	code int
}

func newCameraCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "camera", Short: "Look at cameras from this machine: test one, find those of a network"}
	cmd.AddCommand(newCameraTestCommand(), newCameraDiscoverCommand())
	return cmd
}

// cameraTest is what the flags of `cwctl camera test` say.
type cameraTest struct {
	probe.Config
	user          string
	passwordStdin bool
	caFile        string
	snapshot      string
	json          bool
}

func newCameraTestCommand() *cobra.Command {
	var o cameraTest
	cmd := &cobra.Command{
		Use: "test URL", Args: cobra.ExactArgs(1),
		Short: "Connect to a camera, watch it for some seconds and say what is good and what is not",
		Long: `Connect to a camera, watch it for some seconds and say what is good and what is not.

A password in the URL can be seen by everybody on this machine while the command runs. Give it with --password-stdin, or leave it out
of rtsp://user@host/path and be asked for it.

Exit codes: 0 pictures come, 1 wrong use, 2 the camera cannot be watched, 3 it sends nothing that can be analysed.`,
		Example: `  cwctl camera test rtsp://admin@192.168.1.10/Streaming/Channels/101
  cwctl camera test rtsps://admin@192.168.1.10/stream1 --fingerprint 4f2a... --snapshot view.jpg
  cwctl camera test rtsp://admin@192.168.1.10/stream1 --password-stdin --json < password`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Transport, "transport", "auto", "how packets come: auto, tcp, udp, multicast")
	f.StringVar(&o.TLS.Fingerprint, "fingerprint", "", "SHA-256 of the camera's certificate (rtsps)")
	f.StringVar(&o.caFile, "ca", "", "PEM `FILE` of the authority that signed it (rtsps)")
	f.DurationVar(&o.For, "for", probe.DefaultFor, "how long to watch")
	f.StringVar(&o.snapshot, "snapshot", "", "write a picture to this JPEG `FILE`")
	f.BoolVar(&o.json, "json", false, "print the findings as JSON")
	f.BoolVar(&o.passwordStdin, "password-stdin", false, "read the password from standard input")
	f.StringVar(&o.user, "user", "", "user name, if the URL names none")
	return cmd
}

func (o *cameraTest) run(cmd *cobra.Command, raw string) error {
	var err error
	if o.URL, err = withLogin(cmd, models.SecretURL(raw), o.user, o.passwordStdin); err != nil {
		return err
	}
	if o.caFile != "" {
		pem, err := os.ReadFile(o.caFile)
		if err != nil {
			return models.Invalid("ca", "%v", err)
		}
		o.TLS.CA = string(pem)
	}
	o.Snapshot, o.NewDecoder = o.snapshot != "", newDecoder
	finish := o.showProgress(cmd)
	t, err := probe.Run(cmd.Context(), o.Config)
	finish()
	if err != nil {
		return err
	}
	if t.Snapshot != nil {
		if err := os.WriteFile(o.snapshot, t.Snapshot, 0o600); err != nil {
			return fmt.Errorf("snapshot: %w", err)
		}
	}
	out := cmd.OutOrStdout()
	if o.json {
		err = printTrialJSON(out, o.URL, t)
	} else {
		err = o.printTrial(out, t)
	}
	if err != nil || t.OK {
		return err
	}
	code := exitFault
	if len(t.Findings) > 0 && t.Findings[0].Code == string(models.KindUnsupported) {
		code = exitUnsupported
	}
	return exitError{errors.New("the camera cannot be watched"), code}
}

// withLogin adds what the URL lacks of user and password: from standard input, or asked for at a terminal.
func withLogin(cmd *cobra.Command, raw models.SecretURL, user string, stdin bool) (models.SecretURL, error) {
	u, err := url.Parse(raw.Reveal())
	if err != nil {
		return raw, nil // the check of the URL says what is wrong with it, without showing it
	}
	if u.User != nil {
		user = u.User.Username()
	}
	if _, given := u.User.Password(); given && !stdin || user == "" {
		return raw, nil
	}
	password, err := readPassword(cmd, "Password of "+user+": ", stdin)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(user, password)
	return models.SecretURL(u.String()), nil
}

// readPassword reads one line of standard input, or asks for the password without showing it.
func readPassword(cmd *cobra.Command, prompt string, stdin bool) (string, error) {
	if !stdin {
		if !term.IsTerminal(int(os.Stdin.Fd())) {
			return "", models.Invalid("password", "there is no terminal to ask for it: give it on standard input with --password-stdin")
		}
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		b, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return string(b), err
	}
	line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) || line == "" {
		return "", models.Invalid("password", "standard input holds none")
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// showProgress fills in o.Progress: a bar on a terminal, a line elsewhere; nothing beside JSON.
func (o *cameraTest) showProgress(cmd *cobra.Command) (finish func()) {
	if o.json {
		return func() {}
	}
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprintf(cmd.ErrOrStderr(), "watching %s for %v\n", o.URL, o.For)
		return func() {}
	}
	bar := progressbar.NewOptions(100, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("connecting"),
		progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
	o.Progress = func(p probe.Progress) {
		if p.Pictures > 0 {
			bar.Describe(fmt.Sprintf("%d pictures", p.Pictures))
		}
		_ = bar.Set(int(p.Done * 100))
	}
	return func() { _ = bar.Finish() }
}

// printTrial prints facts as a table, then what there is to say about them.
func (o *cameraTest) printTrial(w io.Writer, t models.CameraTrial) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range trialFacts(t) {
		fmt.Fprintf(table, "%s\t%s\n", f[0], f[1])
	}
	if t.Snapshot != nil {
		fmt.Fprintf(table, "snapshot\t%s\n", o.snapshot)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(t.Findings) == 0 {
		fmt.Fprintln(w, "\nNothing is wrong.")
	}
	for i, f := range t.Findings {
		if i == 0 && t.Pictures > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%-8s %s\n", f.Weight, f.Text)
		if f.Advice != "" {
			fmt.Fprintf(w, "%-8s -> %s\n", "", f.Advice)
		}
	}
	return nil
}

// trialFacts are what was measured; none when no picture came.
func trialFacts(t models.CameraTrial) (out [][2]string) {
	if t.Pictures == 0 {
		return nil
	}
	add := func(name, format string, args ...any) {
		out = append(out, [2]string{name, fmt.Sprintf(format, args...)})
	}
	s := t.Stream
	codec := strings.ToUpper(string(s.Codec))
	if t.Profile != "" {
		codec += " (" + t.Profile + ")"
	}
	add("codec", "%s", codec)
	if s.W > 0 {
		add("size", "%dx%d", s.W, s.H)
	}
	add("rate", "%.1f pictures/s, %.2f Mbit/s", s.FPS, s.BitRate/1e6)
	if s.Codec != models.CodecMJPEG {
		gop, b := "one key frame only", "no"
		if s.GOP > 0 {
			gop = fmt.Sprintf("every %.3g s", s.GOP.Seconds())
		}
		if s.BFrames {
			b = "yes"
		}
		add("key frames", "%s", gop)
		add("B-frames", "%s", b)
	}
	add("transport", "%s", s.Transport)
	skew := "not told"
	if s.SkewKnown {
		skew = s.Skew.Round(10*time.Millisecond).String() + " against this machine's"
	}
	add("clock", "%s", skew)
	add("watched", "%d pictures in %.1f s, the first after %.2f s, %d packets lost", t.Pictures, t.Watched.Seconds(), t.First.Seconds(),
		s.Lost)
	return out
}

// printTrialJSON prints durations as seconds and the URL without its credentials.
func printTrialJSON(w io.Writer, u models.SecretURL, t models.CameraTrial) error {
	type finding struct {
		Code   string `json:"code"`
		Weight string `json:"weight"`
		Text   string `json:"text"`
		Advice string `json:"advice,omitempty"`
	}
	findings := []finding{}
	for _, f := range t.Findings {
		findings = append(findings, finding{f.Code, string(f.Weight), f.Text, f.Advice})
	}
	s := t.Stream
	var skew *float64
	if s.SkewKnown {
		v := s.Skew.Seconds()
		skew = &v
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{
		"url": u.String(), "ok": t.OK, "codec": s.Codec, "profile": t.Profile, "width": s.W, "height": s.H, "fps": s.FPS,
		"bit_rate": s.BitRate, "gop_s": s.GOP.Seconds(), "b_frames": s.BFrames, "transport": s.Transport, "clock_skew_s": skew,
		"packets_lost": s.Lost, "clock_jumps": s.Jumps, "pictures": t.Pictures, "key_frames": t.KeyFrames, "first_s": t.First.Seconds(),
		"watched_s": t.Watched.Seconds(), "findings": findings,
	})
}
