// Package nets holds the cards of the detection networks that Counterwatch can run, and the folder where their weights
// are kept. A card names a file, where it is published, its licence, its exact size and SHA-256, and how it is fed and
// read. Weights are never part of the program: an operator pulls or imports them (cwctl nets), and every load checks the
// hash, so that altered weights are refused. It imports models; analytics/native and cmd may import it.
package nets

import (
	"strings"

	"github.com/counterwatch/counterwatch/models"
)

// Decoding says how a network's output becomes boxes.
type Decoding string

// YOLOX is the raw YOLOX head; analytics/detect decodes it.
const YOLOX Decoding = "yolox"

// Card describes one network.
type Card struct {
	Name       string // what a camera's detector.net says
	File       string // its name in the nets folder
	URL        string
	Bytes      int64  // exact; nothing longer is ever fetched
	SHA256     string // lower-case hex
	Licence    string // SPDX
	Source     string // who published it, for people
	Decoding   Decoding
	Input      models.Size // as published
	Fixed      bool        // the input cannot take another shape
	RGB        bool        // wants red first
	Classes    int
	Person     int // class of people
	Thresholds models.Thresholds
}

// Default is the card that a camera gets when it names none.
const Default = "yolox_nano"

// cards are the networks known, the default first. Thresholds were chosen on PETS09-S2L1 frames 1-300.
var cards = []Card{
	{
		Name: "yolox_nano", File: "yolox_nano.onnx",
		URL: "https://raw.githubusercontent.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample/" +
			"3d4f1119d0694200671c08069ecb847aa0d8495a/model/yolox_nano.onnx",
		Bytes: 3660092, SHA256: "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
		Licence: "Apache-2.0", Source: "YOLOX (Megvii), exported by Kazuhito00/YOLOX-ONNX-TFLite-Sample",
		Decoding: YOLOX, Input: models.Size{W: 416, H: 416}, Classes: 80,
		Thresholds: models.Thresholds{Low: .2, High: .3, Birth: .75, Immediate: .8},
	},
	{
		Name: "yolox_s", File: "object_detection_yolox_2022nov.onnx",
		URL: "https://media.githubusercontent.com/media/opencv/opencv_zoo/966be4cb6eefc2a4f586ed0581bf4bbaa2533070/" +
			"models/object_detection_yolox/object_detection_yolox_2022nov.onnx",
		Bytes: 35858002, SHA256: "c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
		Licence: "Apache-2.0", Source: "YOLOX (Megvii), exported by opencv/opencv_zoo",
		Decoding: YOLOX, Input: models.Size{W: 640, H: 640}, RGB: true, Classes: 80,
		Thresholds: models.Thresholds{Low: .2, High: .3, Birth: .75, Immediate: .8},
	},
}

// Cards returns all cards, the default first.
func Cards() []Card { return append([]Card(nil), cards...) }

// Find returns the card of a name, or a models.KindNotFound error that lists the names there are.
func Find(name string) (Card, error) {
	var names []string
	for _, c := range cards {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return Card{}, models.Errorf(models.KindNotFound, "there is no network %q: choose one of %s", name, strings.Join(names, ", "))
}

// WithThreshold returns the card's thresholds moved for a camera whose detector.threshold is t: on the log-odds scale all
// four move together, t = 0.5 leaving them as they are. 0 is the card's own.
func WithThreshold(own models.Thresholds, t float64) models.Thresholds {
	if t <= 0 || t >= 1 {
		return own
	}
	move := func(p float64) float64 {
		odds := p / (1 - p) * t / (1 - t)
		return odds / (1 + odds)
	}
	return models.Thresholds{Low: move(own.Low), High: move(own.High), Birth: move(own.Birth), Immediate: move(own.Immediate)}
}
