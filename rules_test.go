// Package counterwatch holds no code: its test keeps the rules of the house (docs/ARCHITECTURE.md).
package counterwatch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/counterwatch/counterwatch/"

// mayImport says, for each room, which other rooms of ours its program files may import. The longest prefix decides; a
// room that is missing here fails the test, so a new room needs a decision.
var mayImport = map[string][]string{
	"models":              {},
	"models/nets":         {"models"},
	"ingest":              {"models", "internal/flood"},
	"outbox":              {"models", "internal/flood", "internal/sqlitefile"},
	"analytics/decode":    {"models"},
	"analytics/detect":    {"models"},
	"analytics/track":     {"models"},
	"analytics/zone":      {"models"},
	"analytics/measure":   {"models", "internal/waits", "analytics/zone"},
	"analytics/rules":     {"models", "analytics/zone", "analytics/measure"},
	"analytics":           {"models", "internal/flood", "internal/waits", "analytics/decode", "analytics/detect", "analytics/track", "analytics/zone", "analytics/measure", "analytics/rules"},
	"analytics/native":    {"models", "models/nets", "analytics/decode", "analytics/detect", "analytics/track"},
	"bus":                 {"models", "internal/wire"},
	"store":               {"models", "internal/waits", "internal/sqlitefile", "internal/seal"},
	"central":             {"models", "internal/waits"},
	"api":                 {"models", "internal/wire", "internal/waits", "api/pb"},
	"api/pb":              {},
	"web":                 {},
	"internal/wire":       {"models", "api/pb"},
	"internal/waits":      {"models"},
	"internal/flood":      {},
	"internal/sandbox":    {"models", "analytics/decode", "internal/flood"},
	"internal/sqlitefile": {},
	"internal/seal":       {"models"},
	"internal/probe":      {"models", "ingest", "analytics/decode"},
	"internal/config":     {"models", "internal/office"},
	"internal/cutout":     {"models", "internal/mot"},
	"internal/office":     {"models", "internal/cutout"},
	"internal/camsim":     {"models", "internal/office", "internal/cutout", "internal/mot"},
	"internal/mot":        {"models", "analytics/track"}, // shares its assignment
	"internal/oplog":      {"models"},
	"internal/pgtest":     {},
	"internal/influxtest": {},
	"internal/nodeapp":    {"*"},
	"internal/centralapp": {"*"},
	"internal/accuracy":   {"*"},
	"internal/flapping":   {"models", "ingest"},
	"internal/bench":      {"*"},
	"cmd":                 {"*"},
}

// eachGoFile calls do for every Go file that people wrote or generated here.
func eachGoFile(t *testing.T, do func(file string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && p != "." || d.Name() == "node_modules" || d.Name() == "bin") {
			return fs.SkipDir
		}
		if strings.HasSuffix(p, ".go") {
			do(filepath.ToSlash(p))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// room is the entry of mayImport that decides for a folder.
func room(dir string) string {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, ok := mayImport[dir]; ok {
			return dir
		}
	}
	return ""
}

func TestImportsFollowTheHouse(t *testing.T) {
	seen := 0
	eachGoFile(t, func(file string) {
		if strings.HasSuffix(file, "_test.go") || path.Dir(file) == "." {
			return
		}
		from := room(path.Dir(file))
		if from == "" {
			t.Errorf("%s: its folder is in no room: add it to mayImport with a reason", file)
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range f.Imports {
			target := strings.Trim(imp.Path.Value, `"`)
			if target == "C" && !strings.HasPrefix(file, "analytics/native/") {
				t.Errorf("%s uses cgo: only analytics/native may", file)
			}
			if target == "gocv.io/x/gocv" && !strings.HasPrefix(file, "analytics/native/") && !strings.HasPrefix(file, "internal/bench/videocapture/") {
				t.Errorf("%s imports gocv: only analytics/native may, and the program that it is compared with", file)
			}
			if !strings.HasPrefix(target, module) {
				continue
			}
			seen++
			target = strings.TrimPrefix(target, module)
			if strings.HasPrefix(target, "cmd/") {
				t.Errorf("%s imports %s: nobody imports cmd", file, target)
			}
			if !allowed(from, target) {
				t.Errorf("%s: %s may not import %s", file, from, target)
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d imports looked at: the walk is broken", seen)
	}
}

func allowed(from, target string) bool {
	to := room(target)
	if to == from { // rooms inside one room
		return true
	}
	for _, a := range mayImport[from] {
		if a == "*" || a == to {
			return true
		}
	}
	return false
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	eachGoFile(t, func(file string) {
		dir := path.Dir(file)
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		generated := strings.HasSuffix(file, ".pb.go") || strings.HasSuffix(file, ".pb.gw.go")
		said[dir] = said[dir] || generated || f.Doc != nil && len(f.Doc.Text()) > 40
	})
	for dir, ok := range said {
		if !ok {
			t.Errorf("package %s has no package comment: say its place on the road, what goes in, what comes out, who may import it", dir)
		}
	}
}

// startsGoroutine finds what starts a goroutine in a program file.
var startsGoroutine = regexp.MustCompile(`(?m)^\s*go (func\b|[a-zA-Z_.]+\()|\.Go\(func`)

// TestWhoStartsGoroutinesLooksForLeaks: the tests of a room that starts goroutines fail when one of them outlives its test.
// Rooms that exist for tests are looked at by those tests, and programs that only measure end with their goroutines.
func TestWhoStartsGoroutinesLooksForLeaks(t *testing.T) {
	starts, looks := map[string]string{}, map[string]bool{}
	eachGoFile(t, func(file string) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch dir := path.Dir(file); {
		case strings.HasSuffix(file, "_test.go"):
			looks[dir] = looks[dir] || strings.Contains(string(text), "goleak.")
		case strings.HasSuffix(dir, "test") || strings.HasPrefix(dir, "internal/bench") || dir == "api/pb":
		case startsGoroutine.Match(text):
			starts[dir] = file
		}
	})
	if len(starts) < 10 {
		t.Errorf("only %d rooms start goroutines: the pattern is broken", len(starts))
	}
	for dir, file := range starts {
		if !looks[dir] {
			t.Errorf("%s starts a goroutine, and no test of %s looks for leaks: add func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }", file, dir)
		}
	}
}

// documentedFile finds paths in backquotes that look like files or folders of this checkout.
var documentedFile = regexp.MustCompile("`((?:cmd|ingest|analytics|api|models|deploy|internal|store|central|outbox|bus|web|docs|scripts)/[A-Za-z0-9_./-]*[A-Za-z0-9_/])`")

func TestDocumentedFilesExist(t *testing.T) {
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	adr, _ := filepath.Glob("docs/adr/*.md")
	seen := 0
	for _, doc := range append(append(docs, adr...), "README.md", "CONTRIBUTING.md") {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range documentedFile.FindAllStringSubmatch(string(text), -1) {
			seen++
			if _, err := os.Stat(m[1]); err != nil && m[1] != "web/dist" {
				t.Errorf("%s names %s, which does not exist", doc, m[1])
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d file names found in the documents: the pattern is broken", seen)
	}
}
