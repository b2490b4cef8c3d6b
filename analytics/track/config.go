package track

import "time"

// Thresholds are the scores of one detector from which a detection may do something. Detectors grade differently, so
// each has its own; 0 everywhere stands for YOLOXNano.
type Thresholds struct {
	Low       float64 // below: not looked at
	High      float64 // from here: may continue any track; between Low and High: only one seen a moment ago
	Birth     float64 // from here: may begin a track, which is believed after its second detection
	Immediate float64 // from here: a track is believed at once
}

// Thresholds of the detectors at hand, chosen on PETS09-S2L1, ADL-Rundle-6, KITTI-13 and TUD-Campus.
var (
	YOLOXNano   = Thresholds{Low: .2, High: .3, Birth: .75, Immediate: .8}
	YOLOFastest = Thresholds{Low: .4, High: .7, Birth: .9, Immediate: .97}
	FasterRCNN  = Thresholds{Low: .5, High: .9, Birth: .8, Immediate: .97} // the SORT paper's det.txt
	// Ungraded is for detectors whose score says little, such as foreground and HOG: every detection may do anything,
	// but a track is believed after its second one.
	Ungraded = Thresholds{Low: 1e-9, High: 1e-9, Birth: 1e-9, Immediate: 2}
)

// Config is what differs between cameras and detectors. The zero value works.
type Config struct {
	Thresholds
	Memory time.Duration // a person unseen this long is forgotten; 0 is 3 s
}

func (c Config) orDefault() Config {
	if c.Thresholds == (Thresholds{}) {
		c.Thresholds = YOLOXNano
	}
	if c.Memory == 0 {
		c.Memory = 3 * time.Second
	}
	return c
}

// tuning holds the constants of the algorithm: seconds, box heights (h), and overlaps.
type tuning struct {
	// filter (kalman.go)
	accelX, accelY float64 // white-noise acceleration density, h^2/s^3
	sizeWalk       float64 // random walk of width and height, h^2/s
	centreSD       float64 // of a detection of score 1, h
	sizeSD         float64
	doubt          float64 // the sds grow by 1 + doubt (1 - score)
	speedX, speedY float64 // sd of the first velocity, h/s
	// stages (associate.go)
	duplicate  float64 // a box that shares more than this of the smaller one with a better one is dropped
	freshFor   float64 // stage 1 takes tracks unseen up to this, s
	freshGIoU  float64
	weakFor    float64 // stage 2
	weakIoU    float64
	enlarge    float64 // stage 3: boxes grow by this share of their size on each side
	wideIoU    float64
	cue        float64 // weight of the direction
	cueOver    float64 // direction is taken over this, s
	cueMoved   float64 // no direction when moved less, h
	replayFrom float64 // a gap longer than this many frame intervals is replayed
	// life (tracker.go)
	tentativeFor float64 // a tentative track unseen longer is forgotten, s
	leavingFor   float64 // one that was leaving the picture
	leavingSide  float64 // leaving: centre predicted this near to the side that its last box touched, h
	leavingFoot  float64 // or foot predicted this far below the picture, h
	showFor      float64 // an unseen track is shown this long, s
	showHidden   float64 // or this long while hidden by a seen one in front
	hiddenShare  float64 // share of the box that must be covered for that
}

var standard = tuning{
	accelX: .1, accelY: .025, sizeWalk: .01, centreSD: .05, sizeSD: .03, doubt: 4, speedX: 2.5, speedY: 1.25,
	duplicate: .8, freshFor: .8, freshGIoU: .15, weakFor: .2, weakIoU: .6, enlarge: .5, wideIoU: .2,
	cue: .4, cueOver: .2, cueMoved: .02, replayFrom: 1.5,
	tentativeFor: .15, leavingFor: .2, leavingSide: .5, leavingFoot: .3,
	showFor: .05, showHidden: .5, hiddenShare: .35,
}
