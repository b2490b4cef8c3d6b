// Command demo is the whole of Counterwatch in one process, on simulated cameras: it plays offices and a video over RTSP,
// runs a node and a centre on embedded defaults, shows a table in the terminal and prints a link to the page. It only wires
// rooms together and scores what the product says against what the simulated offices know to be true; nobody imports it.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // sites have time zones, and a small machine may not know them

	"github.com/spf13/cobra"

	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/internal/config"
	"github.com/counterwatch/counterwatch/internal/nodeapp"
	"github.com/counterwatch/counterwatch/internal/oplog"
	"github.com/counterwatch/counterwatch/internal/sandbox"
)

// options are the demo's flags.
type options struct {
	config, listen, video, data, json, decoder string
	length                                     time.Duration
	pull                                       bool
}

func main() {
	sandbox.Main(native.NewDecoder)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use: "demo", Short: "Counterwatch on simulated cameras", Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := config.LoadDemo(o.config)
			if err != nil {
				return err
			}
			return withData(o, func(dir string, log *slog.Logger) error {
				return run(c.Context(), o, d, dir, log, c.OutOrStdout())
			})
		},
	}
	f := c.Flags()
	f.StringVar(&o.config, "config", "deploy/examples/demo.yaml", "what is shown and how it is watched")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "host:port of the page; port 0 is any free one (make demo PORT=8090)")
	f.StringVar(&o.video, "video", "", "file that the video cameras replay; without it they are left out")
	f.StringVar(&o.data, "data", "", "folder for everything that is kept; default a new one that is removed at the end")
	f.StringVar(&o.json, "json", "", "write the summary into this file")
	f.StringVar(&o.decoder, "decoder", nodeapp.DecoderSandbox, "sandbox (video is decoded in child processes) or inprocess")
	f.DurationVar(&o.length, "for", 0, "end by itself after this time; 0 is until Ctrl-C")
	f.BoolVar(&o.pull, "pull", true, "try once, briefly, to fetch the default net's weights when they are not here")
	return c
}

// withData gives do the folder that everything is kept in, and the log there. A folder of our own is removed at the end,
// unless something went wrong.
func withData(o options, do func(dir string, log *slog.Logger) error) (err error) {
	dir := o.data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "counterwatch-demo-"); err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
		defer func() {
			if err != nil {
				err = fmt.Errorf("%w\n  (log: %s/demo.log)", err, dir)
				return
			}
			err = os.RemoveAll(dir)
		}()
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	file, err := os.Create(dir + "/demo.log")
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	defer file.Close()
	log, err := oplog.New(file, "info")
	if err != nil {
		return err
	}
	return do(dir, log)
}

// say writes one line for a person.
func say(out io.Writer, format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
