package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/counterwatch/counterwatch/internal/nodeapp"
	"github.com/counterwatch/counterwatch/internal/oplog"
	"github.com/counterwatch/counterwatch/models"
)

// newRunCommand is the node itself.
func newRunCommand() *cobra.Command {
	var cfg nodeapp.Config
	var level string
	c := &cobra.Command{
		Use: "node --data DIR --central URL", Short: "The ingest node of Counterwatch: pulls cameras, analyses them, reports to the centre",
		Args: cobra.NoArgs, Version: models.Version, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			log, err := oplog.New(os.Stderr, level)
			if err != nil {
				return err
			}
			cfg.Log = log
			return nodeapp.Run(c.Context(), cfg)
		},
	}
	f := c.Flags()
	f.StringVar(&cfg.DataDir, "data", "", "folder for everything the node keeps (made when it is not there)")
	f.StringVar(&cfg.Central, "central", "", "address of the centre, such as http://127.0.0.1:8080; needed at the first start")
	f.StringVar(&cfg.Token, "token", "", "enrolment token that the centre printed; not needed in the centre's own data folder")
	f.StringVar(&cfg.Name, "name", "", "id of this node (default: the machine's name)")
	f.StringVar(&cfg.CAFile, "ca", "", "certificate of the centre to trust when enrolling over https (PEM)")
	f.StringVar(&cfg.NetsDir, "nets", "", "folder of weights (default $COUNTERWATCH_NETS, else .cache/nets)")
	f.IntVar(&cfg.Slots, "slots", 0, "frames analysed at once (default: one per core)")
	f.StringVar(&cfg.Decoder, "decoder", nodeapp.DecoderSandbox, "sandbox (video is decoded in child processes: a fault there costs its cameras a moment) or inprocess")
	f.Var(&cfg.Limits.Memory, "memory", "memory of the node and its decoders, such as 2GiB (default: nine tenths of the control group's limit, else half of the machine's)")
	f.Float64Var(&cfg.Limits.CPU, "cpu", 0, "cores that the node may use, such as 1.5 (default: all)")
	f.Var(&cfg.Limits.Disk, "disk", "disk for what the centre has not taken yet, such as 4GiB (default 2 GiB; a tenth of the disk stays free in any case)")
	f.StringVar(&level, "log", "info", "debug, info, warn or error")
	return c
}
