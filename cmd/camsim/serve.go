package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// serveFlags are the flags of whatever is served over RTSP.
type serveFlags struct {
	camsim.Config
	cameras int
	length  time.Duration
}

func (s *serveFlags) register(f *pflag.FlagSet) {
	f.StringVar(&s.Listen, "listen", "127.0.0.1:8554", "RTSP address, HOST:PORT; port 0 takes any free one")
	f.StringVar(&s.User, "user", "", "user name asked for (digest authentication)")
	f.StringVar(&s.Password, "password", "", "password asked for")
	f.IntVar(&s.cameras, "cameras", 0, "number of cameras (default one, or one for each file)")
	f.DurationVar(&s.length, "for", 0, "length of the video; when served, the time after which it ends (default until Ctrl-C)")
}

func (s *serveFlags) validate() error {
	if s.length < 0 {
		return models.Invalid("--for", "%s is negative", s.length)
	}
	if s.cameras < 0 || s.cameras > 200 {
		return models.Invalid("--cameras", "%d is out of range: use 1 to 200", s.cameras)
	}
	return nil
}

// run adds cameras by way of add, tells their addresses and serves until ctx or --for ends.
func (s *serveFlags) run(ctx context.Context, add func(*camsim.Server) (names []string, err error)) error {
	s.Log = logger()
	server, err := camsim.New(s.Config)
	if err != nil {
		return err
	}
	names, err := add(server)
	if err != nil {
		server.Close()
		return err
	}
	if s.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.length)
		defer cancel()
	}
	told := make(chan struct{})
	ending, cancel := context.WithCancel(ctx)
	go func() {
		defer close(told)
		select {
		case <-server.Ready():
			for _, n := range names {
				fmt.Printf("rtsp://%s/%s\n", server.Addr(), n)
			}
		case <-ending.Done():
		}
	}()
	err = server.Run(ctx)
	cancel()
	<-told
	return err
}

// live serves offices, each with the next seed.
func (o *officeFlags) live(ctx context.Context, c office.Config) error {
	n := max(o.serve.cameras, 1)
	if n > 1 && (o.truth != "" || o.config != "") {
		return models.Invalid("--cameras", "--truth and --config are for one camera")
	}
	var sim *office.Sim
	err := o.serve.run(ctx, func(server *camsim.Server) (names []string, err error) {
		for i := range n {
			each := c
			each.Seed += uint64(i)
			name := c.Name
			if n > 1 {
				name = fmt.Sprintf("%s%d", c.Name, i+1)
				each.Name = name
			}
			if sim, err = server.AddOffice(name, each, o.enc); err != nil {
				return nil, err
			}
			names = append(names, name)
		}
		return names, nil
	})
	if sim == nil {
		return err
	}
	return errors.Join(err, o.writeTruth(sim))
}

func replayCommand() *cobra.Command {
	var s serveFlags
	var enc camsim.Encoding
	var size sizeFlag
	cmd := &cobra.Command{
		Use: "replay FILE...", Short: "Video files served as looping cameras",
		Long: "Serves each video file as a camera, cam1, cam2 and so on, over and over with timestamps that run on. H.264 without B-frames in\n" +
			"mp4 is served as it is; anything else, or any change asked for by a flag, is transcoded once into the cache.",
		Example: "  camsim replay street.avi --user admin --password secret",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			enc.Size = size.Size
			if err := errors.Join(s.validate(), enc.Validate()); err != nil {
				return err
			}
			return s.run(cmd.Context(), func(server *camsim.Server) (names []string, err error) {
				for i := range max(s.cameras, len(files)) {
					name, file := fmt.Sprintf("cam%d", i+1), files[i%len(files)]
					if err := server.AddReplay(cmd.Context(), name, file, enc, transcodeBar(file)); err != nil {
						return nil, err
					}
					names = append(names, name)
				}
				return names, nil
			})
		},
	}
	f := cmd.Flags()
	s.register(f)
	f.DurationVar(&s.Stagger, "stagger", 0, "spread the cameras' beginnings over this time; otherwise they are in step")
	f.StringVar(&s.Cache, "cache", "", "folder for transcoded files (default the user's cache folder)")
	f.Var(&size, "size", "scale to this size (default as it is)")
	f.Float64Var(&enc.FPS, "fps", 0, "pictures per second (default as it is)")
	f.IntVar(&enc.GOP, "gop", 0, "pictures from key frame to key frame (default as it is)")
	f.IntVar(&enc.Bitrate, "bitrate", 0, "kbit/s (default as it is)")
	return cmd
}

// transcodeBar shows how far the transcoding of a file is; plain lines where there is no terminal.
func transcodeBar(file string) func(done, total time.Duration) {
	var bar *progressbar.ProgressBar
	return func(done, total time.Duration) {
		if bar == nil {
			bar = newBar(total.Milliseconds(), "transcoding "+file)
			if !onTerminal() {
				fmt.Fprintln(os.Stderr, "transcoding", file, "once into the cache")
			}
		}
		bar.Set64(min(done, total).Milliseconds())
	}
}
