// Package track keeps people: it turns the detections of each frame into tracks with ids that last through misses and
// occlusions. On the road it stands between detect and zone.
//
// In: the capture time of a frame, the picture's size, and its detections. Out: one models.Track per confirmed person
// still remembered. It looks at boxes and scores only, never at pixels: nobody is recognised. Update is synchronous and
// pure: no clock, no goroutine, no log. Times are seconds and distances are box heights, so that nothing depends on the
// frame rate or the resolution. It imports models only; internal/mot borrows its Assigner.
package track
