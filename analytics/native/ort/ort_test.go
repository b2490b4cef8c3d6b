package ort

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

func TestLibraryThatIsNone(t *testing.T) {
	text := filepath.Join(t.TempDir(), "libonnxruntime.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, library := range map[string]string{"missing": text + "x", "text": text} {
		if _, err := NewEngine(library, model()); models.KindOf(err) != models.KindUnsupported || !strings.Contains(err.Error(), library) ||
			!strings.Contains(err.Error(), "make onnxruntime") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestLibraryNamed(t *testing.T) {
	if got, ok := Library("/opt/lib.so"); got != "/opt/lib.so" || !ok {
		t.Errorf("%q, %v", got, ok)
	}
	t.Chdir(t.TempDir())
	if err := os.MkdirAll(".cache/onnxruntime", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(".cache/onnxruntime/libonnxruntime.so.1", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, ok := Library(""); !ok || got != ".cache/onnxruntime/libonnxruntime.so.1" {
		t.Errorf("%q, %v", got, ok)
	}
}
