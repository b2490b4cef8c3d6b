package wire

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/counterwatch/counterwatch/models"
)

// words are the values that an enumerated string of models can have.
var words = map[reflect.Type][]string{
	reflect.TypeFor[models.Quality]():      keys(qualities.to),
	reflect.TypeFor[models.ZoneKind]():     keys(zoneKinds.to),
	reflect.TypeFor[models.Anchor]():       keys(anchors.to),
	reflect.TypeFor[models.CameraState]():  keys(cameraStates.to),
	reflect.TypeFor[models.DecodeMode]():   keys(decodeModes.to),
	reflect.TypeFor[models.Staffing]():     keys(staffings.to),
	reflect.TypeFor[models.Weight]():       keys(weights.to),
	reflect.TypeFor[models.EventKind]():    keys(eventKinds.to),
	reflect.TypeFor[models.SnapshotRole](): keys(snapshotRoles.to),
	reflect.TypeFor[models.Ended]():        keys(visitEnds.to),
}

func keys[S ~string, P any](m map[S]P) []string {
	out := []string{""}
	for k := range m {
		out = append(out, string(k))
	}
	return out
}

// anything is a generator of any value of a type of models: every field is filled, so that a field which the wire forgets
// fails the round trip.
func anything[T any]() *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T {
		var v T
		fill(t, reflect.ValueOf(&v).Elem(), "v")
		return v
	})
}

var oneOf = reflect.TypeFor[models.Record]() // exactly one of its pointers is set

func fill(t *rapid.T, v reflect.Value, name string) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		if rapid.Bool().Draw(t, name+".set") {
			ns := rapid.Int64Range(0, 4e18).Draw(t, name)
			v.Set(reflect.ValueOf(time.Unix(0, ns).UTC()))
		}
		return
	case words[v.Type()] != nil:
		v.SetString(rapid.SampledFrom(words[v.Type()]).Draw(t, name))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.StringMatching(`[a-z0-9][a-z0-9_-]{0,8}|`).Draw(t, name))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(rapid.Int32().Draw(t, name)))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, name))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Byte().Draw(t, name)))
	case reflect.Float64:
		v.SetFloat(rapid.Float64Range(-1e12, 1e12).Draw(t, name) + 0) // + 0: no negative zero
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), fmt.Sprint(name, i))
		}
	case reflect.Slice:
		if n := rapid.IntRange(0, 3).Draw(t, name+".len"); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i), fmt.Sprint(name, i))
			}
		}
	case reflect.Map:
		if n := rapid.IntRange(0, 3).Draw(t, name+".len"); n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n {
				k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				fill(t, k, name+".key")
				fill(t, e, name+".value")
				v.SetMapIndex(k, e)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), name)
	case reflect.Struct:
		fillStruct(t, v, name)
	default:
		panic("no generator for " + v.Type().String())
	}
}

func fillStruct(t *rapid.T, v reflect.Value, name string) {
	chosen := rapid.IntRange(0, 2).Draw(t, name+".fact")
	pointers := 0
	for i := range v.NumField() {
		if v.Type() == oneOf && v.Field(i).Kind() == reflect.Pointer {
			pointers++
			if pointers-1 != chosen {
				continue
			}
		}
		fill(t, v.Field(i), name+"."+v.Type().Field(i).Name)
	}
	if s, ok := v.Addr().Interface().(*models.Stream); ok && !s.SkewKnown {
		s.Skew = 0 // what is not known has no figure
	}
}

func roundTrip[T any](t *testing.T, name string, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	t.Run(name, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			want := anything[T]().Draw(t, "v")
			b, err := encode(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("got  %#v\nwant %#v", got, want)
			}
		})
	})
}

func TestRoundTrip(t *testing.T) {
	roundTrip(t, "record", EncodeRecord, DecodeRecord)
	roundTrip(t, "beat", EncodeBeat, DecodeBeat)
	roundTrip(t, "still", EncodeStill, DecodeStill)
	roundTrip(t, "trial", EncodeTrial, DecodeTrial)
	roundTrip(t, "order", EncodeOrder, DecodeOrder)
	roundTrip(t, "config", EncodeNodeConfig, DecodeNodeConfig)
	roundTrip(t, "unit", func(u models.Unit) ([]byte, error) { return encode(ToUnit(u)) }, func(b []byte) (models.Unit, error) {
		p := ToUnit(models.Unit{})
		err := decode("unit", b, p)
		return FromUnit(p), err
	})
	t.Run("batch", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			want := rapid.SliceOfN(anything[models.Record](), 0, 5).Draw(t, "batch")
			b, err := EncodeBatch(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := DecodeBatch(b)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%v: got %#v\nwant %#v", err, got, want)
			}
		})
	})
}

func TestEstimateHasNoFigureWhenUnknown(t *testing.T) {
	nan := func() float64 { z := 0.0; return z / z }()
	for name, e := range map[string]models.Estimate{
		"not a number": {Value: nan, Low: nan, High: nan, Quality: models.Measured},
		"unknown":      {Quality: models.Unknown},
		"insufficient": {Quality: models.Insufficient, N: 2},
	} {
		if p := ToEstimate(e); p.Value != nil || p.Low != nil || p.High != nil {
			t.Errorf("%s: %v", name, p)
		}
	}
	if p := ToEstimate(models.Estimate{Quality: models.Measured}); p.Value == nil {
		t.Error("a measured 0 is a figure")
	}
}

func TestDecodeRefuses(t *testing.T) {
	empty, _ := EncodeRecord(models.Record{ID: "x"})
	inf, _ := EncodeRecord(models.MinuteRecord("n", models.Minute{WaitsS: []float64{1 / func() float64 { return 0 }()}}))
	for name, b := range map[string][]byte{"garbage": {0xff, 0xff}, "no fact": empty, "infinite": inf} {
		if _, err := DecodeRecord(b); models.KindOf(err) != models.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecode feeds bytes that nobody encoded: an error or a value that encodes again, never a panic.
func FuzzDecode(f *testing.F) {
	b, _ := EncodeBatch([]models.Record{models.MinuteRecord("n", models.Minute{Camera: "c", Zone: "q"})})
	f.Add(b)
	b, _ = EncodeBeat(models.Beat{Node: "n", Cameras: []models.Live{{Camera: "c"}}})
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if rs, err := DecodeBatch(b); err == nil {
			if _, err := EncodeBatch(rs); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := DecodeBeat(b); err == nil {
			if _, err := EncodeBeat(v); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := DecodeNodeConfig(b); err == nil {
			if _, err := EncodeNodeConfig(v); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := DecodeOrder(b); err == nil {
			if _, err := EncodeOrder(v); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := DecodeTrial(b); err == nil {
			if _, err := EncodeTrial(v); err != nil {
				t.Fatal(err)
			}
		}
		if v, err := DecodeStill(b); err == nil {
			if _, err := EncodeStill(v); err != nil {
				t.Fatal(err)
			}
		}
	})
}
