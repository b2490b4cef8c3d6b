// Command node pulls cameras, analyses their pictures and keeps what it found until the centre has it; node analyze does
// the same for a file. It only reads flags and wires rooms together. Nobody imports it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // sites have time zones, and a small machine may not know them

	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/internal/sandbox"
)

func main() {
	sandbox.Main(native.NewDecoder)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRunCommand()
	root.AddCommand(newAnalyzeCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}
