package nodeapp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics"
	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// TestIdlingOnRealPictures: an office of real people that opens after a while, coded, decoded and searched by the true network:
// idling until somebody comes costs less and changes no figure.
func TestIdlingOnRealPictures(t *testing.T) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Skip("COUNTERWATCH_DATA is not set: there are no weights and no people")
	}
	dir := t.TempDir()
	cast, err := camsim.LoadCast(t.Context(), filepath.Join(data, "video/vtest.avi"), filepath.Join(data, "mot15/PETS09-S2L1/gt/gt.txt"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	conf := office.Config{Seed: 1, Look: office.People, Cast: cast, Size: models.Size{W: 640, H: 480}, FPS: 10, Opens: 15 * time.Second}
	sim, err := office.New(conf)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "office.mp4")
	if err := camsim.Render(t.Context(), sim, 28*time.Second, file, camsim.Encoding{Bitrate: 1000}, nil); err != nil {
		t.Fatal(err)
	}
	units := codedPictures(t, file, conf.FPS)
	figures, counts := map[string]string{}, map[string]models.Counts{}
	for _, gate := range []string{"off", "on"} {
		camera := conf.Camera()
		camera.ID, camera.AnalyseFPS, camera.Detector = "cam", 2, models.DetectorConfig{Kind: "network", MotionGate: gate}
		figures[gate], counts[gate] = watchUnits(t, camera, filepath.Join(data, "nets"), units)
	}
	off, on := counts["off"], counts["on"]
	if figures["on"] != figures["off"] || on.Idle < off.Idle+25 || on.Analysed-on.Gated >= off.Analysed {
		t.Errorf("idling: %s %+v\nelse:   %s %+v", figures["on"], on, figures["off"], off)
	}
}

// codedPictures are the access units of a video file.
func codedPictures(t *testing.T, file string, fps float64) (units []*models.AccessUnit) {
	stream, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", file, "-c", "copy", "-bsf:v", "h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	const delimiter, idr = 9, 5
	for _, n := range bytes.Split(stream, []byte{0, 0, 1}) {
		if n = bytes.TrimRight(n, "\x00"); len(n) == 0 {
			continue
		}
		if n[0]&31 == delimiter {
			at := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC).Add(time.Duration(float64(len(units)) / fps * float64(time.Second)))
			units = append(units, &models.AccessUnit{Codec: models.CodecH264, Epoch: 1, At: at})
			continue
		}
		u := units[len(units)-1]
		u.NALUs, u.Key = append(u.NALUs, n), u.Key || n[0]&31 == idr
	}
	return units
}

// reader gives units as fast as they are taken, on a clock of their own.
type reader struct {
	units []*models.AccessUnit
	next  int
	clock atomic.Int64
	ended chan struct{}
}

func (r *reader) Next(ctx context.Context) (*models.AccessUnit, error) {
	if r.next == len(r.units) {
		if ctx.Err() == nil {
			close(r.ended)
			<-ctx.Done()
		}
		return nil, ctx.Err()
	}
	if ctx.Err() != nil { // it comes only when waited for
		return nil, ctx.Err()
	}
	r.next++
	r.clock.Store(r.units[r.next-1].At.UnixNano())
	return r.units[r.next-1], nil
}
func (r *reader) Skipped() int64 { return 0 }
func (r *reader) Close()         {}

// totals is a Sink that adds up what it gets.
type totals struct{ observed, staffed, absent, occupancy, visits float64 }

func (s *totals) Put(_ context.Context, records []models.Record, _ []models.Media, _ []byte) error {
	for _, r := range records {
		if m := r.Minute; m != nil {
			s.observed, s.staffed, s.absent, s.occupancy = s.observed+m.ObservedS, s.staffed+m.StaffedS, s.absent+m.AbsentS, s.occupancy+m.OccupancyS
		}
		if r.Visit != nil {
			s.visits++
		}
	}
	return nil
}

// watchUnits has a camera's units analysed and returns what came of it.
func watchUnits(t *testing.T, camera models.Camera, netsDir string, units []*models.AccessUnit) (string, models.Counts) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	detector, err := native.NewDetector(camera.Detector, native.Options{NetsDir: netsDir, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer detector.Close()
	source, sum := &reader{units: units, ended: make(chan struct{})}, &totals{}
	source.clock.Store(units[0].At.UnixNano())
	site := models.Site{Calendar: models.Calendar{Always: true}}
	runner := analytics.NewRunner(analytics.RunnerConfig{
		Node: "node", Camera: camera, Sink: sum, Log: log, NewDecoder: native.NewDecoder,
		NewStepper: func() (analytics.Stepper, error) {
			return analytics.NewPipeline(analytics.Config{Node: "node", Camera: camera, Site: site, Detector: detector, Scale: native.Scale})
		},
		Units:  func() analytics.Units { return source },
		Health: func() models.CameraHealth { return models.CameraHealth{State: models.CameraLive} },
		Now:    func() time.Time { return time.Unix(0, source.clock.Load()) },
	})
	ctx, stop := context.WithCancelCause(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); runner.Run(ctx) }()
	<-source.ended
	stop(analytics.ErrRemoved)
	<-done
	return fmt.Sprintf("%+v", *sum), runner.Counts()
}
