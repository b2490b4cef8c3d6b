package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/counterwatch/counterwatch/analytics"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/internal/config"
	"github.com/counterwatch/counterwatch/models"
)

// analysis is what `node analyze` was asked for.
type analysis struct {
	video      string
	config     string
	detector   string
	detections string
	nets       string
	start      string
	outputs    outputPaths
	stdout     io.Writer
	stderr     io.Writer
}

func newAnalyzeCommand() *cobra.Command {
	var a analysis
	cmd := &cobra.Command{
		Use:   "analyze VIDEO --config camera.yaml",
		Short: "Analyse a video file as if it came from a camera, as fast as it goes",
		Long: "Analyses a video file on the same road as a live camera. Times in the outputs are seconds from the first frame.\n" +
			"With --detections, VIDEO is a seqinfo.ini and no picture is looked at.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return models.Errorf(models.KindInvalid, "name one video (or seqinfo.ini): node analyze VIDEO --config camera.yaml")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			a.video, a.stdout, a.stderr = args[0], cmd.OutOrStdout(), cmd.ErrOrStderr()
			return a.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.config, "config", "", "camera, zones, counters and calendar (YAML); required")
	f.StringVar(&a.detector, "detector", "", "foreground, hog, auto or the name of a network, in place of the configuration's")
	f.StringVar(&a.detections, "detections", "", "detections in MOT format, in place of decoder and detector")
	f.StringVar(&a.nets, "nets", "", "folder of weights (default $COUNTERWATCH_NETS, else .cache/nets)")
	f.StringVar(&a.start, "start", "1970-01-01T00:00:00Z", "capture time of the first frame, for calendars (RFC 3339)")
	f.StringVar(&a.outputs.tracks, "tracks", "", "write tracks here: MOT format, the file's frame numbers, gaps of up to 2 s filled")
	f.StringVar(&a.outputs.visits, "visits", "", "write visits here (CSV)")
	f.StringVar(&a.outputs.minutes, "minutes", "", "write minutes here (CSV)")
	f.StringVar(&a.outputs.waits, "waits", "", "write first-in-first-out waits here (CSV: zone, minute in which the wait ended, seconds, seconds since opening)")
	f.StringVar(&a.outputs.events, "events", "", "write events here (JSON)")
	f.StringVar(&a.outputs.annotated, "annotated", "", "write the video with what was seen drawn on it here (needs the ffmpeg program)")
	_ = cmd.MarkFlagRequired("config")
	return cmd
}

// run analyses the file. What was seen until an error or an interruption is written all the same.
func (a *analysis) run(ctx context.Context) error {
	base, err := time.Parse(time.RFC3339, a.start)
	if err != nil {
		return models.Invalid("--start", "%q is not a time such as 2026-03-02T07:30:00+07:00", a.start)
	}
	camera, site, err := config.LoadCamera(a.config)
	if err != nil {
		return err
	}
	a.choose(&camera.Detector)
	source, detector, err := a.open(camera.Detector, base)
	if err != nil {
		return err
	}
	defer source.Close()
	defer detector.Close()
	fps := camera.AnalyseFPS
	if rate := source.FPS(); rate > 0 && (fps == 0 || fps > rate) {
		fps = rate
	}
	road, err := analytics.NewPipeline(analytics.Config{Node: "analyze", Camera: camera, Site: site, Detector: detector, Scale: native.Scale, FPS: fps})
	if err != nil {
		return fmt.Errorf("%s: %w", a.config, err)
	}
	out, err := openOutputs(a.outputs, base, camera, fps)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%s: detector %s, %s\n", a.video, detect.ForCamera(camera, detector, nil), rateText(camera.AnalyseFPS, source.FPS()))
	w := walk{road: road, source: source, out: out, base: base, every: camera.AnalyseFPS, step: time.Duration(float64(time.Second) / max(fps, .1))}
	w.bar = a.progress(source.Frames())
	err = w.run(ctx)
	_ = w.bar.Exit()
	if e := out.close(); err == nil {
		err = e
	}
	out.summary(a.stdout, w.frames, w.analysed, w.gated, w.last.Sub(base), time.Since(w.began))
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted: the files hold the first %.1f s", w.last.Sub(base).Seconds())
	}
	return err
}

