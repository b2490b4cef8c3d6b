package models

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPolygonContains(t *testing.T) {
	l := Polygon{{0, 0}, {1, 0}, {1, 0.5}, {0.5, 0.5}, {0.5, 1}, {0, 1}}
	for _, c := range []struct {
		p    Point
		want bool
	}{{Point{0.2, 0.2}, true}, {Point{0.9, 0.4}, true}, {Point{0.4, 0.9}, true}, {Point{0.8, 0.8}, false}, {Point{-0.1, 0.2}, false}} {
		if got := l.Contains(c.p); got != c.want {
			t.Errorf("Contains(%v) = %v", c.p, got)
		}
	}
	if a := l.Area(); math.Abs(a-0.75) > 1e-12 {
		t.Errorf("area %g", a)
	}
	if l.SelfIntersects() || !(Polygon{{0, 0}, {1, 1}, {1, 0}, {0, 1}}).SelfIntersects() {
		t.Error("SelfIntersects is wrong")
	}
}

func TestBoxIoU(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		box := func(name string) Box {
			return Box{rapid.Float64Range(0, 100).Draw(t, name+"x"), rapid.Float64Range(0, 100).Draw(t, name+"y"),
				rapid.Float64Range(1, 50).Draw(t, name+"w"), rapid.Float64Range(1, 50).Draw(t, name+"h")}
		}
		a, b := box("a"), box("b")
		v := a.IoU(b)
		if v < 0 || v > 1+1e-9 || math.Abs(v-b.IoU(a)) > 1e-9 || math.Abs(a.IoU(a)-1) > 1e-9 {
			t.Fatalf("IoU %g", v)
		}
	})
}

func TestHistogramMergesAndKeepsQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 20000), 1, 300).Draw(t, "values")
		var whole, a, b Histogram
		for i, v := range values {
			whole.Add(v)
			if i%2 == 0 {
				a.Add(v)
			} else {
				b.Add(v)
			}
		}
		a.Merge(b)
		if fmt.Sprint(a.Counts) != fmt.Sprint(whole.Counts) || a.N != whole.N || math.Abs(a.Sum-whole.Sum) > 1e-6*whole.Sum+1e-9 {
			t.Fatal("merging two halves is not the whole")
		}
		slices.Sort(values)
		for _, q := range []float64{0.5, 0.9} {
			exact := values[int(math.Ceil(q*float64(len(values))))-1]
			if got := whole.Quantile(q); math.Abs(got-exact) > math.Max(1, 0.05*exact) {
				t.Fatalf("quantile %g: %g, exact %g", q, got, exact)
			}
		}
	})
	if !math.IsNaN((&Histogram{}).Quantile(0.5)) {
		t.Error("an empty histogram has no median")
	}
}

func TestSecretURLHidesItself(t *testing.T) {
	u := SecretURL("rtsp://admin:hunter2@10.0.0.5/stream?token=hunter2")
	j, err := json.Marshal(map[string]any{"url": u})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{u.String(), fmt.Sprint(u), fmt.Sprintf("%#v %+v %q", u, u, u), string(j), u.LogValue().String(),
		SecretURL("rtsp://a:hunter2@h:bad port/").String(), SecretURL("admin:hunter2@10.0.0.5").String(), SecretURL("hunter2").String(),
		SecretURL("rtsp://10.0.0.5/user=admin_password=hunter2_channel=1.sdp").String(), SecretURL("rtsp://10.0.0.5/x#hunter2").String()} {
		if strings.Contains(s, "hunter2") || strings.Contains(s, "admin") {
			t.Errorf("%s shows a secret", s)
		}
	}
	if !strings.Contains(u.Reveal(), "hunter2") {
		t.Error("Reveal hides")
	}
}

func TestRecordIDTellsPartsApart(t *testing.T) {
	if RecordID("ab", "c") == RecordID("a", "bc") {
		t.Error("parts run together")
	}
	at := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	if RecordID(at) != RecordID(at.In(time.FixedZone("x", 7*3600))) {
		t.Error("the same instant in another zone has another id")
	}
}

func TestErrorKinds(t *testing.T) {
	cause := fmt.Errorf("cause")
	err := fmt.Errorf("outer: %w", Errorf(KindUnavailable, "the centre does not answer: %w", cause))
	if KindOf(err) != KindUnavailable || err.Error() != "outer: the centre does not answer: cause" {
		t.Errorf("%s: %v", KindOf(err), err)
	}
	if KindOf(cause) != KindInternal {
		t.Error("an error without kind is internal")
	}
}
