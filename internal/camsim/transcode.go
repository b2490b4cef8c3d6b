package camsim

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// videoFile returns an error that tells what to do when there is no file to read a video from.
func videoFile(file string) error {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return models.Errorf(models.KindNotFound, "%s: there is no such file", file)
	case err != nil:
		return err // names the file
	case info.IsDir():
		return models.Errorf(models.KindInvalid, "%s is a folder: name a video file", file)
	case info.Size() == 0:
		return models.Errorf(models.KindInvalid, "%s is empty", file)
	}
	return nil
}

// prepare makes a file servable: as it is where possible, else by way of the cache, whose files are named by the
// content's hash and the settings.
func prepare(ctx context.Context, file string, enc Encoding, cache string, progress func(done, total time.Duration)) (*clip, error) {
	if err := videoFile(file); err != nil {
		return nil, err
	}
	if enc == (Encoding{}) {
		c, err := openClip(file)
		if err == nil {
			return c, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("replay: %w", err)
		}
	}
	path, err := cachePath(file, enc, cache)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	if c, err := openClip(path); err == nil {
		return c, nil
	}
	if err := transcode(ctx, file, path, enc, progress); err != nil {
		return nil, err
	}
	c, err := openClip(path)
	if err != nil {
		return nil, models.Errorf(models.KindUnsupported, "%s cannot be replayed: %w", file, err)
	}
	return c, nil
}

// cachePath names the transcoded form of a file. The leading number changes with the way files are transcoded.
func cachePath(file string, enc Encoding, cache string) (string, error) {
	return cached(cache, ".mp4", fmt.Sprintf("1 %+v", enc), file)
}

// cached names what is made of files, by their content and the way it is made. The cache's folder exists then.
func cached(cache, suffix, way string, files ...string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, way)
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		if f.Close(); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	return filepath.Join(cache, hex.EncodeToString(h.Sum(nil)[:12])+suffix), nil
}

// cacheFolder is folder, or this program's part of the user's cache.
func cacheFolder(folder string) string {
	if folder != "" {
		return folder
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "counterwatch", "camsim")
}

// transcode brings a video into H.264 without B-frames.
func transcode(ctx context.Context, from, to string, enc Encoding, progress func(done, total time.Duration)) error {
	abs, err := filepath.Abs(from) // so that no name looks like an option or a protocol
	if err != nil {
		return err
	}
	v, err := probe(ctx, abs)
	if err != nil {
		return err
	}
	fps := enc.FPS
	if fps == 0 {
		fps = v.fps
	}
	scale := "scale=trunc(iw/2)*2:trunc(ih/2)*2"
	if enc.Size.W > 0 {
		scale = fmt.Sprintf("scale=%d:%d", enc.Size.W, enc.Size.H)
	}
	args := []string{"-i", abs, "-map", "0:v:0", "-vf", scale, "-r", strconv.FormatFloat(fps, 'f', 3, 64), "-progress", "pipe:1"}
	args = append(append(args, enc.h264Args(fps)...), "-preset", "veryfast")
	report := &progressReader{total: v.length, fn: progress}
	if err := intoFile(ctx, to, args, nil, report); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return models.Errorf(models.KindUnsupported, "%s cannot be transcoded: %w", from, err)
	}
	return nil
}

// video is what ffprobe knows of a file.
type video struct {
	size   models.Size
	fps    float64
	length time.Duration // 0 when unknown
}

// probe asks ffprobe about the first video track of a file.
func probe(ctx context.Context, file string) (video, error) {
	out, err := output(ctx, "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height,avg_frame_rate,r_frame_rate:format=duration", "-of", "json", file)
	if models.KindOf(err) == models.KindUnavailable || ctx.Err() != nil {
		return video{}, err
	}
	var p struct {
		Streams []struct {
			Width, Height int
			Average       string `json:"avg_frame_rate"`
			Base          string `json:"r_frame_rate"`
		}
		Format struct{ Duration string }
	}
	if err != nil {
		return video{}, models.Errorf(models.KindUnsupported, "%s is not a video that can be read: %w", file, err)
	}
	if err := json.Unmarshal([]byte(out), &p); err != nil || len(p.Streams) == 0 {
		return video{}, models.Errorf(models.KindUnsupported, "%s holds no pictures", file)
	}
	v := video{size: models.Size{W: p.Streams[0].Width, H: p.Streams[0].Height}, fps: ratio(p.Streams[0].Average)}
	if v.fps == 0 {
		v.fps = ratio(p.Streams[0].Base)
	}
	if v.fps == 0 {
		v.fps = 15
	}
	v.fps = min(max(v.fps, 1), 60)
	if s, err := strconv.ParseFloat(p.Format.Duration, 64); err == nil {
		v.length = time.Duration(s * float64(time.Second))
	}
	return v, nil
}

// ratio reads ffprobe's "30000/1001"; 0 when it says nothing.
func ratio(s string) float64 {
	a, b, _ := strings.Cut(s, "/")
	n, err1 := strconv.ParseFloat(a, 64)
	d, err2 := strconv.ParseFloat(b, 64)
	if err1 != nil || err2 != nil || d <= 0 || n <= 0 {
		return 0
	}
	return n / d
}

// progressReader reads ffmpeg's -progress lines.
type progressReader struct {
	total time.Duration
	fn    func(done, total time.Duration)
}

func (p *progressReader) Write(b []byte) (int, error) {
	if p.fn == nil {
		return len(b), nil
	}
	s := bufio.NewScanner(strings.NewReader(string(b)))
	for s.Scan() {
		if v, ok := strings.CutPrefix(s.Text(), "out_time_us="); ok {
			if us, err := strconv.ParseInt(v, 10, 64); err == nil {
				p.fn(time.Duration(us)*time.Microsecond, p.total)
			}
		}
	}
	return len(b), nil
}
