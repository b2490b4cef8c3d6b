// Package nets holds the cards of the detection networks that Counterwatch can run, and the folder where their weights
// are kept. A card names its files, where they are published, their licence, their exact sizes and SHA-256, and how the
// network is fed and read. Weights are never part of the program: an operator pulls or imports them (cwctl nets), and every
// load checks the hashes, so that altered weights are refused. It imports models; analytics/native and cmd may import it.
package nets

import (
	"strings"

	"github.com/counterwatch/counterwatch/models"
)

// Decoding says how a network's output becomes boxes, and with it which files it is made of.
type Decoding string

// The decodings; analytics/detect does them.
const (
	YOLOX  Decoding = "yolox"  // raw YOLOX head; one ONNX file
	Region Decoding = "region" // region layers of Darknet; a .cfg file, then a .weights file
)

// File is one file of a card.
type File struct {
	Name   string // in the nets folder
	URL    string
	Bytes  int64  // exact; nothing longer is ever fetched
	SHA256 string // lower-case hex
}

// Card describes one network.
type Card struct {
	Name       string // what a camera's detector.net says
	Files      []File // in the order in which Load returns them; the weights proper are the last
	Licence    string // SPDX, or in words
	Source     string // who published it, for people
	Decoding   Decoding
	Input      models.Size // fed with about as many pixels, in the picture's own shape unless Fixed
	Fixed      bool        // the input cannot take another shape
	RGB        bool        // wants red first
	Scale      float32     // of values 0..255; 0 leaves them so
	Classes    int
	Person     int     // class of people
	MaxIoU     float64 // overlap from which two boxes are one person; 0 is YOLOX's .65
	Thresholds models.Thresholds
}

// Default is the card that a camera gets when it names none.
const Default = "yolox_nano"

// cards are the networks known, the default first. Thresholds were chosen on PETS09-S2L1 frames 1-300.
var cards = []Card{
	{
		Name: "yolox_nano",
		Files: []File{{Name: "yolox_nano.onnx",
			URL: "https://raw.githubusercontent.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample/" +
				"3d4f1119d0694200671c08069ecb847aa0d8495a/model/yolox_nano.onnx",
			Bytes: 3660092, SHA256: "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14"}},
		Licence: "Apache-2.0", Source: "YOLOX (Megvii), exported by Kazuhito00/YOLOX-ONNX-TFLite-Sample",
		Decoding: YOLOX, Input: models.Size{W: 416, H: 416}, Classes: 80,
		Thresholds: models.Thresholds{Low: .2, High: .3, Birth: .75, Immediate: .8},
	},
	{
		Name: "yolox_s",
		Files: []File{{Name: "object_detection_yolox_2022nov.onnx",
			URL: "https://media.githubusercontent.com/media/opencv/opencv_zoo/966be4cb6eefc2a4f586ed0581bf4bbaa2533070/" +
				"models/object_detection_yolox/object_detection_yolox_2022nov.onnx",
			Bytes: 35858002, SHA256: "c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063"}},
		Licence: "Apache-2.0", Source: "YOLOX (Megvii), exported by opencv/opencv_zoo",
		Decoding: YOLOX, Input: models.Size{W: 640, H: 640}, RGB: true, Classes: 80,
		Thresholds: models.Thresholds{Low: .2, High: .3, Birth: .75, Immediate: .8},
	},
	{
		// Half the cost of yolox_nano on OpenCV, 1.6 times its cost on ONNX Runtime, which cannot run this one. Published for
		// 320x320, where people in a wide view are too small; the layers take any multiple of 32.
		Name: "yolo_fastest",
		Files: []File{
			{Name: "yolo-fastest-1.1_body.cfg", URL: yoloFastest + "yolo-fastest-1.1_body.cfg",
				Bytes: 9679, SHA256: "045b8e276ebe3924474da8c866b7e709159ea067137b5d66bf9dd560411b2c1a"},
			{Name: "yolo-fastest-1.1_body.weights", URL: yoloFastest + "yolo-fastest-1.1_body.weights",
				Bytes: 1177604, SHA256: "5bbb6d878f6e2eb3deee39e91dc6f9b39700e99ec83fa94d258670a554949728"},
		},
		Licence: "public-domain style (YOLO License); training data not stated", Source: "Yolo-Fastest 1.1 body (dog-qiuqiu/Yolo-Fastest)",
		Decoding: Region, Input: models.Size{W: 640, H: 480}, RGB: true, Scale: 1. / 255, Classes: 1, MaxIoU: .45, // as in Darknet
		Thresholds: models.Thresholds{Low: .4, High: .5, Birth: .9, Immediate: .97},
	},
}

const yoloFastest = "https://raw.githubusercontent.com/dog-qiuqiu/Yolo-Fastest/9c62b1c50e024fb73d29a651133b1d63548e63a1/ModelZoo/yolo-fastest-1.1_body/"

// Bytes is the size of all files of the card.
func (c Card) Bytes() (n int64) {
	for _, f := range c.Files {
		n += f.Bytes
	}
	return n
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
