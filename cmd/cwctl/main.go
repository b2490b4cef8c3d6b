// Command cwctl is the operator's command line. It only reads flags and wires rooms together; nobody imports it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRootCommand().ExecuteContext(ctx); err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			fmt.Fprintln(os.Stderr, "cwctl: interrupted")
		} else {
			fmt.Fprintln(os.Stderr, "cwctl:", err)
		}
		code := 1
		if e, ok := errors.AsType[exitError](err); ok {
			code = e.code
		}
		os.Exit(code)
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use: "cwctl", Short: "The operator's command line of Counterwatch",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(newNetsCommand(), newCameraCommand())
	return root
}
