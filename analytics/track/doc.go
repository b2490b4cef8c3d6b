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
// (associate.go, assign.go); begin tracks from good detections left over; forget who is gone; publish (tracker.go). Who
// stood still when last seen is taken to stand there still, for half a minute: in a queue people hide each other.
package track
