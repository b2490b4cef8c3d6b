package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

type serveFlags struct{}

func (s *serveFlags) register(*pflag.FlagSet) {}

func (o *officeFlags) live(context.Context, *office.Sim) error {
	return models.Invalid("--video", "name the file to render into")
}
