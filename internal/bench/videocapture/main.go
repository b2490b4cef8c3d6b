// Command videocapture is what people usually write, for `make bench` to compare with: OpenCV's VideoCapture on each address,
// in one process. `videocapture read URL...` only reads pictures; `videocapture loop MODEL URL...` also runs a network of
// OpenCV's DNN module on two pictures a second of each camera. For each line on its standard input it tells its totals (read:
// pictures, loop: pictures that went through the network) as one line of JSON; it ends with its input. Nobody imports it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"gocv.io/x/gocv"

	"github.com/counterwatch/counterwatch/internal/bench/tally"
)

const every = 500 * time.Millisecond // between two pictures of a camera for the network

func main() {
	var look func(gocv.Mat)
	urls := os.Args[2:]
	if os.Args[1] == "loop" {
		net := gocv.ReadNetFromONNX(urls[0])
		if net.Empty() {
			fmt.Fprintln(os.Stderr, "videocapture: cannot read", urls[0])
			os.Exit(1)
		}
		var one sync.Mutex // a net of OpenCV answers one caller at a time, on as many threads as there are cores
		look = func(m gocv.Mat) {
			one.Lock()
			defer one.Unlock()
			blob := gocv.BlobFromImage(m, 1, image.Pt(416, 416), gocv.NewScalar(0, 0, 0, 0), false, false)
			defer blob.Close()
			net.SetInput(blob, "")
			found := net.Forward("")
			found.Close()
		}
		urls = urls[1:]
	}
	var units atomic.Int64
	for _, u := range urls {
		go watch(u, look, &units) // ends with the program: Read cannot be interrupted
	}
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		_ = out.Encode(tally.Tally{Units: units.Load()}) // a reader that has gone does not ask
	}
}

func watch(url string, look func(gocv.Mat), units *atomic.Int64) {
	c, err := gocv.OpenVideoCaptureWithAPI(url, gocv.VideoCaptureFFmpeg)
	if err != nil {
		fmt.Fprintln(os.Stderr, "videocapture:", err)
		os.Exit(1)
	}
	m := gocv.NewMat()
	for due := time.Now(); c.Read(&m); {
		if m.Empty() || look == nil {
			units.Add(1)
			continue
		}
		if now := time.Now(); now.After(due) {
			look(m)
			units.Add(1)
			due = due.Add(every)
			if now.Sub(due) > every { // too slow: what is lost is lost
				due = now.Add(every)
			}
		}
	}
}
