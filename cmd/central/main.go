// Command central is the supervision centre: it takes in what nodes send, remembers it and serves it over gRPC, REST and a
// web page on one port. It only reads flags and wires rooms together; nobody imports it.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // sites have time zones, and a small machine may not know them

	"github.com/spf13/cobra"

	"github.com/counterwatch/counterwatch/internal/centralapp"
	"github.com/counterwatch/counterwatch/internal/config"
	"github.com/counterwatch/counterwatch/internal/oplog"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/sql"
	"github.com/counterwatch/counterwatch/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "central:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var cfg centralapp.Config
	var registry, level string
	c := &cobra.Command{
		Use: "central --data DIR", Short: "The supervision centre of Counterwatch", Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			log, err := oplog.New(os.Stderr, level)
			if err != nil {
				return err
			}
			cfg.Log, cfg.Page = log, web.Dist()
			cfg.Database, cfg.Influx.Token = cmp.Or(cfg.Database, os.Getenv("COUNTERWATCH_DATABASE")), os.Getenv("COUNTERWATCH_INFLUX_TOKEN")
			if cfg.Database != "" && !sql.IsPostgres(cfg.Database) {
				return models.Invalid("database", "must begin with postgres://, as in postgres://user:password@host:5432/counterwatch")
			}
			return run(c.Context(), cfg, registry, c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringVar(&cfg.DataDir, "data", "", "folder for everything the centre keeps (made when it is not there)")
	f.StringVar(&cfg.Database, "database", "", "PostgreSQL to keep everything but series and pictures in, postgres://user:password@host/counterwatch (default: a file in the data\n"+
		"folder); $COUNTERWATCH_DATABASE says it without showing the password to other users of this machine")
	f.StringVar(&cfg.Influx.URL, "influx", "", "InfluxDB to keep series in, http://host:8086 (default: a file in the data folder); $COUNTERWATCH_INFLUX_TOKEN holds its\n"+
		"token, of 1.8 user:password")
	f.StringVar(&cfg.Influx.Bucket, "influx-bucket", "counterwatch/autogen", "its bucket; of 1.8 database/retention policy")
	f.StringVar(&cfg.Influx.Org, "influx-org", "", "its organisation; 2 only")
	f.StringVar(&cfg.Listen, "listen", "127.0.0.1:8080", "host:port of the page, REST and gRPC, plain and TLS; :8080 is every address")
	f.StringVar(&cfg.NATSListen, "nats-listen", "127.0.0.1:4222", "host:port of the bus to which nodes connect")
	f.StringArrayVar(&cfg.Hosts, "host", nil, "further name or address of this machine, for its certificate (may be repeated)")
	f.BoolVar(&cfg.InsecureHTTP, "insecure-http", false, "serve plain HTTP to other machines too, for a proxy in front that speaks HTTPS")
	f.StringVar(&registry, "config", "", "YAML file of units, sites and cameras to add or change at the start")
	f.StringVar(&level, "log", "info", "debug, info, warn or error")
	_ = c.MarkFlagRequired("data") // it exists
	return c
}

// run opens the centre, says how to come in, and takes in records until ctx ends.
func run(ctx context.Context, cfg centralapp.Config, registry string, out io.Writer) (err error) {
	var r config.Registry
	if registry != "" {
		if r, err = config.LoadRegistry(registry); err != nil { // before anything is opened
			return err
		}
	}
	a, err := centralapp.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if registry != "" {
		if err := a.Registry.Apply(ctx, r.Units, r.Sites, r.Cameras); err != nil {
			return fmt.Errorf("%s: %w", registry, err)
		}
		cfg.Log.Info("a registry was applied", "by", "--config", "file", registry, "units", len(r.Units), "sites", len(r.Sites), "cameras", len(r.Cameras))
	}
	if err := greet(ctx, a, out); err != nil {
		return err
	}
	return a.Run(ctx)
}

func greet(ctx context.Context, a *centralapp.App, out io.Writer) error {
	token, err := a.Auth.SetupToken(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Counterwatch centre: %s\n", a.URL())
	if token != "" {
		fmt.Fprintf(out, "  no user exists yet; make the first one there with this set-up token: %s\n", token)
	}
	fmt.Fprintf(out, "  start a node: %s\n", a.NodeCommand())
	return nil
}
