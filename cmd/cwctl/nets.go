package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/counterwatch/counterwatch/models/nets"
)

func newNetsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "nets", Short: "The weights of detection networks: list, pull, import"}
	dir := cmd.PersistentFlags().String("dir", "", "nets folder (default $COUNTERWATCH_NETS, else "+nets.DefaultDir+")")
	store := func() nets.Store { return nets.Open(*dir, os.Getenv) }
	cmd.AddCommand(
		&cobra.Command{
			Use: "list", Short: "Show the networks there are cards for, and whether their weights are here", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return listNets(cmd.OutOrStdout(), store()) },
		},
		&cobra.Command{
			Use: "pull NAME", Short: "Fetch a network's weights, going on where an earlier try broke off", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				card, err := nets.Find(args[0])
				if err != nil {
					return err
				}
				return pullNet(cmd, store(), card)
			},
		},
		&cobra.Command{
			Use: "import FILE...", Short: "Take weights from files; they are recognised by their hash", Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return importNets(cmd.OutOrStdout(), store(), args) },
		},
	)
	return cmd
}

func listNets(w io.Writer, s nets.Store) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tINPUT\tSIZE\tLICENCE\tWEIGHTS\tSOURCE")
	for _, c := range nets.Cards() {
		state := "missing: cwctl nets pull " + c.Name
		if path, ok := s.Find(c); ok {
			state = path
			if _, err := s.Load(c); err != nil {
				state = "ALTERED, not used: " + path
			}
		}
		fmt.Fprintf(t, "%s\t%dx%d\t%.1f MB\t%s\t%s\t%s\n", c.Name, c.Input.W, c.Input.H, float64(c.Bytes())/1e6, c.Licence, state, c.Source)
	}
	return t.Flush()
}

func importNets(w io.Writer, s nets.Store, files []string) error {
	for _, path := range files {
		card, file, err := s.Import(path)
		if err != nil {
			return err
		}
		if missing := s.Missing(card); len(missing) > 0 {
			fmt.Fprintf(w, "%s of %s is in %s; import %s as well\n", file.Name, card.Name, s.Dirs[0], missing[0].Name)
		} else {
			fmt.Fprintf(w, "%s is in %s\n", card.Name, s.Dirs[0])
		}
	}
	return nil
}

func pullNet(cmd *cobra.Command, s nets.Store, card nets.Card) error {
	out := cmd.OutOrStdout()
	if _, err := s.Load(card); err == nil {
		path, _ := s.Find(card)
		fmt.Fprintf(out, "%s is there already: %s\n", card.Name, path)
		return nil
	}
	var progress func(done, total int64)
	if term.IsTerminal(int(os.Stderr.Fd())) {
		bar := progressbar.NewOptions64(card.Bytes(), progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(card.Name),
			progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
		defer bar.Exit()
		progress = func(done, _ int64) { _ = bar.Set64(done) }
	} else {
		fmt.Fprintf(out, "fetching %s, %.1f MB, from %s\n", card.Name, float64(card.Bytes())/1e6, card.Files[0].URL)
	}
	if err := s.Pull(cmd.Context(), card, nil, progress); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is in %s (%s)\n", card.Name, s.Dirs[0], card.Licence)
	return nil
}
