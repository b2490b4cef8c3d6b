// Package track keeps people: it turns the detections of each frame into tracks with ids that last through misses and
// occlusions. On the road it stands between detect and zone.
//
// In: the capture time of a frame, the picture's size, and its detections. Out: one models.Track per confirmed person
// still remembered. It looks at boxes and scores only, never at pixels: nobody is recognised. Update is synchronous and
// pure: no clock, no goroutine, no log. Times are seconds and distances are box heights, so that nothing depends on the
// frame rate or the resolution; below 2 frames a second ids begin to break, counts do not. Tracks begin anew after a
// restart. It imports models only.
//
// One frame: predict every box by a Kalman filter (kalman.go); pair boxes and detections in four stages, sure ones first
// (associate.go, assign.go, direction.go); begin tracks from good detections left over; forget who is gone; publish (tracker.go).
// Who stood still when last seen is taken to stand there still, for half a minute: in a queue people hide each other. Trail looks
// back over gaps, for what is written down (trail.go).
//
// How far to trust the constants. Choosing the best of 22 settings on six sequences (PETS09-S2L1 by three detectors, KITTI-13 and -17,
// ETH-Sunnyday) gained, against the tracker before it, 0.7 points of MOTA and 1.2 of IDF1 on the four others (TUD-Campus, ADL-Rundle-6,
// ETH-Bahnhof, -Pedcross2); chosen on those, 0.2 and 2.2 on the six; each a mean over runs forwards, backwards, thinned out and with
// detections lost. A free search over 42 constants gained 2 to 3 points on the half it saw and lost 2 to 3 on the other: single constants
// are not worth tuning further, and single runs depend on chance by several points.
//
// Colour was tried and left out. Histograms of brightness and hue of the upper and lower body, kept as a running mean and weighed
// in, gained 4.1, 1.3 and 0.7 points of IDF1 on PETS09-S2L1 with the detections of Faster R-CNN, Yolo-Fastest and YOLOX-nano, and 1.0 on
// TUD-Campus: 1.8 on average, 1.0 with the detectors used here, below the 2 points asked for looking at people's clothes.
package track
