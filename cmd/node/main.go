// Command node pulls cameras, analyses their pictures and keeps what it found until the centre has it; node analyze does
// the same for a file. It only reads flags and wires rooms together. Nobody imports it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use: "node", Short: "The ingest node of Counterwatch",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(newAnalyzeCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}
