package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// decoding decodes the same files with the node's decoder and with ffmpeg, in turns.
func (b *bench) decoding(ctx context.Context) (out []figure, err error) {
	ours, err := b.build(ctx, "decode")
	if err != nil {
		return nil, err
	}
	for _, s := range []scene{noisy(720, 576, 1000, time.Minute), noisy(1920, 1080, 4000, 20*time.Second)} {
		file, err := s.file(ctx)
		if err != nil {
			return nil, err
		}
		raw := filepath.Join(b.dir, filepath.Base(file)+".h264")
		if _, err := seconds(ctx, "ffmpeg", "-nostdin", "-v", "error", "-y", "-i", file, "-c", "copy", "-bsf:v",
			"h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264", raw); err != nil {
			return nil, err
		}
		pictures := int(s.length.Seconds() * s.office.FPS)
		all, one := strconv.Itoa(pictures), "1"
		node := func(every string) [2][]string { return [2][]string{{ours, raw, every, all}, {ours, raw, every, one}} }
		other := func(more ...string) [2][]string {
			args := []string{"ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", "-i", file, "-frames:v"}
			return [2][]string{append(append(args[:len(args):len(args)], all), more...),
				append(append(args[:len(args):len(args)], one), more...)}
		}
		ways := [][2][]string{node("1"), other("-f", "rawvideo", "/dev/null"), node("7"), other("-f", "null", "-")}
		const rounds = 3
		costs := make([][]float64, len(ways))
		for range rounds {
			for i, w := range ways {
				long, err := seconds(ctx, w[0][0], w[0][1:]...)
				if err != nil {
					return nil, err
				}
				short, err := seconds(ctx, w[1][0], w[1][1:]...) // what starting costs
				if err != nil {
					return nil, err
				}
				costs[i] = append(costs[i], long-short)
			}
		}
		size := fmt.Sprintf("full decode %dx%d, ", s.office.Size.W, s.office.Size.H)
		each := func(i int) float64 { return 1000 * median(costs[i]) / float64(pictures) }
		out = append(out,
			atMost(size+"all pictures taken, CPU against ffmpeg -f rawvideo", each(0)/each(1), "x", 1.05),
			atMost(size+"two a second taken as a node does, CPU against ffmpeg -f null", each(2)/each(3), "x", 1.05),
			plain(size+"all pictures taken, CPU against ffmpeg -f null", each(0)/each(3), "x"),
			plain(size+"CPU a picture, all taken", each(0), "ms"), plain(size+"CPU a picture, two a second taken", each(2), "ms"),
			plain(size+"CPU a picture, ffmpeg -f rawvideo", each(1), "ms"), plain(size+"CPU a picture, ffmpeg -f null", each(3), "ms"))
	}
	return out, nil
}

// seconds runs a program and returns the processor time it took (getrusage).
func seconds(ctx context.Context, program string, args ...string) (float64, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w: %s", filepath.Base(program), err, strings.TrimSpace(string(said)))
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), nil
}