// choose puts --detector over the configuration's detector.
func (a *analysis) choose(d *models.DetectorConfig) {
	switch a.detector {
	case "":
	case "auto", "foreground", "hog":
		d.Kind, d.Net = a.detector, ""
	default:
		d.Kind, d.Net = "network", a.detector
	}
}

// frames gives the frames of a file in order and io.EOF behind the last: a video, or a sequence without pixels.
type frames interface {
	Next() (*models.Frame, error)
	Frames() int64 // 0 when unknown
	FPS() float64  // 0 when unknown
	Close() error
}

func (a *analysis) open(cfg models.DetectorConfig, base time.Time) (frames, detect.Detector, error) {
	if a.detections != "" {
		if a.outputs.annotated != "" {
			return nil, nil, models.Invalid("--annotated", "there are no pictures with --detections: leave one of the two out")
		}
		return openSequence(a.video, a.detections, cfg, base)
	}
	video, err := native.OpenFile(a.video)
	if err != nil {
		return nil, nil, err
	}
	video.Base = base
	d, err := native.NewDetector(cfg, native.Options{NetsDir: a.nets, Log: slog.New(slog.NewTextHandler(a.stderr, nil))})
	if err != nil {
		video.Close()
		return nil, nil, err
	}
	return video, d, nil
}

func (a *analysis) progress(total int64) *progressbar.ProgressBar {
	if total <= 0 {
		total = -1
	}
	opts := []progressbar.Option{progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription("analyse"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionShowCount(), progressbar.OptionThrottle(200 * time.Millisecond),
		progressbar.OptionClearOnFinish()}
	if f, ok := a.stderr.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		opts = append(opts, progressbar.OptionSetVisibility(false))
	}
	return progressbar.NewOptions64(total, opts...)
}

func rateText(want, file float64) string {
	if want == 0 || file > 0 && want >= file {
		return fmt.Sprintf("every frame of %.4g a second", file)
	}
	return fmt.Sprintf("%.4g of %.4g frames a second", want, file)
}

// walk takes the frames of a file down the road.
type walk struct {
	road     *analytics.Pipeline
	source   frames
	out      *outputs
	bar      *progressbar.ProgressBar
	base     time.Time
	every    float64       // frames analysed per second of the file; 0 is all
	step     time.Duration // from one analysed frame to the next
	began    time.Time
	last     time.Time // capture time of the newest analysed frame
	frames   int64
	analysed int64
	gated    int64 // of those, in how many nothing had moved
}

// run analyses until the file's end, an error, or the end of ctx, and then closes the road.
func (w *walk) run(ctx context.Context) error {
	w.began, w.last = time.Now(), w.base
	err := w.loop(ctx)
	if w.analysed > 0 {
		w.last = w.last.Add(w.step) // the newest frame stands for its own share of time
	}
	if e := w.out.put(nil, w.road.Close(w.last, models.EndDay)); err == nil {
		err = e
	}
	return err
}

func (w *walk) loop(ctx context.Context) error {
	next := int64(0) // of the instants k / every, the one that waits for a frame
	for ctx.Err() == nil {
		f, err := w.source.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		w.frames++
		_ = w.bar.Set64(w.frames)
		if w.every > 0 {
			// By time, so that it does not drift; the margin is for times that were rounded.
			k := int64(math.Floor(f.At.Sub(w.base).Seconds()*w.every + 1e-3))
			if k < next {
				continue
			}
			next = k + 1
		}
		r, err := w.road.Step(f)
		if err != nil {
			return err
		}
		w.last = f.At
		w.analysed++
		if r.Gated {
			w.gated++
		}
		if err := w.out.put(f, r); err != nil {
			return err
		}
	}
	return ctx.Err()
}
