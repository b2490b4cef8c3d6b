package series

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api/http"
	"github.com/influxdata/influxdb-client-go/v2/api/query"

	"github.com/counterwatch/counterwatch/models"
)

// InfluxConfig says where an InfluxDB is: 1.8 with flux-enabled, or 2.
type InfluxConfig struct {
	URL    string // http(s)://host:port
	Token  string // 2: an API token; 1.8: user:password, empty without accounts
	Org    string // 2 only
	Bucket string // 1.8: database/retention policy, such as counterwatch/autogen
}

// influx is the shelf on InfluxDB. Its measurements, each with the tags camera, zone and counter ("-" where there is none):
//   - hours: body, the same bytes as in the embedded shelf, in base64, at the hour's beginning;
//   - days: body likewise at the date's midnight in UTC; beside it what people look for: waits, coverage, staffing, arrivals;
//   - series: kind, time zone, law and first day of the minutes kept, all at 1970-01-01.
//
// A point that is written again replaces the one before, so that a batch which a crash of the database has cut is made whole
// when its node, which got no answer, sends it again. One process writes: centres that share one InfluxDB must share the nodes out.
type influx struct {
	client influxdb2.Client
	conf   InfluxConfig
	turn   chan struct{} // holds one word when nobody writes
}

const influxTimeout = 30 * time.Second // of one request

// OpenInflux opens a store on InfluxDB. The bucket must exist. zone is as in Open.
func OpenInflux(ctx context.Context, c InfluxConfig, zone func(camera string) *time.Location) (*Store, error) {
	if !strings.HasPrefix(c.URL, "http://") && !strings.HasPrefix(c.URL, "https://") {
		return nil, models.Invalid("influx", "the address of InfluxDB must begin with http:// or https://, as in http://127.0.0.1:8086")
	}
	if c.Bucket == "" {
		return nil, models.Invalid("influx", "name the bucket; of InfluxDB 1.8 it is database/policy, as in counterwatch/autogen")
	}
	options := influxdb2.DefaultOptions().SetHTTPRequestTimeout(uint(influxTimeout / time.Second)).SetLogLevel(0)
	f := &influx{client: influxdb2.NewClientWithOptions(c.URL, c.Token, options), conf: c, turn: make(chan struct{}, 1)}
	f.turn <- struct{}{}
	if err := f.reach(ctx); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return newStore(f, zone)
}

// reach reads from the bucket, and says what is wrong when that cannot be done.
func (f *influx) reach(ctx context.Context) error {
	err := f.ping(ctx)
	if err != nil {
		return err
	}
	_, err = f.keys(ctx)
	database, _, _ := strings.Cut(f.conf.Bucket, "/")
	var e *http.Error
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "not found"), strings.Contains(err.Error(), "no database"): // 2, 1.8
		return models.Errorf(models.KindNotFound, "InfluxDB at %s has no bucket %s: on 1.8 make it with influx -execute 'CREATE DATABASE %s', on 2 with influx bucket create -n %s",
			f.conf.URL, f.conf.Bucket, database, f.conf.Bucket)
	case errors.As(err, &e) && (e.StatusCode == 401 || e.StatusCode == 403):
		return models.Errorf(models.KindUnauthenticated, "InfluxDB at %s refuses the token: give one that may read and write %s", f.conf.URL, f.conf.Bucket)
	}
	return models.Errorf(models.KindUnavailable, "InfluxDB at %s: %w (on 1.8, is flux-enabled = true set under [http]?)", f.conf.URL, err)
}

func (f *influx) ping(ctx context.Context) error {
	if ok, err := f.client.Ping(ctx); err != nil || !ok {
		return models.Errorf(models.KindUnavailable, "InfluxDB at %s does not answer: is it running, and reachable from here?", f.conf.URL)
	}
	return nil
}

func (f *influx) close() error {
	f.client.Close()
	return nil
}

