package mot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/counterwatch/counterwatch/models"
)

// maxFrame bounds frame numbers: 9 days at 12 frames a second. Beyond it a number is a mistake, not a frame.
const maxFrame = 10_000_000

// ReadFile reads a det.txt, gt.txt or result file. Errors are of models.KindInvalid or KindNotFound and name the file,
// the line and what was expected.
func ReadFile(path string) (Rows, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(path, f)
}

func open(path string) (*os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, models.Errorf(models.KindNotFound, "%s: no such file: %w", path, err)
	}
	return f, err
}

// Read reads MOT rows: frame,id,left,top,width,height[,score,...]; further fields are not looked at. Frames may be
// missing and in any order; blank lines, spaces, CRLF and a byte order mark are accepted. A person may be in a frame
// once. name is what errors call the input.
func Read(name string, r io.Reader) (Rows, error) {
	type key struct {
		frame int
		id    int64
	}
	var rows Rows
	seen := map[key]int{}
	err := eachLine(name, r, func(n int, line string) error {
		row, err := parseRow(line)
		if err != nil {
			return err
		}
		if row.ID > 0 {
			k := key{row.Frame, row.ID}
			if first, ok := seen[k]; ok {
				return fmt.Errorf("id %d is in frame %d twice, first on line %d", row.ID, row.Frame, first)
			}
			seen[k] = n
		}
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows.sort()
	return rows, nil
}

// eachLine calls f with the number and the text of every line that is not blank; an error of f gets name and line.
func eachLine(name string, r io.Reader, f func(n int, line string) error) error {
	lines := bufio.NewScanner(r)
	n := 1
	for ; lines.Scan(); n++ {
		text := lines.Bytes()
		if n == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if err := f(n, string(text)); err != nil {
			return models.Errorf(models.KindInvalid, "%s:%d: %w", name, n, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return models.Errorf(models.KindInvalid, "%s:%d: the line is too long for a text file of this format", name, n)
	} else if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

var fieldNames = [...]string{"frame", "id", "left", "top", "width", "height", "score"}

func parseRow(line string) (Row, error) {
	fields := strings.Split(line, ",")
	if len(fields) < 6 {
		return Row{}, fmt.Errorf("%d fields, expected frame,id,left,top,width,height[,score,...] separated by commas", len(fields))
	}
	v := [7]float64{6: 1}
	for i := range min(len(fields), len(v)) {
		s := strings.TrimSpace(fields[i])
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(x) || math.Abs(x) > 1e12 {
			return Row{}, fmt.Errorf("%s (field %d) is %q, expected a number", fieldNames[i], i+1, s)
		}
		if i < 2 && x != math.Trunc(x) {
			return Row{}, fmt.Errorf("%s (field %d) is %q, expected a whole number", fieldNames[i], i+1, s)
		}
		v[i] = x
	}
	row := Row{int(v[0]), int64(v[1]), models.Box{X: v[2], Y: v[3], W: v[4], H: v[5]}, v[6]}
	if row.Frame < 1 || row.Frame > maxFrame {
		return Row{}, fmt.Errorf("frame is %s, expected 1 to %d", strings.TrimSpace(fields[0]), maxFrame)
	}
	if row.Box.W <= 0 || row.Box.H <= 0 {
		return Row{}, fmt.Errorf("width and height are %g and %g, expected more than 0", row.Box.W, row.Box.H)
	}
	return row, nil
}

// Write writes rows as frame,id,left,top,width,height,score,-1,-1,-1.
func Write(w io.Writer, rows Rows) error {
	b := bufio.NewWriter(w)
	for _, r := range rows {
		fmt.Fprintf(b, "%d,%d,%.2f,%.2f,%.2f,%.2f,%.4g,-1,-1,-1\n", r.Frame, r.ID, r.Box.X, r.Box.Y, r.Box.W, r.Box.H, r.Score)
	}
	return b.Flush() // keeps the first error of the writes before it
}

// Info is what a seqinfo.ini says of a sequence.
type Info struct {
	Name      string
	FrameRate float64 // frames a second
	Length    int     // frames; 0 when the file does not say
	Size      models.Size
}

// ReadInfoFile reads a seqinfo.ini; errors as in ReadFile.
func ReadInfoFile(path string) (Info, error) {
	f, err := open(path)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	return ReadInfo(path, f)
}

// ReadInfo reads a seqinfo.ini. frameRate, imWidth and imHeight must be there; unknown keys are not looked at.
func ReadInfo(name string, r io.Reader) (Info, error) {
	var info Info
	size := func(v string) (int, error) { n, err := number(v, 1<<16); return int(n), err }
	err := eachLine(name, r, func(_ int, line string) (err error) {
		if line[0] == '[' || line[0] == ';' || line[0] == '#' {
			return nil
		}
		k, v, ok := strings.Cut(line, "=")
		if !ok {
			return fmt.Errorf("%q, expected key=value", line)
		}
		v = strings.TrimSpace(v)
		switch k = strings.ToLower(strings.TrimSpace(k)); k {
		case "name":
			info.Name = v
		case "framerate":
			info.FrameRate, err = number(v, 1000)
		case "seqlength":
			var n float64
			n, err = number(v, maxFrame)
			info.Length = int(n)
		case "imwidth":
			info.Size.W, err = size(v)
		case "imheight":
			info.Size.H, err = size(v)
		}
		if err != nil {
			return fmt.Errorf("%s is %q, %w", k, v, err)
		}
		return nil
	})
	if err == nil && (info.FrameRate == 0 || info.Size.W == 0 || info.Size.H == 0) {
		err = models.Errorf(models.KindInvalid, "%s: expected frameRate, imWidth and imHeight, one key=value a line", name)
	}
	return info, err
}

func number(v string, most float64) (float64, error) {
	x, err := strconv.ParseFloat(v, 64)
	if err != nil || !(x > 0 && x <= most) {
		return 0, fmt.Errorf("expected a number above 0 and up to %g", most)
	}
	return x, nil
}
