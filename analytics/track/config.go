package track

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Thresholds chosen on PETS09-S2L1, ADL-Rundle-6, KITTI-13 and TUD-Campus.
var (
	YOLOXNano   = models.Thresholds{Low: .2, High: .3, Birth: .75, Immediate: .8} // births at .6 let in lasting false tracks
	YOLOFastest = models.Thresholds{Low: .4, High: .5, Birth: .9, Immediate: .97}
	FasterRCNN  = models.Thresholds{Low: .5, High: .9, Birth: .9, Immediate: .97} // det.txt of the SORT paper
)

// Config is what differs between cameras and detectors. The zero value works.
type Config struct {
	// Thresholds are the detector's; zero stands for YOLOXNano.
	models.Thresholds
	// Memory is how long a person is remembered unseen; 0 is 3 s.
	Memory time.Duration
	// StillMemory is the same for a person who stood or sat when last seen: in a queue people hide each other for tens
	// of seconds. 0 is 30 s.
	StillMemory time.Duration
	// Stays are zones where somebody is expected to stay (staff zones): a detection whose anchor lies in one may begin a
	// track from High on. Detectors give seated and half-hidden people low scores.
	Stays []models.Zone
}

func (c Config) orDefault() Config {
	if c.Thresholds == (models.Thresholds{}) {
		c.Thresholds = YOLOXNano
	}
	if c.Memory == 0 {
		c.Memory = 3 * time.Second
	}
	if c.StillMemory == 0 {
		c.StillMemory = 30 * time.Second
	}
	return c
}

// tuning holds the constants of the algorithm in seconds (s), box heights (h), and shares. They were chosen on the eight MOT15
// sequences and three detectors' files, each forwards, backwards, thinned out and with detections dropped; most may change by a
// fifth with an effect below 1 point of IDF1 (see the package comment). still ... sightGap were chosen on a simulated office.
type tuning struct {
	// filter (kalman.go)
	accelX, accelY float64 // white-noise acceleration density, h^2/s^3
	sizeWalk       float64 // random walk of width and height, h^2/s
	speed          float64 // sd of the first velocity, h/s
	centreSD       float64 // of a detection of score 1, h
	sizeSD         float64
	doubt          float64 // both sds grow by 1 + doubt (1 - score)
	cutOff         float64 // a box lower than this share of the person shows the upper part of the body only
	cutDoubt       float64 // and says so much less about the size (variance)
	tire           float64 // out of sight, a velocity wears off with this time constant, s
	// stages (associate.go)
	duplicate float64 // a box that shares more than this of the smaller one with a better one is dropped
	freshFor  float64 // stage 1: confirmed people unseen up to this, s
	freshGIoU float64
	sureGIoU  float64 // the same for those unseen for longer: as sure a pair, if they are where they were
	weakFor   float64 // stage 2: people unseen up to this, s
	weakIoU   float64
	enlarge   float64 // stage 3: boxes grow by this share of their size on each side
	wideIoU   float64
	pairs     float64 // what one pair more is worth; a likeness is at most 1
	foot      float64 // what one h between predicted and detected foot costs
	grow      float64 // what a height e times as large, or small, costs
	turn      float64 // what going on as before gains over turning at a right angle; turning back costs as much
	way       float64 // the direction is that of the last s
	stir      float64 // there is none below so many h
	gate      float64 // nobody is found farther from where they are predicted than so many standard deviations,
	step      float64 // unless it is within so many h
	// life (tracker.go)
	still        float64 // slower than this stands, h/s
	stillFrom    float64 // after this long unseen a person who stood is taken to stand on the spot, s
	sightLeast   float64 // nobody is known to stand who was seen for less, s,
	sightShare   float64 // or for less than this share of the time since first seen,
	sightSure    float64 // unless seen for this long, s
	sightGap     float64 // unseen for longer is not seen in between, s
	tentativeFor float64 // a tentative track unseen longer is forgotten, s
	exit         float64 // who is going out within so many h of the side of the picture that cut the last box has left, h
	outsideFor   float64 // and is remembered so long, s
	showFor      float64 // an unseen person is shown this long, s
	showHidden   float64 // or this long behind a seen one in front,
	hiddenShare  float64 // who covers at least this share of the box,
	showSD       float64 // as long as the place is this well known, h
}

var standard = tuning{
	accelX: .1, accelY: .02, sizeWalk: .01, speed: 2, centreSD: .055, sizeSD: .045, doubt: 4, cutOff: .85, cutDoubt: 2, tire: 4,
	duplicate: .8, freshFor: 1.35, freshGIoU: .145, sureGIoU: .5, weakFor: .4, weakIoU: .5, enlarge: .63, wideIoU: .19,
	pairs: .3, foot: 1, grow: .2, turn: .15, way: .2, stir: .02, gate: 5, step: .4,
	still: .095, stillFrom: .27, sightLeast: .8, sightShare: .4, sightSure: 5, sightGap: 1, tentativeFor: .15, exit: .5, outsideFor: .2,
	showFor: .05, showHidden: .45, hiddenShare: .35, showSD: .18,
}