// begin waits for its turn to write.
func (f *influx) begin(ctx context.Context) (transaction, error) {
	select {
	case <-f.turn:
		return newInfluxTx(ctx, f), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// none stands for an empty tag, which InfluxDB does not have; no id is like it.
const none = "-"

func tag(id string) string {
	if id == "" {
		return none
	}
	return id
}

func untag(v any) string {
	if s, ok := v.(string); ok && s != none {
		return s
	}
	return ""
}

// quote is a string of Flux that holds no expression.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `${`, `\${`, "\n", `\n`, "\r", `\r`).Replace(s) + `"`
}

// only is the condition that selects one series.
func only(key models.SeriesKey) string {
	return fmt.Sprintf(`r.camera == %s and r.zone == %s and r.counter == %s`, quote(tag(key.Camera)), quote(tag(key.Zone)), quote(tag(key.Counter)))
}

func keyOf(r *query.FluxRecord) models.SeriesKey {
	return models.SeriesKey{Camera: untag(r.ValueByKey("camera")), Zone: untag(r.ValueByKey("zone")), Counter: untag(r.ValueByKey("counter"))}
}

// ask runs a query over one measurement; from and to, both included, are seconds since 1970.
func (f *influx) ask(ctx context.Context, measurement string, from, to int64, where, then string, each func(*query.FluxRecord) error) error {
	flux := fmt.Sprintf(`from(bucket: %s) |> range(start: %d, stop: %d) |> filter(fn: (r) => r._measurement == %s and %s)%s`,
		quote(f.conf.Bucket), from, to+1, quote(measurement), where, then)
	result, err := f.client.QueryAPI(f.conf.Org).Query(ctx, flux)
	if err != nil {
		return err
	}
	defer result.Close()
	for result.Next() {
		if err := each(result.Record()); err != nil {
			return err
		}
	}
	return result.Err()
}

// find reads one series' own fields.
func (f *influx) find(ctx context.Context, key models.SeriesKey) (*series, error) {
	sr := &series{key: key}
	found := false
	err := f.ask(ctx, "series", 0, 0, only(key), "", func(r *query.FluxRecord) error {
		found = true
		return sr.read(r)
	})
	if err == nil && !found {
		err = errNoSeries
	}
	if err != nil {
		return nil, err
	}
	return sr, nil
}

// read takes over one field of a series. InfluxDB answers nil for an empty string.
func (sr *series) read(r *query.FluxRecord) error {
	text, isText := r.Value().(string)
	truth, isTruth := r.Value().(bool)
	number, isNumber := r.Value().(int64)
	if r.Value() != nil && !isText && !isTruth && !isNumber {
		return fmt.Errorf("field %s of series %v holds %v", r.Field(), sr.key, r.Value())
	}
	switch r.Field() {
	case "kind":
		sr.kind = models.ZoneKind(text)
	case "tz":
		sr.tz = text
	case "law":
		sr.law = text
	case "mixed":
		sr.mixed = truth
	case "since":
		sr.since = number
	}
	return nil
}

func (f *influx) keys(ctx context.Context) (keys []models.SeriesKey, err error) {
	err = f.ask(ctx, "series", 0, 0, `r._field == "tz"`, "", func(r *query.FluxRecord) error {
		keys = append(keys, keyOf(r))
		return nil
	})
	sortKeys(keys)
	return keys, err
}

// span asks for the first and the last hour.
func (f *influx) span(ctx context.Context, sr *series) (first, last int64, ok bool, err error) {
	for which, n := range map[string]*int64{"first": &first, "last": &last} {
		err = f.ask(ctx, "hours", 0, 1<<33, only(sr.key)+` and r._field == "body" and r._value != ""`, " |> "+which+"()", func(r *query.FluxRecord) error {
			*n, ok = hourOf(r.Time()), true
			return nil
		})
		if err != nil {
			return 0, 0, false, err
		}
	}
	return first, last, ok, nil
}

func (f *influx) hours(ctx context.Context, sr *series, from, to int64, each func(int64, []byte) error) error {
	return f.bodies(ctx, "hours", only(sr.key), from*3600, to*3600, func(r *query.FluxRecord, body []byte) error {
		return each(hourOf(r.Time()), body)
	})
}

// manyKeys is how many series are named in a query; of more all are read, and those asked for are taken.
const manyKeys = 50

func (f *influx) days(ctx context.Context, keys []models.SeriesKey, from, to int64, each func(models.SeriesKey, int64, []byte) error) error {
	if len(keys) == 0 {
		return nil
	}
	asked := make(map[models.SeriesKey]bool, len(keys))
	var named []string
	for _, key := range keys {
		asked[key] = true
		named = append(named, "("+only(key)+")")
	}
	where := "true"
	if len(keys) <= manyKeys {
		where = "(" + strings.Join(named, " or ") + ")"
	}
	return f.bodies(ctx, "days", where, from*86400, to*86400, func(r *query.FluxRecord, body []byte) error {
		if key := keyOf(r); asked[key] {
			return each(key, floorDiv(r.Time().Unix(), 86400), body)
		}
		return nil
	})
}

// bodies reads bodies in order of time, series by series; those that were dropped are empty and left out.
func (f *influx) bodies(ctx context.Context, measurement, where string, from, to int64, each func(*query.FluxRecord, []byte) error) error {
	return f.ask(ctx, measurement, from, to, where+` and r._field == "body"`, "", func(r *query.FluxRecord) error {
		text, ok := r.Value().(string)
		if !ok || text == "" {
			return nil
		}
		body, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return fmt.Errorf("%s of %v at %s: %w", measurement, keyOf(r), r.Time(), err)
		}
		return each(r, body)
	})
}
