// Package oplog makes the log that an operator reads on the terminal or in a file: a writer and a level go in, a slog.Logger
// comes out. The programs under cmd make theirs here and hand it down; rooms are given a logger and never make one.
package oplog

import (
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/counterwatch/counterwatch/models"
)

// New makes a log that writes to w what is at or above a level: debug, info, warn or error. Colours only on a terminal.
func New(w *os.File, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, models.Errorf(models.KindInvalid, "--log %q: use debug, info, warn or error", level)
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{Level: l, NoColor: !term.IsTerminal(int(w.Fd()))})), nil
}
