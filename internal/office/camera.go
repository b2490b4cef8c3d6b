package office

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Camera is the configuration that fits the office: zone "q1" where people wait, "s1".. where they are served, "o1"..
// where officers work, and counters "c1".. from left to right. The detector is foreground for drawn people, whom no
// network finds, and a network for people of real pixels.
func (c Config) Camera() models.Camera {
	c = c.withDefaults()
	v, r := newView(c), newRoom(c)
	cam := models.Camera{
		ID: c.Name, Detector: models.DetectorConfig{Kind: "foreground"}, AnalyseFPS: 5,
		Zones: []models.Zone{{
			ID: "q1", Kind: models.ZoneQueue, Anchor: models.AnchorFoot, MinDwell: 3 * time.Second, Polygon: v.zone(r.waiting(v)...),
		}},
	}
	if c.Look == People {
		cam.Detector.Kind = "network"
	}
	for k := range c.Counters {
		cam.Zones = append(cam.Zones, models.Zone{
			ID: fmt.Sprintf("s%d", k+1), Kind: models.ZoneService, Anchor: models.AnchorFoot, MinDwell: 5 * time.Second,
			Polygon: v.zone(v.outline(0, r.service(k)...)...),
		})
	}
	for k := range c.Counters {
		o := r.officer(k)
		middle, _ := v.point(o, 0)
		_, top := v.point(o, 1.85)
		_, bottom := v.point(vec{o.x, r.deskBack}, 0.65)
		half := r.staffHalf() * v.scale(o)
		left, right := middle-half, middle+half
		cam.Zones = append(cam.Zones, models.Zone{
			ID: fmt.Sprintf("o%d", k+1), Kind: models.ZoneStaff, Anchor: models.AnchorCentre,
			Polygon: v.zone(pt{left, top}, pt{right, top}, pt{right, bottom}, pt{left, bottom}),
		})
	}
	for k := range c.Counters {
		n := k + 1
		cam.Counters = append(cam.Counters, models.Counter{
			ID: fmt.Sprintf("c%d", n), Staff: []string{fmt.Sprintf("o%d", n)}, Service: []string{fmt.Sprintf("s%d", n)},
			Queues: []string{"q1"}, RequiredOnDuty: 1, MaxAbsence: c.MaxAbsence, MaxAbsenceWithWaiting: c.MaxAbsenceWithWaiting,
		})
	}
	return cam
}

// zone turns pixels into a polygon of 0..1 coordinates with four decimals, as WriteCamera prints them, so that the
// truth and a reader of the file use the same numbers.
func (v view) zone(ps ...pt) models.Polygon {
	unit := func(x float64, n int) float64 { return math.Round(min(max(x/float64(n), 0), 1)*1e4) / 1e4 }
	out := make(models.Polygon, len(ps))
	for i, p := range ps {
		out[i] = models.Point{X: unit(p.x, v.size.W), Y: unit(p.y, v.size.H)}
	}
	return out
}

func pt2(x, y float64) pt { return pt{x, y} }

// WriteCamera writes a camera as the YAML file that `node analyze` reads.
func WriteCamera(w io.Writer, cam models.Camera) error {
	var b strings.Builder
	fmt.Fprintf(&b, "camera: {id: %s, detector: {kind: %s}, analyse_fps: %g}\nzones:\n", cam.ID, cam.Detector.Kind, cam.AnalyseFPS)
	for _, z := range cam.Zones {
		var poly []string
		for _, p := range z.Polygon {
			poly = append(poly, fmt.Sprintf("[%g,%g]", p.X, p.Y))
		}
		fmt.Fprintf(&b, "  - {id: %s, kind: %s, anchor: %s, polygon: [%s]", z.ID, z.Kind, z.Anchor, strings.Join(poly, ","))
		if z.MinDwell > 0 {
			fmt.Fprintf(&b, ", min_dwell: %s", z.MinDwell)
		}
		b.WriteString("}\n")
	}
	b.WriteString("counters:\n")
	for _, c := range cam.Counters {
		fmt.Fprintf(&b, "  - {id: %s, staff: [%s], service: [%s], queues: [%s], required_on_duty: %d, max_absence: %s, max_absence_with_waiting: %s}\n",
			c.ID, strings.Join(c.Staff, ", "), strings.Join(c.Service, ", "), strings.Join(c.Queues, ", "), c.RequiredOnDuty, c.MaxAbsence, c.MaxAbsenceWithWaiting)
	}
	b.WriteString("calendar: always\n")
	_, err := io.WriteString(w, b.String())
	return err
}
