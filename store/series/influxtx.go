package series

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api/query"
	"github.com/influxdata/influxdb-client-go/v2/api/write"

	"github.com/counterwatch/counterwatch/models"
)

// influxTx is one transaction on InfluxDB: it reads what it needs once, camera by camera, writes into its memory, and sends
// all at the commit, in one request.
type influxTx struct {
	*influx
	ctx    context.Context // of the commit
	series map[models.SeriesKey]*series
	loaded map[string]bool                       // cameras whose series are known
	kept   map[models.SeriesKey]map[int64][]byte // hours as they are in this transaction
	read   map[loading]bool
	points map[string]*write.Point // what is to be written, by what it replaces
}

// loading is what has been read of a camera: the hours of one day of UTC.
type loading struct {
	camera string
	day    int64
}

func newInfluxTx(ctx context.Context, f *influx) *influxTx {
	return &influxTx{influx: f, ctx: ctx, series: map[models.SeriesKey]*series{}, loaded: map[string]bool{},
		kept: map[models.SeriesKey]map[int64][]byte{}, read: map[loading]bool{}, points: map[string]*write.Point{}}
}

// commit writes everything. It waits for the answer also when the context ends meanwhile: half a batch must not be unknown.
func (w *influxTx) commit() error {
	defer w.end()
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if len(w.points) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), influxTimeout)
	defer cancel()
	return w.client.WriteAPIBlocking(w.conf.Org, w.conf.Bucket).WritePoint(ctx, slices.Collect(maps.Values(w.points))...)
}

func (w *influxTx) rollback() error {
	w.end()
	return nil
}

func (w *influxTx) end() { w.turn <- struct{}{} }

// find reads all series of the camera at once.
func (w *influxTx) find(ctx context.Context, key models.SeriesKey) (*series, error) {
	if !w.loaded[key.Camera] {
		err := w.ask(ctx, "series", 0, 0, "r.camera == "+quote(tag(key.Camera)), "", func(r *query.FluxRecord) error {
			k := keyOf(r)
			if w.series[k] == nil {
				w.series[k] = &series{key: k}
			}
			return w.series[k].read(r)
		})
		if err != nil {
			return nil, err
		}
		w.loaded[key.Camera] = true
	}
	sr := w.series[key]
	if sr == nil {
		return nil, errNoSeries
	}
	found := *sr
	return &found, nil
}

// hours reads the hours of all series of the camera, by days of UTC.
func (w *influxTx) hours(ctx context.Context, sr *series, from, to int64, each func(int64, []byte) error) error {
	for day := floorDiv(from, 24); day <= floorDiv(to, 24); day++ {
		if err := w.load(ctx, loading{sr.key.Camera, day}); err != nil {
			return err
		}
	}
	for n := from; n <= to; n++ {
		if body := w.kept[sr.key][n]; len(body) > 0 {
			if err := each(n, body); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *influxTx) load(ctx context.Context, l loading) error {
	if w.read[l] {
		return nil
	}
	w.read[l] = true
	return w.bodies(ctx, "hours", "r.camera == "+quote(tag(l.camera)), l.day*86400, l.day*86400+86399, func(r *query.FluxRecord, body []byte) error {
		w.keep(keyOf(r), hourOf(r.Time()), body)
		return nil
	})
}

func (w *influxTx) keep(key models.SeriesKey, n int64, body []byte) {
	if w.kept[key] == nil {
		w.kept[key] = map[int64][]byte{}
	}
	w.kept[key][n] = body
}

func (w *influxTx) putSeries(_ context.Context, sr *series) error {
	if strings.ContainsFunc(sr.key.Camera+sr.key.Zone+sr.key.Counter, unicode.IsControl) { // InfluxDB would keep another name
		return models.Invalid("series", "%q holds a character that is none", sr.key)
	}
	kept := *sr
	w.series[sr.key] = &kept
	w.point("series", sr.key, 0, map[string]any{"kind": string(sr.kind), "tz": sr.tz, "law": sr.law, "mixed": sr.mixed, "since": sr.since})
	return nil
}

func (w *influxTx) putHour(_ context.Context, sr *series, n int64, body []byte) error {
	w.keep(sr.key, n, slices.Clone(body))
	w.point("hours", sr.key, n*3600, map[string]any{"body": base64.StdEncoding.EncodeToString(body)})
	return nil
}

// putDay writes the roll-up, and beside it what people look for in a database of series.
func (w *influxTx) putDay(_ context.Context, sr *series, day int64, body []byte, sum *models.Sum) error {
	fields := map[string]any{
		"body": base64.StdEncoding.EncodeToString(body), "minutes": sum.Minutes, "working_s": sum.WorkingS, "observed_s": sum.ObservedS,
		"occupancy_s": sum.OccupancyS, "staffed_s": sum.StaffedS, "absent_s": sum.AbsentS, "unknown_s": sum.UnknownS,
		"max": sum.Max, "arrivals": sum.Arrivals, "starts": sum.Starts, "gave_up": sum.GaveUp, "waits": sum.Waits.N,
	}
	if sum.Waits.N > 0 {
		fields["wait_mean_s"], fields["wait_p50_s"], fields["wait_p90_s"] = sum.Waits.Mean(), sum.Waits.Quantile(.5), sum.Waits.Quantile(.9)
	}
	w.point("days", sr.key, day*86400, fields)
	return nil
}

// dropDays empties days; those that are put afterwards replace the empty ones.
func (w *influxTx) dropDays(ctx context.Context, sr *series, from int64) error {
	return w.influx.days(ctx, []models.SeriesKey{sr.key}, from, 1<<33/86400, func(key models.SeriesKey, day int64, _ []byte) error {
		w.point("days", key, day*86400, map[string]any{"body": ""})
		return nil
	})
}

// dropHours empties hours: unlike a deletion, that is the same request in 1.8 and 2.
func (w *influxTx) dropHours(ctx context.Context, sr *series, to int64) error {
	return w.influx.hours(ctx, sr, 0, to, func(n int64, _ []byte) error {
		w.keep(sr.key, n, nil)
		w.point("hours", sr.key, n*3600, map[string]any{"body": ""})
		return nil
	})
}

// point replaces what was to be written there.
func (w *influxTx) point(measurement string, key models.SeriesKey, second int64, fields map[string]any) {
	tags := map[string]string{"camera": tag(key.Camera), "zone": tag(key.Zone), "counter": tag(key.Counter)}
	at := time.Unix(second, 0)
	w.points[measurement+" "+key.Camera+"/"+key.Zone+"/"+key.Counter+" "+at.String()] = influxdb2.NewPoint(measurement, tags, fields, at)
}
