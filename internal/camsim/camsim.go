// Package camsim stands at the start of the road in place of real cameras: an RTSP server whose cameras replay a video
// file or play a simulated office. Files and office.Configs go in; H.264 over RTSP comes out, with RTP timestamps that
// follow the video's own clock without jumps, and sender reports that carry the wall time of each picture. An office
// can also be rendered into a file as fast as it goes.
//
// ffmpeg runs as a child process, without a shell, to encode offices and to bring files into a servable form once.
// Imported by programs under cmd and by tests.
package camsim
