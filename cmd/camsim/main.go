// Command camsim serves simulated RTSP cameras: video files that loop, and offices that live. It only reads flags and
// wires internal/camsim and internal/office together. Nobody imports it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lmittmann/tint"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/counterwatch/counterwatch/models"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use: "camsim", Short: "Simulated RTSP cameras: video files that loop, and offices that live",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(officeCommand(), replayCommand())
	if err := root.ExecuteContext(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "camsim:", err)
		os.Exit(1)
	}
}

// sizeFlag reads WIDTHxHEIGHT.
type sizeFlag struct{ models.Size }

func (s *sizeFlag) String() string {
	if s.W == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d", s.W, s.H)
}
func (s *sizeFlag) Type() string { return "WxH" }
func (s *sizeFlag) Set(v string) error {
	w, h, ok := strings.Cut(v, "x")
	var err1, err2 error
	s.W, err1 = strconv.Atoi(w)
	s.H, err2 = strconv.Atoi(h)
	if !ok || err1 != nil || err2 != nil || s.W <= 0 || s.H <= 0 {
		return errors.New("use WIDTHxHEIGHT, such as 640x360")
	}
	return nil
}

func onTerminal() bool { return term.IsTerminal(int(os.Stderr.Fd())) }

func logger() *slog.Logger {
	return slog.New(tint.NewTextHandler(os.Stderr, &tint.Options{TimeFormat: time.TimeOnly, NoColor: !onTerminal()}))
}

// newBar is a progress bar on the terminal; elsewhere it says nothing.
func newBar(total int64, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(onTerminal()), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
}

// writeFile writes a file by way of a neighbour, so that a reader never sees half of it.
func writeFile(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".camsim-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
