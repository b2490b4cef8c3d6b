package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newRootCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestNetsWithoutWeights(t *testing.T) {
	t.Setenv("COUNTERWATCH_DATA", "")
	dir := t.TempDir()
	out, err := run(t, "nets", "list", "--dir", dir)
	if err != nil || !strings.Contains(out, "missing: cwctl nets pull yolox_nano") {
		t.Errorf("%q, %v", out, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "yolox_nano.onnx"), []byte("altered"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err = run(t, "nets", "list", "--dir", dir); err != nil || !strings.Contains(out, "ALTERED") {
		t.Errorf("%q, %v", out, err)
	}
	for _, c := range []struct {
		says string
		args []string
	}{
		{"yolox_nano, yolox_s", []string{"nets", "pull", "resnet"}},
		{"no file", []string{"nets", "import", filepath.Join(dir, "none")}},
		{"not the weights of any card", []string{"nets", "import", filepath.Join(dir, "yolox_nano.onnx")}},
	} {
		if _, err := run(t, append(c.args, "--dir", dir)...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: error %v, want %q", c.args, err, c.says)
		}
	}
}

func TestNetsImport(t *testing.T) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Skip("COUNTERWATCH_DATA is not set: there are no weights to import")
	}
	t.Setenv("COUNTERWATCH_DATA", "")
	dir := filepath.Join(t.TempDir(), "nets")
	if out, err := run(t, "nets", "import", filepath.Join(data, "nets", "yolox_nano.onnx"), "--dir", dir); err != nil || !strings.Contains(out, "yolox_nano is in") {
		t.Fatalf("%q, %v", out, err)
	}
	if out, err := run(t, "nets", "pull", "yolox_nano", "--dir", dir); err != nil || !strings.Contains(out, "already") {
		t.Errorf("%q, %v", out, err)
	}
}
